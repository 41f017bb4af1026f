"""One encoder under the heads of several tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded, MultimodalEncoder
from xstilts.model.heads import LabelHead, SpanHead, make_head


class MultitaskModel(nn.Module):
    """A shared encoder and a head a task; each batch belongs to one task.

    Args:
        encoder: the shared encoder.
        cards: the tasks' cards by name (`kind`, `labels`).
    """

    def __init__(self, encoder: MultimodalEncoder, cards: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.encoder = encoder
        self.cards = cards
        self.heads = nn.ModuleDict({task: make_head(card, encoder.hidden) for task, card in cards.items()})

    def forward(self, batch: Batch) -> Tensor:
        """The loss summed over the batch's examples, float32 scalar."""
        encoded = self.encoder(batch)
        with torch.autocast(encoded.hidden.device.type, enabled=False):
            return self.head(batch.task).loss(encoded, batch)

    def logits(self, batch: Batch) -> Tensor:
        """What the task's head says of a batch (shape: see the head)."""
        encoded = self.encoder(batch)
        with torch.autocast(encoded.hidden.device.type, enabled=False):
            logits: Tensor = self.head(batch.task)(encoded)
        return logits

    def head(self, task: str) -> LabelHead | SpanHead:
        """The head of a task."""
        return self.heads[task]  # type: ignore[return-value]

    @torch.inference_mode()
    def start_answer_rows(self, task: str, token_ids: Sequence[Sequence[int]]) -> None:
        """Start a label head at the encoder's own embeddings of its labels, given as token ids a label."""
        head = self.head(task)
        if not isinstance(head, LabelHead) or not token_ids:
            return
        rows = torch.cat([self._embed(token_ids[i : i + 64]) for i in range(0, len(token_ids), 64)])
        head.start_from(rows)

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
