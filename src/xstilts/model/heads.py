"""One head per task kind, all with the same two methods: logits, and the loss summed over the batch.

An example counts once in a loss, whatever the number of its targets: where it has several (a tag per word, a token per
mask) its loss is their mean. So the tasks of a mixture weigh by their examples, and a batch that is split into parts
has the same loss as the whole.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import covers
from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.head import Head
from xstilts.model.layouts import LayoutHead


class LinearHead(Head):
    """A head that is one linear map, in float32 whatever the encoder computes in."""

    def __init__(self, hidden: int, outputs: int, width: int | None = None) -> None:
        super().__init__(hidden, outputs, width)
        self.output = nn.Linear(hidden, outputs)

    def scores(self, states: Tensor) -> Tensor:
        """Float32 `[..., outputs]` of float32 states `[..., hidden]`."""
        return F.linear(states, self.output.weight, self.output.bias)


class LabelHead(LinearHead):
    """Scores labels (answers of a vocabulary, classes, match or no match) from the mean hidden state of the text.

    Of a question with a description, that is the question alone, as it is of a question with a picture.
    """

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[batch, labels]`."""
        return self.scores(encoded.text_mean(batch.question_mask))

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy of the examples whose answer is in the vocabulary; the others have none.

        Of answers with scores: binary cross-entropy summed over the vocabulary, as is usual for VQAv2 (Teney et al.
        2018, Tips and Tricks for Visual Question Answering, section 3.5).
        """
        if batch.soft is not None:
            return F.binary_cross_entropy_with_logits(self(encoded, batch), batch.soft, reduction="sum")
        return F.cross_entropy(self(encoded, batch), batch.label, ignore_index=-1, reduction="sum")

    @torch.no_grad()
    def start_from(self, rows: Tensor) -> None:
        """Start the output rows at embeddings of the labels, `[labels, hidden]`: answers begin in word space."""
        centred = rows - rows.mean(0)
        self.output.weight.copy_(F.normalize(centred, dim=-1))
        self.output.bias.zero_()

    @torch.no_grad()
    def start_rare(self) -> None:
        """Start with each label as likely as a random one: otherwise half of them would count as right at first.

        The bias is that of Lin et al. 2017, Focal Loss for Dense Object Detection, section 4.1.
        """
        self.output.bias.fill_(-torch.tensor(max(len(self.output.bias) - 1, 1)).log().item())


class MatchingHead(LabelHead):
    """Scores "no match" and "match": from the text that is read with its image, and, where phase 0 aligned the two on
    captions, from how near each other they lie when each is seen alone."""

    @torch.no_grad()
    def start_silent(self) -> None:
        """Start without an opinion on texts that are read with their images: the similarity decides alone."""
        self.output.weight.zero_()
        self.output.bias.zero_()

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[batch, 2]`."""
        logits = super().forward(encoded, batch)
        if encoded.similarity is None:
            return logits
        return logits + torch.stack([-encoded.similarity, encoded.similarity], dim=1) / 2


class ChoiceHead(LinearHead):
    """One score per choice, from the mean hidden state of the text that is read with it."""

    @staticmethod
    def outputs(labels: int, vocabulary: int) -> int:
        """One, for the choice that is read."""
        return 1

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[batch, choices]`; a missing choice cannot be chosen."""
        scores = self.scores(encoded.text_mean()).view(-1, batch.choices)
        return scores if batch.choice_mask is None else _only(scores, batch.choice_mask)

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy over an example's choices."""
        return F.cross_entropy(self(encoded, batch), batch.label, ignore_index=-1, reduction="sum")


class SpanHead(LinearHead):
    """Scores every text token as first and as last token of the answer; token 0 says that there is none."""

    @staticmethod
    def outputs(labels: int, vocabulary: int) -> int:
        """Two, for first and last token."""
        return 2

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[batch, 2, tokens]`; padding and picture tokens cannot be chosen."""
        scores = self.scores(encoded.text()).transpose(1, 2)
        return _only(scores, encoded.text_mask()[:, None])

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Half the cross-entropies of first and last token."""
        target = torch.stack([batch.start, batch.end], dim=1)
        scores = self(encoded, batch).flatten(0, 1)
        return F.cross_entropy(scores, target.flatten(), ignore_index=-1, reduction="sum") / 2


class TagHead(LinearHead):
    """Scores the tags of every text token."""

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[batch, tokens, labels]`; a word's tag is that of its first token."""
        return self.scores(encoded.text())

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy of an example's words: their mean."""
        labels, targets = _token_labels(batch)
        return _mean_per_example(self(encoded, batch).flatten(0, 1)[targets], labels, targets)


class MaskedTokenHead(Head):
    """Scores the vocabulary at masked tokens: a dense layer, GELU, a layer norm, and the input embeddings again.

    The head of Devlin et al. 2019, BERT: the decoder is tied to the input embeddings and has a bias of its own.
    """

    @staticmethod
    def outputs(labels: int, vocabulary: int) -> int:
        """One for each token of the vocabulary."""
        return vocabulary

    def __init__(self, hidden: int, outputs: int, width: int | None = None) -> None:
        super().__init__(hidden, outputs, width)
        width = hidden if width is None else width
        self.dense = nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits, float32 `[masked tokens, vocabulary]`: example by example, each in the order of its tokens."""
        states = encoded.text().flatten(0, 1)[_token_labels(batch)[1]]
        return F.linear(self.norm(F.gelu(self.dense(states))), encoded.words.float(), self.bias)

    def loss(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Cross-entropy of an example's masked tokens: their mean."""
        return _mean_per_example(self(encoded, batch), *_token_labels(batch))


def _token_labels(batch: Batch) -> tuple[Tensor, Tensor]:
    """The labels of a batch's tokens, and which of the tokens are targets."""
    if batch.labels is None:
        raise ValueError(f"a batch of {batch.task} without labels of its tokens")
    if batch.targets is None:
        return batch.labels, (batch.labels.flatten() >= 0).nonzero()[:, 0]
    return batch.labels, batch.targets


def _only(scores: Tensor, allowed: Tensor) -> Tensor:
    """The scores, with the least possible number where they are not allowed."""
    return scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)


def _mean_per_example(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy as a mean over each example's targets, summed over the examples; 0 for one without targets.

    Args:
        logits: `[targets, classes]`, in the order of the targets in `labels`.
        labels: int64 `[batch, tokens]`, -1 where there is no target.
        targets: int64 `[targets]`, where there is one, in `labels.flatten()`.
    """
    losses = F.cross_entropy(logits, labels.flatten()[targets], reduction="none")
    shares = 1 / (labels >= 0).sum(1).clamp(min=1).float()
    return (losses * shares[targets // labels.shape[1]]).sum()


_HEADS: dict[str, type[Head]] = {
    "vqa": LabelHead,
    "layout": LayoutHead,
    "classification": LabelHead,
    "matching": MatchingHead,
    "span": SpanHead,
    "tagging": TagHead,
    "choice": ChoiceHead,
    "mlm": MaskedTokenHead,
}
HEADS = covers(_HEADS, "xstilts.model.heads.HEADS", lambda kind: kind.is_trained)


def make_head(card: dict[str, Any], hidden: int, vocabulary: int, width: int | None = None) -> Head:
    """The head for a task, from its card (`kind`, `labels`).

    Args:
        hidden: size of the encoder's states.
        vocabulary: rows of its input embeddings.
        width: their size, where it is not `hidden`.

    Raises:
        ParameterError: no head answers a task of this kind.
    """
    kind = card["kind"]
    if kind not in HEADS:
        raise ParameterError(f"no head for task kind '{kind}'.{did_you_mean(kind, HEADS)}")
    return HEADS[kind].of_task(card, hidden, vocabulary, width)
