"""A multilingual text encoder that also reads pictures: `[text tokens][visual tokens]` in one sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from xstilts.base.errors import ParameterError
from xstilts.base.files import read_tensors
from xstilts.model.attention import NAME as PADDED
from xstilts.model.batch import Batch
from xstilts.model.packing import NAME as PACKED
from xstilts.model.packing import Packing, can_pack, can_pad, packing_is_faster
from xstilts.model.text_encoder import first_position_of, layers_of, load_text, separator_of
from xstilts.model.visual_prefix import Prefix, make_prefix
from xstilts.model.vocabulary import TrimmedEmbedding, whole_size

GRAPHS = 32  # that torch may compile from one layer's code


@dataclass(frozen=True)
class Encoded:
    """Hidden states of a batch: a row per sequence, `[text][picture][padding]`.

    Attributes:
        hidden: `[sequences, tokens, hidden]`.
        mask: bool `[sequences, tokens]`, true at real tokens.
        of_text: bool `[sequences, text tokens]`, true at real tokens of the text, which come first. Where a row's text
            is shorter than that, the columns behind it hold its picture.
        words: the encoder's input embeddings, `[vocabulary, width]`, for a head that is tied to them; where they are
            trimmed, no head is.
        similarity: float32 `[sequences]`, the logit that text and image, each seen alone, belong together; None where
            it was not asked for.
    """

    hidden: Tensor
    mask: Tensor
    of_text: Tensor
    words: Tensor
    similarity: Tensor | None = None

    @property
    def text_tokens(self) -> int:
        """How many columns hold text: the tokens of the longest."""
        return self.of_text.shape[1]

    def text(self) -> Tensor:
        """States of the columns that hold text: float32 `[sequences, text tokens, hidden]`."""
        return self.hidden[:, : self.text_tokens].float()

    def text_mask(self) -> Tensor:
        """Bool `[sequences, text tokens]`, true at real tokens of the text."""
        return self.of_text

    def moved(self, shift: Tensor, choices: int) -> Encoded:
        """The same with a vector added to the states of each example's text, float32 `[batch, hidden]`."""
        text, width = self.text(), self.of_text.shape[1]
        text = torch.where(self.of_text[..., None], text + shift.repeat_interleave(choices, 0)[:, None], text)
        return replace(self, hidden=torch.cat([text, self.hidden[:, width:].float()], dim=1))

    def text_mean(self, among: Tensor | None = None) -> Tensor:
        """Mean over the real text tokens: float32 `[sequences, hidden]`.

        What the picture shows must reach the answer through the question's tokens. With the picture's own tokens in the
        mean, a model first learns to name what it sees, whatever was asked, and is slow to unlearn that.

        Args:
            among: bool `[sequences, text tokens]`, which of them; None: all.
        """
        weight = (self.text_mask() if among is None else among).unsqueeze(-1).float()
        return (self.text() * weight).sum(1) / weight.sum(1)


class MultimodalEncoder(nn.Module):
    """Any BERT-like encoder with a visual prefix. Without regions it is the text encoder itself.

    Args:
        separator: the token behind which the second text of a pair begins, where the encoder embeds which of the two
            a token is of (see `separator_of`).
    """

    def __init__(self, text: PreTrainedModel, prefix: Prefix, separator: int | None = None) -> None:
        super().__init__()
        self.text = text
        self.prefix = prefix
        self.separator = separator
        self.first_position = first_position_of(text)
        self.packs = False
        self._usual_attention = text.config._attn_implementation
        self._can_pack: bool | None = None  # not yet tried
        # What an earlier phase changed, weights and rows of word embeddings: a checkpoint must hold them.
        self.differing: set[str] = set()
        self.changed_rows = np.zeros(0, np.int64)

    def forward(self, batch: Batch) -> Encoded:
        """Encode a batch. Padding changes nothing: positions count real tokens only."""
        return self._encode(batch, every_layer=False)[-1]

    def all_layers(self, batch: Batch) -> list[Encoded]:
        """Every layer's states of a batch: the embeddings first, then each layer (`layers + 1` entries).

        The last is what `forward` returns.
        """
        return self._encode(batch, every_layer=True)

    def _encode(self, batch: Batch, every_layer: bool) -> list[Encoded]:
        inputs, packing, mask = self._inputs(batch), batch.packing, batch.text_mask
        if packing is None and (self.packs or batch.features.shape[1]):
            packing = Packing.of(batch.mask())
        if packing is None:  # texts alone: their padding is at the end already
            states = self._padded(inputs, mask, every_layer)
        else:
            width = max(packing.longest, mask.shape[1])
            mask, packed = packing.mask(width), {name: packing.packed(one) for name, one in inputs.items()}
            if self.packs:
                states = [packing.padded(one, width) for one in self._packed(packed, packing, every_layer)]
            else:
                rows = {name: packing.padded(one, width) for name, one in packed.items()}
                states = self._padded(rows, mask, every_layer)
        return [Encoded(hidden, mask, batch.text_mask, self.words.weight) for hidden in states]

    def _inputs(self, batch: Batch) -> dict[str, Tensor]:
        """What the encoder reads, by its own names: `[sequences, text and picture tokens, ...]`, padding between."""
        inputs = {"inputs_embeds": self.words(batch.input_ids)}
        if self.separator is not None:
            ends = (batch.input_ids == self.separator).long()
            inputs["token_type_ids"] = (ends.cumsum(1) > ends).long()  # 1 behind the first separator
        if batch.features.shape[1]:
            visual = self.prefix(batch.features, batch.boxes).to(inputs["inputs_embeds"].dtype)
            more = {"inputs_embeds": visual, "token_type_ids": batch.input_ids.new_zeros(visual.shape[:2])}
            inputs = {name: torch.cat([one, more[name]], dim=1) for name, one in inputs.items()}
        return inputs

    def _padded(self, inputs: dict[str, Tensor], mask: Tensor, every_layer: bool) -> list[Tensor]:
        """States `[sequences, tokens, hidden]` of the last layer, or of every one; all padding is at the end."""
        self._check_length(mask.shape[1])
        positions = torch.arange(mask.shape[1], device=mask.device)[None] + self.first_position
        named = {"attention_mask": self._attention_mask(mask), "position_ids": positions}
        return _states(self.text(**inputs, **named, output_hidden_states=every_layer), every_layer)

    def _packed(self, inputs: dict[str, Tensor], packing: Packing, every_layer: bool) -> list[Tensor]:
        """The same states in one row without padding, `[1, tokens, hidden]`."""
        self._check_length(packing.longest)
        positions = packing.positions[None] + self.first_position
        output = self.text(**inputs, position_ids=positions, packing=packing, output_hidden_states=every_layer)
        return _states(output, every_layer)

    def _attention_mask(self, mask: Tensor) -> Tensor:
        """The mask as the encoder takes it: on a GPU in attention's own form, or it would wait for the device."""
        config = self.text.config
        windows = "sliding_attention" in (getattr(config, "layer_types", None) or ())
        ready = mask.is_cuda and config._attn_implementation in ("sdpa", PADDED) and not windows
        return mask[:, None, None] if ready else mask.long()

    def cast_once(self, precision: str) -> None:
        """Keep the weights of linear maps in bf16, where autocast would cast them again for every batch.

        For scoring: the states are the same to the bit, and the float32 weights are gone.
        """
        for module in self.text.modules() if precision == "bf16" else ():
            if isinstance(module, nn.Linear):
                module.to(torch.bfloat16)

    def ready(self, batch: Batch) -> Batch:
        """The batch as it is sent to the encoder's device: pinned for a GPU, and with the places of its tokens.

        Texts alone need these only where they are packed.
        """
        batch = batch.with_packing() if self.packs or batch.features.shape[1] else batch
        return batch.pinned() if self.text.device.type == "cuda" else batch

    def choose_attention(
        self, choice: Literal["auto", "packed", "padded"], precision: str, compiled: bool = False
    ) -> None:
        """Choose whether batches are read packed (`xstilts.model.packing`) or padded (`xstilts.model.attention`).

        Args:
            choice: `auto`: packed where that is faster, which is on a GPU, in bf16 and without dropout in attention.
            precision: bf16 or fp32.
            compiled: whether the layers are to be compiled; padded attention is then the library's own.
        """
        rates = [module.p for module in self.text.modules() if isinstance(module, nn.Dropout)]
        auto = packing_is_faster(self.text.device, precision) and not (self.text.training and any(rates))
        wanted = choice == "packed" or (choice == "auto" and auto)
        if wanted and self._can_pack is None:
            self._can_pack = can_pack(self.text, self.first_position)
        self.packs = wanted and bool(self._can_pack)
        own = PADDED if self._usual_attention == "sdpa" and not compiled else self._usual_attention
        chosen = PACKED if self.packs else own
        if self.text.config._attn_implementation != chosen:
            self.text.set_attn_implementation(chosen)

    def _check_length(self, length: int) -> None:
        longest = self.text.config.max_position_embeddings - self.first_position
        if length > longest:
            todo = "lower encode.max_length in the task's file, or features.limit in stages/defaults.yaml"
            raise ParameterError(f"found {length} tokens of text and picture, expected at most {longest}; {todo}")

    def choose_trained(self, inputs: bool, frozen_layers: int) -> None:
        """Choose what training may change.

        Args:
            inputs: whether the embeddings and the visual prefix are trained: the space that languages and pictures
                share, and from which they drift when only English is trained.
            frozen_layers: how many layers, from the input on, stay as they are.

        Raises:
            ParameterError: the encoder has fewer layers.
        """
        layers = self.layers
        if frozen_layers > len(layers):
            raise ParameterError(f"frozen_layers is {frozen_layers}, but the encoder has {len(layers)} layers")
        self.text.requires_grad_(inputs)
        self.prefix.requires_grad_(inputs)
        for layer in layers:
            layer.requires_grad_(True)
        for layer in layers[:frozen_layers]:
            layer.requires_grad_(False)

    def keep_rows(self, token_ids: np.ndarray) -> None:
        """Keep in memory only the word embeddings of some ids, and those that an earlier phase changed.

        See `xstilts.model.vocabulary`.
        """
        kept = np.union1d(token_ids, self.changed_rows)
        self.text.set_input_embeddings(TrimmedEmbedding(self.words, kept))

    def compile_layers(self) -> None:
        """Let torch compile each layer at its first batch, for batches of any size; names of weights stay.

        A compiled layer is for one thread. The graphs of all layers (frozen or trained, in training or scoring, weights
        in bf16 or float32) count against one limit of torch.
        """
        torch._dynamo.config.recompile_limit = max(GRAPHS, torch._dynamo.config.recompile_limit)
        for layer in layers_of(self.text):
            layer.compile(dynamic=True)

    def set_dropout(self, probability: float) -> None:
        """Set the probability of every dropout in the encoder."""
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = probability

    @property
    def layers(self) -> nn.ModuleList:
        """The layers, in order from the input."""
        return layers_of(self.text)

    @property
    def hidden(self) -> int:
        """Size of the hidden states; that of the word embeddings may differ (`words.embedding_dim`)."""
        return int(self.text.config.hidden_size)

    @property
    def vocabulary(self) -> int:
        """Rows of the public input embeddings."""
        return whole_size(self.words)

    @property
    def words(self) -> nn.Embedding:
        """The input embeddings, whole or trimmed."""
        return self.text.get_input_embeddings()  # type: ignore[return-value]

    @property
    def words_name(self) -> str:
        """The name of the input embeddings' matrix among the encoder's weights."""
        return next(name for name, weight in self.named_parameters() if weight is self.words.weight)


def _states(output: Any, every_layer: bool) -> list[Tensor]:
    """The last layer's states, or those of every layer, the embeddings first."""
    # Some encoders normalise once more behind the last layer, and list its states without that.
    return [*(output.hidden_states[:-1] if every_layer else ()), output.last_hidden_state]


def load_public(public: Path) -> MultimodalEncoder:
    """Load phase 0 from `data/public`: text encoder and aligned visual prefix, in float32.

    Raises:
        DataError: a file is missing or damaged.
        ParameterError: the encoder cannot read batches of texts of different lengths.
    """
    text = load_text(public / "encoder")
    alignment = read_tensors(public / "alignment.safetensors", load_file)
    encoder = MultimodalEncoder(text, make_prefix(alignment), separator_of(public / "encoder", text))
    if not can_pad(text, encoder.first_position):
        found = f"an encoder of type {text.config.model_type}, which reads a text otherwise when padding follows it"
        expected = "one that gives every text the same states in any batch"
        raise ParameterError(f"params.yaml: encoder: found {found}, expected {expected}; choose another")
    return encoder
