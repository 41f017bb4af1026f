"""One encoder under the heads of several tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded, MultimodalEncoder
from xstilts.model.feature_map import apply_map, make_maps
from xstilts.model.head import Head
from xstilts.model.heads import LabelHead, MatchingHead, make_head
from xstilts.model.kept_states import KeptStates
from xstilts.model.layouts import LayoutHead
from xstilts.model.photo_prefix import PhotoPrefix

Over = Literal["examples", "update"]


class Term(Protocol):
    """A loss term beside those of the heads.

    Attributes:
        over: `examples`: an example's summand depends on it alone, so an update may be split into batches, threads'
            parts and processes' shares; `update`: it depends on the update's other examples as well, so every update
            is computed in one piece.
    """

    over: Over

    def __call__(self, model: MultitaskModel, batch: Batch, encoded: Encoded) -> Tensor:
        """The term summed over the batch's examples, float32 scalar.

        It is called under the run's autocast: an encoder of its own computes in the precision of the model's, and a
        matrix product that has to be in float32 must turn autocast off. `model.logits_of` does so for the head's.

        Args:
            batch: as the task's head reads it, with features that a feature map has not yet read.
            encoded: what the model's encoder made of it, with gradient.
        """


class MultitaskModel(nn.Module):
    """A shared encoder and one head per task; each batch belongs to one task.

    A task whose features have another size than the encoder's visual prefix reads has a linear map of its own in front
    of it (`inputs`). Heads and maps belong to their task: a later phase starts without them.

    Args:
        encoder: the shared encoder.
        cards: the tasks' cards by name (`kind`, `labels`, `features`).

    Attributes:
        terms: further terms of the loss, each with its weight.
        kept: where states of texts are remembered, while the encoder does not change; None: they are not.
    """

    def __init__(self, encoder: MultimodalEncoder, cards: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.encoder = encoder
        self.cards = cards
        self.terms: Sequence[tuple[float, Term]] = ()
        self.kept: KeptStates | None = None
        sizes = encoder.hidden, encoder.vocabulary, encoder.words.embedding_dim
        self.heads = nn.ModuleDict({task: make_head(card, *sizes) for task, card in cards.items()})
        self.inputs = make_maps(cards, encoder.prefix)
        for head in self.heads.values() if isinstance(encoder.prefix, PhotoPrefix) else ():
            if isinstance(head, MatchingHead):
                head.start_silent()

    def forward(self, batch: Batch) -> Tensor:
        """The loss summed over the batch's examples, float32 scalar."""
        encoded = self.encode(batch)
        with torch.autocast(encoded.hidden.device.type, enabled=False):
            loss = self.head(batch.task).loss(encoded, batch)
        for weight, term in self.terms:
            loss = loss + weight * term(self, batch, encoded)
        return loss

    def logits(self, batch: Batch) -> Tensor:
        """The scores of the task's head for a batch, float32.

        Returns:
            vqa, classification, matching: `[batch, labels]`; choice: `[batch, choices]`, the least possible number for
            a missing choice; span: `[batch, 2, tokens]`, first and last token, where token 0 means no
            answer; tagging: `[batch, tokens, labels]`; mlm: `[masked tokens, vocabulary]`; layout: log-probabilities
            `[batch, templates + concepts of every column]`.
        """
        return self.logits_of(self.encode(batch), batch)

    def logits_of(self, encoded: Encoded, batch: Batch) -> Tensor:
        """The same for a batch that is encoded already, as a loss term has it; in float32 under any autocast."""
        with torch.autocast(encoded.hidden.device.type, enabled=False):
            logits: Tensor = self.head(batch.task)(encoded, batch)
        return logits

    def encode(self, batch: Batch) -> Encoded:
        """The encoder's states of a batch; the task's own map, if it has one, reads the features first."""
        if self.kept is not None and not batch.features.shape[1]:
            return _moved(self.kept.encode(self.encoder, batch), batch)
        read = apply_map(self.inputs, batch)
        encoded = _moved(self.encoder(read), batch)
        prefix = self.encoder.prefix
        if not isinstance(self.head(batch.task), MatchingHead) or not isinstance(prefix, PhotoPrefix):
            return encoded
        return replace(encoded, similarity=self.similarity(read)) if read.features.shape[1] else encoded

    def similarity(self, batch: Batch) -> Tensor:
        """The logit that each text is said of its image, each seen alone: float32 `[sequences]`; see `PhotoPrefix`.

        Args:
            batch: with pictures, as the visual prefix reads them.
        """
        prefix, alone = self.encoder.prefix, self.encoder(batch.without_pictures()).text_mean()
        assert isinstance(prefix, PhotoPrefix)
        with torch.autocast(alone.device.type, enabled=False):
            return prefix.similarity(alone, batch.features[:, 0])

    def head(self, task: str) -> Head:
        """The head of a task."""
        return self.heads[task]  # type: ignore[return-value]

    @torch.inference_mode()
    def start_answer_rows(self, task: str, token_ids: Sequence[Sequence[int]]) -> None:
        """Start a label head at the encoder's own embeddings of its labels, given as the token ids of each."""
        head = self.head(task)
        if not isinstance(head, LabelHead) or not token_ids:
            return
        rows = torch.cat([self._embed(token_ids[i : i + 64]) for i in range(0, len(token_ids), 64)])
        head.start_from(rows)

    @torch.inference_mode()
    def start_concepts(self, task: str, token_ids: Sequence[Sequence[int]]) -> None:
        """Start a layout head's concepts at the encoder's embeddings of their names: the mean of the name's tokens.

        Args:
            token_ids: of each of `LayoutHead.concepts`, with one special token at either end, which does not count.
        """
        head = self.head(task)
        if not isinstance(head, LayoutHead):
            raise ValueError(f"{task} is no layout task")
        rows = []
        for at in range(0, len(token_ids), 64):
            encoded = self._encode_text(token_ids[at : at + 64])
            inner = encoded.text_mask()
            last = inner.sum(1) - 1
            inner = inner & (torch.arange(inner.shape[1], device=inner.device) < last[:, None])
            inner[:, 0] = False
            # A name may be empty: that of the category which GQA leaves out in `filter: wet`.
            rows.append((encoded.text() * inner[..., None]).sum(1) / (last[:, None] - 1).clamp(min=1))
        head.start_from(torch.cat(rows))

    def _embed(self, token_ids: Sequence[Sequence[int]]) -> Tensor:
        """Mean hidden state of short texts: float32 `[texts, hidden]`."""
        return self._encode_text(token_ids).text_mean()

    def _encode_text(self, token_ids: Sequence[Sequence[int]]) -> Encoded:
        device = self.encoder.text.device
        length, count = max(len(ids) for ids in token_ids), len(token_ids)
        input_ids = torch.zeros(count, length, dtype=torch.long, device=device)
        mask = torch.zeros(count, length, dtype=torch.bool, device=device)
        for row, ids in enumerate(token_ids):
            input_ids[row, : len(ids)] = torch.tensor(ids, device=device)
            mask[row, : len(ids)] = True
        none = torch.zeros(count, 0, device=device)
        missing = torch.full((count,), -1, device=device)
        batch = Batch("", [], input_ids, mask, none[..., None], none[..., None], none.bool(), missing, missing, missing)
        encoded: Encoded = self.encoder(batch)
        return encoded


def _moved(encoded: Encoded, batch: Batch) -> Encoded:
    """The states, moved where the batch says so (`score: {centre: language}`)."""
    return encoded if batch.shift is None else encoded.moved(batch.shift, batch.choices)
