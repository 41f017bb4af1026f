"""Batches without padding: the real tokens of all sequences in one row, and attention that stays within a sequence.

This works for any encoder of transformers whose attention can be replaced (`AttentionInterface`) and gets its keyword
arguments. On a GPU it is flash attention over sequences of different lengths (`torch.nn.attention.varlen`); elsewhere
it is the usual one with a block-diagonal mask, which is right, but not faster than padding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface

VARLEN: Any = None  # attention over sequences of different lengths, where this torch has it with a scale
with suppress(ImportError):
    from torch.nn.attention.varlen import varlen_attn

    VARLEN = varlen_attn if "scale" in signature(varlen_attn).parameters else None

NAME = "xstilts_packed"  # of the attention, in the encoder's configuration
PROBE = (3, 5)  # tokens of the sequences with which an encoder is tried
TOLERANCE = 1e-3  # for states after a layer norm; a sequence that sees another one differs far more


@dataclass(frozen=True)
class Packing:
    """Where a padded batch's real tokens are.

    Attributes:
        places: int64 `[tokens]`, of each in the padded batch, counted row by row.
        positions: int64 `[tokens]`, of each in its own sequence, from 0.
        bounds: int32 `[sequences + 1]`; sequence i has the tokens `bounds[i]:bounds[i + 1]`.
        longest: tokens of the longest sequence.
    """

    places: Tensor
    positions: Tensor
    bounds: Tensor
    longest: int

    @classmethod
    def of(cls, mask: Tensor) -> Packing:
        """The packing of a batch, given its mask, bool `[sequences, tokens]`; on a processor nothing waits for that."""
        lengths = mask.sum(1)
        positions = (mask.long().cumsum(1) - 1)[mask]
        bounds = F.pad(lengths.cumsum(0), (1, 0)).int()
        return cls(torch.nonzero(mask.flatten())[:, 0], positions, bounds, int(lengths.max()))

    def each(self, change: Callable[[Tensor], Tensor]) -> Packing:
        """The same packing, each tensor changed (moved, pinned)."""
        return Packing(change(self.places), change(self.positions), change(self.bounds), self.longest)

    def packed(self, padded: Tensor) -> Tensor:
        """States `[1, tokens, hidden]` of `[sequences, padded tokens, hidden]`."""
        return padded.flatten(0, 1)[self.places][None]

    def padded(self, packed: Tensor, shape: torch.Size) -> Tensor:
        """States `[sequences, padded tokens, hidden]` of `[1, tokens, hidden]`, zeros where there is no token."""
        empty = packed.new_zeros(shape.numel(), packed.shape[-1])
        return empty.index_copy(0, self.places, packed[0]).view(*shape, -1)

    def same_sequence(self) -> Tensor:
        """Whether two tokens are of one sequence: bool `[tokens, tokens]`."""
        number = (self.positions == 0).cumsum(0)
        return number[:, None] == number


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    packing: Packing,
    scaling: float,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention within each sequence of a packed row, as transformers calls it.

    Args:
        query, key, value: `[1, heads, tokens, size]`.

    Returns:
        `[1, tokens, heads, size]`, and no attention weights.

    Raises:
        NotImplementedError: the layer attends to a window only.
    """
    if sliding_window is not None:
        raise NotImplementedError("attention in a sliding window")
    if runs_on_gpu(query, dropout):
        rows = [one[0].transpose(0, 1) for one in (query, key, value)]
        bounds, longest = packing.bounds, packing.longest
        return VARLEN(*rows, bounds, bounds, longest, longest, scale=scaling)[None], None
    mask = packing.same_sequence()
    found = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout, scale=scaling)
    return found.transpose(1, 2), None


def runs_on_gpu(query: Tensor, dropout: float) -> bool:
    """Whether flash attention can be used: half precision on a GPU, no dropout."""
    return VARLEN is not None and query.is_cuda and query.dtype in (torch.bfloat16, torch.float16) and not dropout


AttentionInterface.register(NAME, packed_attention)


def packing_is_faster(device: torch.device, precision: str) -> bool:
    """Whether flash attention over sequences of different lengths runs there: on NVIDIA GPUs since Ampere, in bf16."""
    if device.type != "cuda" or precision != "bf16" or VARLEN is None:
        return False
    return torch.backends.cuda.is_flash_attention_available() and torch.cuda.get_device_capability(device) >= (8, 0)


def can_pack(text: Any, first_position: int) -> bool:
    """Whether an encoder can read packed rows; if not, a message on stderr says so.

    It can if two short sequences have the same states in one row as each alone. The encoder is left unchanged.

    Args:
        text: a `PreTrainedModel`.
        first_position: the position id of a sequence's first token.
    """
    usual, training = text.config._attn_implementation, text.training
    text.eval()
    alone = _probe(text, first_position, together=False)
    try:
        text.set_attn_implementation(NAME)
        able = bool((_probe(text, first_position, together=True) - alone).abs().max() < TOLERANCE)
        if text.device.type == "cuda":  # flash attention needs half precision, and not every head size will do
            with torch.autocast("cuda", torch.bfloat16):
                able &= bool(_probe(text, first_position, together=True).isfinite().all())
    except (NotImplementedError, TypeError, ValueError, KeyError, RuntimeError):
        able = False
    text.train(training)
    text.set_attn_implementation(usual)
    if not able:
        print(f"{text.config.model_type}: its attention cannot be packed, so batches are padded", file=sys.stderr)
    return able


@torch.no_grad()
def _probe(text: Any, first_position: int, together: bool) -> Tensor:
    """States of random sequences, `[tokens, hidden]`: of one packed row, or of each sequence alone."""
    mask = torch.arange(max(PROBE)) < torch.tensor(PROBE)[:, None]
    packing = Packing.of(mask).each(lambda one: one.to(text.device))
    embedded = torch.randn(1, sum(PROBE), text.config.hidden_size, generator=torch.Generator().manual_seed(0))
    embedded, positions = embedded.to(text.device, text.dtype), packing.positions[None] + first_position
    if together:
        found: Tensor = text(inputs_embeds=embedded, position_ids=positions, packing=packing).last_hidden_state[0]
        return found
    pieces = zip(*(torch.split(one, list(PROBE), dim=1) for one in (embedded, positions)), strict=True)
    return torch.cat([text(inputs_embeds=one, position_ids=own).last_hidden_state[0] for one, own in pieces])
