"""What a model eats: one batch of one task, as tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Examples of one task.

    Attributes:
        task: the task's name; it says which head answers.
        ids: the examples' ids, for messages and predictions.
        input_ids: int64 `[batch, tokens]`, padded at the end.
        text_mask: bool `[batch, tokens]`, true at real tokens.
        features: float32 `[batch, regions, dim]`; zero regions in a text batch.
        boxes: float32 `[batch, regions, 7]`.
        region_mask: bool `[batch, regions]`.
        label: int64 `[batch]`; -1 where the answer is outside the vocabulary.
        start, end: int64 `[batch]`, first and last token of the answer span; -1 if there is none.
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

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        moved = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("task", "ids")}
        return replace(self, **{name: tensor.to(device, non_blocking=True) for name, tensor in moved.items()})
