"""What every head is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded


class Head(nn.Module, ABC):
    """What every head is: scores from the encoder's output, and a loss.

    Args:
        hidden: size of the encoder's states.
        outputs: how many scores it gives per state.
        width: size of the encoder's word embeddings, where it is not `hidden`.
    """

    def __init__(self, hidden: int, outputs: int, width: int | None = None) -> None:
        super().__init__()

    @staticmethod
    def outputs(labels: int, vocabulary: int) -> int:
        """How many scores the head gives per state, for a task with so many labels; usually one for each.

        Args:
            vocabulary: rows of the encoder's input embeddings.
        """
        return labels

    @classmethod
    def of_task(cls, card: dict[str, Any], hidden: int, vocabulary: int, width: int | None = None) -> Head:
        """The head for a task, from its card (`kind`, `labels`); arguments as above."""
        return cls(hidden, cls.outputs(len(card["labels"]), vocabulary), width)

    @abstractmethod
    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32; their shape is the head's own."""

    @abstractmethod
    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """The loss summed over the batch's examples, float32 scalar."""
