"""What a model reads: one batch of one task, as tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xstilts.base.cache import TOKENS_OF_CUT_OUT
from xstilts.model.packing import Packing


@dataclass(frozen=True)
class Batch:
    """Examples of one task. A *sequence* is what the encoder reads: an example, or one choice of an example.

    Attributes:
        task: the task's name; it says which head answers.
        ids: the examples' ids, for messages and predictions.
        input_ids: int64 `[sequences, tokens]`, padded at the end; `sequences` is `batch * choices`, the choices of an
            example one after the other.
        text_mask: bool `[sequences, tokens]`, true at real tokens; in place of a missing choice, at the first.
        features: float32 `[sequences, regions, dim]`; zero regions in a text batch.
        boxes: float32 `[sequences, regions, 7]`.
        region_mask: bool `[sequences, regions]`.
        label: int64 `[batch]`; class, answer or choice, -1 where the answer is outside the vocabulary.
        start, end: int64 `[batch]`, first and last token of the answer span; 0 0: no answer, -1: not a span task.
        choices: sequences per example.
        choice_mask: bool `[batch, choices]`, true at the choices that an example has; None: not a choice task.
        labels: int64 `[batch, tokens]`, the tag of a word's first token or the token that was masked there, -1
            elsewhere; None: a task with one label per example.
        targets: int64 `[targets]`, the places in `labels.flatten()` that are not -1: found in advance, since
            on a device the search would make the processor wait. None: they are searched for.
        slots: int64 `[batch, columns]`, what fills the open slots of a layout: its place among the concepts of the
            slot's type, -1 outside the vocabulary, -2 where the layout has no such slot; None: not a layout task.
        parts: of a layout task, how many templates there are, and how many concepts in each column.
        soft: float32 `[batch, answers]`, the score of every answer of the vocabulary; None: `label` alone is right.
        question_mask: bool `[batch, tokens]`, true at the tokens that the answer is read from, where a description
            stands behind the question; None: all text tokens.
        context_mask: bool `[batch, tokens]`, true at the tokens that an answer span may consist of; None: not a span
            task.
        shift: float32 `[batch, hidden]`, what is added to the states of each example's text; None: nothing.
        packing: where the real tokens are, for an encoder that reads them without padding; None: it finds them itself.
        tokens_per_region: picture tokens that a region has.
        rows: int64 `[batch]`, which rows of the cache's split these are.
    """

    task: str
    ids: list[str]
    input_ids: Tensor
    text_mask: Tensor
    features: Tensor
    boxes: Tensor
    region_mask: Tensor
    label: Tensor
    start: Tensor
    end: Tensor
    choices: int = 1
    choice_mask: Tensor | None = None
    labels: Tensor | None = None
    targets: Tensor | None = None
    slots: Tensor | None = None
    parts: tuple[int, ...] = ()
    soft: Tensor | None = None
    question_mask: Tensor | None = None
    context_mask: Tensor | None = None
    shift: Tensor | None = None
    packing: Packing | None = None
    tokens_per_region: int = TOKENS_OF_CUT_OUT
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def mask(self) -> Tensor:
        """Bool `[sequences, text and picture tokens]`, true at real tokens."""
        if not self.features.shape[1]:
            return self.text_mask
        return torch.cat([self.text_mask, self.region_mask.repeat_interleave(self.tokens_per_region, dim=1)], dim=1)

    def without_pictures(self) -> Batch:
        """The same texts alone."""
        pictures = {name: getattr(self, name)[:, :0] for name in ("features", "boxes", "region_mask")}
        return replace(self, packing=None, **pictures)

    def with_packing(self) -> Batch:
        """The same batch with its packing."""
        return replace(self, packing=Packing.of(self.mask()))

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """The same batch in page-locked memory, from which a GPU copies while it computes."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        for name, value in values.items():
            if isinstance(value, Packing):
                values[name] = value.each(change)
            elif isinstance(value, Tensor):
                values[name] = change(value)
        return Batch(**values)
