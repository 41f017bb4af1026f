"""Losses by hand, kind by kind: an example counts once, whatever the number of its targets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.heads import ChoiceHead, LabelHead, LinearHead, MaskedTokenHead, SpanHead, TagHead

HIDDEN = 3


def batch_of(lengths: Sequence[int], choices: int = 1, **fields: Tensor) -> Batch:
    """A batch of texts of these lengths, one per sequence."""
    mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
    count, none = len(lengths) // choices, torch.zeros(len(lengths), 0)
    missing = {name: torch.full((count,), -1) for name in ("label", "start", "end")}
    texts = {"input_ids": mask.long(), "text_mask": mask, "region_mask": none.bool()}
    pictures = {"features": none[..., None], "boxes": none[..., None]}
    return Batch(task="t", ids=["x"] * count, choices=choices, **{**texts, **pictures, **missing, **fields})  # type: ignore[arg-type]


def encode(batch: Batch, states: Tensor, words: Tensor | None = None) -> Encoded:
    return Encoded(states, batch.text_mask, batch.text_mask, torch.zeros(1, 1) if words is None else words)


def fixed(head: LinearHead, weight: list[list[float]]) -> LinearHead:
    """The head with these weights and no bias."""
    with torch.no_grad():
        head.output.weight.copy_(torch.tensor(weight))
        head.output.bias.zero_()
    return head


def states_of(*rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows)


def test_one_label() -> None:
    """The mean state picks the logits 1, 2, 3; an answer outside the vocabulary costs nothing."""
    head = fixed(LabelHead(HIDDEN, 3), torch.eye(3).tolist())
    states = states_of([[0.0, 2.0, 6.0], [2.0, 2.0, 0.0]], [[9.0, 9.0, 9.0], [0.0, 0.0, 0.0]])
    batch = batch_of([2, 2], label=torch.tensor([1, -1]))
    assert head(encode(batch, states), batch)[0].tolist() == [1.0, 2.0, 3.0]
    expected = -math.log(math.exp(2) / (math.e + math.exp(2) + math.exp(3)))
    assert head.loss(encode(batch, states), batch).item() == pytest.approx(expected)


def test_answers_with_scores() -> None:
    """Binary cross-entropy, summed over the vocabulary and over the examples."""
    head = fixed(LabelHead(HIDDEN, 3), torch.eye(3).tolist())
    logits, soft = [[1.0, 0.0, -2.0], [0.0, 0.0, 3.0]], [[1.0, 0.3, 0.0], [0.0, 0.0, 0.0]]
    batch = batch_of([1, 1], soft=torch.tensor(soft))
    found = head.loss(encode(batch, torch.tensor(logits)[:, None]), batch).item()
    chance = [[1 / (1 + math.exp(-one)) for one in row] for row in logits]
    pairs = [pair for row in zip(soft, chance, strict=True) for pair in zip(*row, strict=True)]
    assert found == pytest.approx(-sum(s * math.log(p) + (1 - s) * math.log(1 - p) for s, p in pairs))


def test_rare_answers_start_rare() -> None:
    head = LabelHead(HIDDEN, 5)
    head.start_rare()
    torch.testing.assert_close(head.output.bias.detach().sigmoid(), torch.full((5,), 1 / 5))


def test_choices() -> None:
    """Scores 1, 2 and 4 of three choices; the second example has two, and its third is not counted."""
    head = fixed(ChoiceHead(HIDDEN, 1), [[1.0, 0.0, 0.0]])
    scores, mask = [1.0, 2.0, 4.0, 3.0, 3.0, 50.0], torch.tensor([[True] * 3, [True, True, False]])
    states = torch.zeros(6, 1, HIDDEN)
    states[:, 0, 0] = torch.tensor(scores)
    batch = batch_of([1] * 6, choices=3, label=torch.tensor([2, 0]), choice_mask=mask)
    first = -math.log(math.exp(4) / (math.e + math.exp(2) + math.exp(4)))
    assert head.loss(encode(batch, states), batch).item() == pytest.approx(first + math.log(2))


def test_spans_with_and_without_an_answer() -> None:
    """Half of both ends' cross-entropies; no answer is the span 0, 0."""
    head = fixed(SpanHead(2, 2), torch.eye(2).tolist())
    states = states_of([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]], [[3.0, 1.0], [0.0, 2.0], [7.0, 7.0]])
    batch = batch_of([3, 2], start=torch.tensor([1, 0]), end=torch.tensor([2, 0]))
    start = [3 - math.log(math.exp(3) + 1 + math.e) - 3, 3 - math.log(math.exp(3) + 1)]
    end = [-math.log(math.e + math.exp(2) + 1), 1 - math.log(math.e + math.exp(2))]
    assert head.loss(encode(batch, states), batch).item() == pytest.approx(-(sum(start) + sum(end)) / 2)


def test_a_sentence_counts_as_the_mean_over_its_words() -> None:
    """Two words, one word, none: the tokens between words, and padding, cost nothing."""
    head = fixed(TagHead(HIDDEN, 3), torch.eye(3).tolist())
    torch.manual_seed(0)
    states = torch.randn(3, 4, HIDDEN)
    labels = torch.tensor([[-1, 2, -1, 0], [1, -1, -1, -1], [-1, -1, -1, -1]])
    batch = batch_of([4, 3, 2], labels=labels)
    log = states.log_softmax(-1)
    expected = -(log[0, 1, 2] + log[0, 3, 0]) / 2 - log[1, 0, 1]
    torch.testing.assert_close(head.loss(encode(batch, states), batch), expected)
    states[labels < 0] = 100.0
    torch.testing.assert_close(head.loss(encode(batch, states), batch), expected)


def test_masked_tokens_are_found_by_the_input_embeddings() -> None:
    """Dense layer, GELU, layer norm, tied decoder and bias; two masks of a text count as one example."""
    torch.manual_seed(0)
    head, words, states = MaskedTokenHead(HIDDEN, 7), torch.randn(7, HIDDEN), torch.randn(2, 3, HIDDEN)
    with torch.no_grad():
        head.bias.copy_(torch.randn(7))
    batch = batch_of([3, 3], labels=torch.tensor([[-1, 4, 6], [0, -1, -1]]))
    dense = states @ head.dense.weight.T + head.dense.bias
    active = dense * (1 + torch.erf(dense / math.sqrt(2))) / 2
    normal = (active - active.mean(-1, keepdim=True)) / (active.var(-1, keepdim=True, correction=0) + 1e-5).sqrt()
    expected = normal @ words.T + head.bias
    logits = head(encode(batch, states, words), batch)
    torch.testing.assert_close(logits, torch.stack([expected[0, 1], expected[0, 2], expected[1, 0]]))
    losses = F.cross_entropy(logits, torch.tensor([4, 6, 0]), reduction="none")
    loss = head.loss(encode(batch, states, words), batch)
    torch.testing.assert_close(loss, (losses[0] + losses[1]) / 2 + losses[2])
    assert np.isfinite(loss.item())


def test_a_text_without_masks_costs_nothing_and_has_no_gradient() -> None:
    head, words = MaskedTokenHead(HIDDEN, 7), torch.randn(7, HIDDEN)
    batch = batch_of([2], labels=torch.tensor([[-1, -1]]))
    loss = head.loss(encode(batch, torch.randn(1, 2, HIDDEN), words), batch)
    loss.backward()
    assert loss.item() == 0
    assert all(weight.grad is None or not weight.grad.any() for weight in head.parameters())


def test_labels_of_tokens_are_not_forgotten() -> None:
    batch = batch_of([2])
    for head in (TagHead(HIDDEN, 2), MaskedTokenHead(HIDDEN, 7)):
        with pytest.raises(ValueError, match="without labels"):
            head.loss(encode(batch, torch.randn(1, 2, HIDDEN), torch.randn(7, HIDDEN)), batch)
