"""One head a task kind, all with the same two methods: logits, and the loss summed over the batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.errors import ParameterError, did_you_mean
from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded


class LabelHead(nn.Module):
    """Scores labels (answers of a vocabulary, classes of a pair) from the mean hidden state of the text.

    Args:
        hidden: size of the encoder's states.
        labels: number of labels.
    """

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        self.output = nn.Linear(hidden, labels)

    def forward(self, encoded: Encoded) -> Tensor:
        """Logits, float32 `[batch, labels]`."""
        return F.linear(encoded.text_mean(), self.output.weight, self.output.bias)

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy summed over the examples whose answer is in the vocabulary."""
        return F.cross_entropy(self(encoded), batch.label, ignore_index=-1, reduction="sum")

    @torch.no_grad()
    def start_from(self, rows: Tensor) -> None:
        """Start the output rows at embeddings of the labels, `[labels, hidden]`: answers begin in word space."""
        centred = rows - rows.mean(0)
        self.output.weight.copy_(F.normalize(centred, dim=-1))
        self.output.bias.zero_()


class SpanHead(nn.Module):
    """Scores every text token as first and as last token of the answer."""

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        self.output = nn.Linear(hidden, 2)

    def forward(self, encoded: Encoded) -> Tensor:
        """Logits, float32 `[batch, 2, tokens]`; padding and picture tokens cannot be chosen."""
        text = encoded.hidden[:, : encoded.text_tokens].float()
        scores = F.linear(text, self.output.weight, self.output.bias).transpose(1, 2)
        return scores.masked_fill(~encoded.mask[:, None, : encoded.text_tokens], torch.finfo(scores.dtype).min)

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Half the cross-entropies of first and last token, summed over the batch."""
        scores = self(encoded)
        target = torch.stack([batch.start, batch.end], dim=1)
        return F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=-1, reduction="sum") / 2


HEADS: dict[str, type[LabelHead] | type[SpanHead]] = {
    "vqa": LabelHead,
    "classification": LabelHead,
    "span": SpanHead,
}


def make_head(card: dict[str, Any], hidden: int) -> LabelHead | SpanHead:
    """The head for a task, from its card (`kind`, `labels`)."""
    if card["kind"] not in HEADS:
        raise ParameterError(f"no head for task kind '{card['kind']}'.{did_you_mean(card['kind'], HEADS)}")
    return HEADS[card["kind"]](hidden, len(card["labels"]))
