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
from typing import Any, Literal

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
UNABLE = (NotImplementedError, TypeError, ValueError, KeyError, RuntimeError)  # what an encoder raises that cannot
TOLERANCE = 1e-3  # for states after a layer norm; a sequence that sees another one differs far more


@dataclass(frozen=True)
class Packing:
    """Where the real tokens of a batch are, whose texts and pictures both have padding behind them.

    Attributes:
        places: int64 `[tokens]`, of each in the batch, counted row by row.
        owners: int64 `[tokens]`, the sequence of each.
        positions: int64 `[tokens]`, of each in its own sequence, from 0.
        bounds: int32 `[sequences + 1]`; sequence i has the tokens `bounds[i]:bounds[i + 1]`.
        longest: tokens of the longest sequence.
    """

    places: Tensor
    owners: Tensor
    positions: Tensor
    bounds: Tensor
    longest: int

    @classmethod
    def of(cls, mask: Tensor) -> Packing:
        """The packing of a batch, given its mask, bool `[sequences, tokens]`; on a processor nothing waits for that."""
        lengths = mask.sum(1)
        owners, columns = torch.nonzero(mask, as_tuple=True)
        begins = F.pad(lengths.cumsum(0), (1, 0))
        positions = torch.arange(len(owners), device=mask.device) - begins[owners]
        return cls(owners * mask.shape[1] + columns, owners, positions, begins.int(), int(lengths.max()))

    def each(self, change: Callable[[Tensor], Tensor]) -> Packing:
        """The same packing, each tensor changed (moved, pinned)."""
        places, owners, positions, bounds = map(change, (self.places, self.owners, self.positions, self.bounds))
        return Packing(places, owners, positions, bounds, self.longest)

    def packed(self, batch: Tensor) -> Tensor:
        """What belongs to the real tokens, in one row: `[1, tokens, ...]` of `[sequences, padded tokens, ...]`."""
        return batch.flatten(0, 1)[self.places][None]

    def padded(self, packed: Tensor, width: int) -> Tensor:
        """Each sequence in a row of its own: `[sequences, width, ...]` of `[1, tokens, ...]`, padded with zeros.

        All padding is at the end, where it changes no distance between two real tokens.
        """
        shape = (len(self.bounds) - 1, width, *packed.shape[2:])
        empty = packed.new_zeros(shape).flatten(0, 1)
        return empty.index_copy(0, self.owners * width + self.positions, packed[0]).view(shape)

    def mask(self, width: int) -> Tensor:
        """Where rows padded at the end have real tokens: bool `[sequences, width]`."""
        return torch.arange(width, device=self.bounds.device) < self.bounds.diff()[:, None]

    def same_sequence(self) -> Tensor:
        """Whether two tokens are of one sequence: bool `[tokens, tokens]`."""
        return self.owners[:, None] == self.owners


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
    alone = _probe(text, first_position)
    try:
        text.set_attn_implementation(NAME)
        able = bool((_probe(text, first_position, "packed") - alone).abs().max() < TOLERANCE)
        if text.device.type == "cuda":  # flash attention needs half precision, and not every head size will do
            with torch.autocast("cuda", torch.bfloat16):
                able &= bool(_probe(text, first_position, "packed").isfinite().all())
    except UNABLE:
        able = False
    text.train(training)
    text.set_attn_implementation(usual)
    if not able:
        print(f"{text.config.model_type}: its attention cannot be packed, so batches are padded", file=sys.stderr)
    return able


def can_pad(text: Any, first_position: int) -> bool:
    """Whether an encoder, in evaluation, gives a sequence the same states alone and with padding behind it.

    If not, what an example gets would depend on the batch that it is in.
    """
    try:
        found = _probe(text, first_position, "padded") - _probe(text, first_position)
    except UNABLE:
        return False
    return bool(found.abs().max() < TOLERANCE)


@torch.no_grad()
def _probe(text: Any, first_position: int, way: Literal["alone", "padded", "packed"] = "alone") -> Tensor:
    """States of two random sequences, `[tokens, hidden]`, read in one of three ways."""
    packing = Packing.of(torch.arange(max(PROBE)) < torch.tensor(PROBE)[:, None]).each(lambda one: one.to(text.device))
    width = text.get_input_embeddings().embedding_dim  # may differ from that of the states
    embedded = torch.randn(1, sum(PROBE), width, generator=torch.Generator().manual_seed(0))
    embedded, positions = embedded.to(text.device, text.dtype), packing.positions[None] + first_position

    def read(embedded: Tensor, positions: Tensor, **named: Any) -> Tensor:
        found: Tensor = text(inputs_embeds=embedded, position_ids=positions, **named).last_hidden_state
        return found

    if way == "packed":
        return read(embedded, positions, packing=packing)[0]
    if way == "padded":
        rows, mask = packing.padded(embedded, max(PROBE)), packing.mask(max(PROBE))
        return read(rows, positions[:, -max(PROBE) :], attention_mask=mask.long())[mask]
    pieces = zip(*(torch.split(one, list(PROBE), dim=1) for one in (embedded, positions)), strict=True)
    return torch.cat([read(*piece)[0] for piece in pieces])
