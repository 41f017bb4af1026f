"""The head that parses a question: which template, and which concepts fill its open slots.

The template is told from the mean state of the question, a concept from where a query of its slot attends, by cosine
with the encoder's own embedding of the concept's English name. These embeddings are not trained, so that what the
encoder knows of names in other languages still holds for them. Predicting the skeleton first and the slots after it is
the way of Cao & Jiang (Findings of ACL 2023), who follow Chen et al. (Meta Module Network, WACV 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.head import Head
from xstilts.programs.vocabulary import UNUSED, Vocabulary

SCALE, FOCUS = 2.5, 2.0  # logarithms at the start: of what cosines and what the queries' attention are multiplied by


class LayoutHead(Head):
    """Scores templates, and for every column of the vocabulary the concepts of its type.

    Args:
        hidden: size of the encoder's states.
        labels: templates and concepts, see `xstilts.programs.vocabulary`.

    Attributes:
        vocabulary: of the labels.
    """

    def __init__(self, hidden: int, labels: Sequence[str]) -> None:
        super().__init__(hidden, len(labels))
        self.vocabulary = Vocabulary(tuple(labels))
        self.template = nn.Linear(hidden, len(self.vocabulary.templates))
        self.queries = nn.Linear(hidden, len(self.vocabulary.columns), bias=False)
        nn.init.normal_(self.queries.weight, std=0.02)
        self.read = nn.Linear(hidden, hidden)
        nn.init.eye_(self.read.weight)
        nn.init.zeros_(self.read.bias)
        self.names = nn.ParameterDict(self._per_type(lambda count: torch.zeros(count, hidden)))
        self.names.requires_grad_(False)
        self.centres = nn.ParameterDict(self._per_type(lambda count: torch.zeros(hidden)))
        self.scale = nn.Parameter(torch.tensor(SCALE))
        self.focus = nn.Parameter(torch.tensor(FOCUS))

    @classmethod
    def of_task(cls, card: dict[str, Any], hidden: int, vocabulary: int, width: int | None = None) -> LayoutHead:
        """The head for a task, from its card."""
        return cls(hidden, card["labels"])

    def _per_type(self, make: Callable[[int], Tensor]) -> dict[str, nn.Parameter]:
        """One parameter per type of concept, given how many there are."""
        return {kind: nn.Parameter(make(len(values))) for kind, values in self.vocabulary.concepts.items()}

    @property
    def concepts(self) -> list[str]:
        """The English names of all concepts, type by type: what `start_from` takes the embeddings of."""
        return [value for values in self.vocabulary.concepts.values() for value in values]

    @torch.no_grad()
    def start_from(self, rows: Tensor) -> None:
        """Set the concepts' embeddings, float32 `[concepts, hidden]`, in the order of `concepts`."""
        parts = torch.split(rows, [len(values) for values in self.vocabulary.concepts.values()])
        for kind, part in zip(self.vocabulary.concepts, parts, strict=True):
            centre = part.mean(0)
            # A single name would be its own centre, and have no direction.
            self.names[kind].copy_(F.normalize(part - centre if len(part) > 1 else part, dim=-1))
            self.centres[kind].copy_(centre if len(part) > 1 else torch.zeros_like(centre))

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Log-probabilities, float32 `[batch, templates + concepts of every column]`, see `split_layout`."""
        states, mask = encoded.text(), encoded.text_mask()
        templates = self.template(_normal(encoded.text_mean())).log_softmax(-1)
        attention = self.focus.exp() * self.queries(_normal(states)).transpose(1, 2)
        weights = attention.masked_fill(~mask[:, None], torch.finfo(attention.dtype).min).softmax(-1)
        found = weights @ self.read(states)
        columns = [self._concepts(found[:, at], kind) for at, (kind, _) in enumerate(self.vocabulary.columns)]
        return torch.cat([templates, *columns], dim=1)

    def _concepts(self, found: Tensor, kind: str) -> Tensor:
        """Log-probabilities of a type's concepts, `[batch, concepts]`, from what a query read, `[batch, hidden]`."""
        cosines = F.normalize(found - self.centres[kind], dim=-1) @ self.names[kind].T
        scores: Tensor = self.scale.exp() * cosines
        return scores.log_softmax(-1)

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy of the template and of what fills its open slots: an example's is the mean over these."""
        parts, targets = split_layout(self(encoded, batch), batch)
        chosen = zip(parts, targets, strict=True)
        losses = [F.nll_loss(part, target.clamp(min=-1), ignore_index=-1, reduction="none") for part, target in chosen]
        known = torch.stack([target >= 0 for target in targets]).sum(0)
        return (torch.stack(losses).sum(0) / known.clamp(min=1)).sum()


def split_layout(logits: Tensor, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
    """Take a layout head's output apart: first the templates, then each column's concepts, `[batch, ...]` each.

    Returns:
        The parts' log-probabilities, and their targets, int64 `[batch]`, negative where there is none.
    """
    if batch.slots is None:
        raise ValueError(f"a batch of {batch.task} without slots")
    return list(torch.split(logits, list(batch.parts), dim=1)), [batch.label, *batch.slots.unbind(1)]


def layout_accuracy(logits: Tensor, batch: Batch) -> Tensor:
    """1.0 where the best template and the best concepts of all its slots are the gold ones: float32 `[batch]`."""
    parts, targets = split_layout(logits, batch)
    pairs = zip(parts, targets, strict=True)
    return torch.stack([(part.argmax(-1) == target) | (target == UNUSED) for part, target in pairs]).all(0).float()


def _normal(states: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the hidden size: encoders differ in the scale of their states."""
    return F.layer_norm(states, states.shape[-1:])
