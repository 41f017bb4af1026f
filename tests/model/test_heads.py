"""Heads: what they start from, what they may choose, and how their losses add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModel

from xstilts.base.errors import ParameterError
from xstilts.base.kinds import KINDS
from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.heads import HEADS, LabelHead, SpanHead, make_head
from xstilts.model.multitask import MultitaskModel
from xstilts.train.dev import METRICS
from xstilts.train.examples import Examples
from xstilts.train.spans import best_answer

Make = Callable[[Path], MultitaskModel]


@torch.inference_mode()
def embeddings(public: Path, texts: list[list[int]]) -> torch.Tensor:
    """Mean hidden states of texts, one at a time, by the plain encoder."""
    plain = AutoModel.from_pretrained(public / "encoder").eval()
    return torch.stack([plain(torch.tensor([ids])).last_hidden_state[0].mean(0) for ids in texts])


def label_head(model: MultitaskModel, task: str) -> LabelHead:
    head = model.head(task)
    assert isinstance(head, LabelHead)
    return head


def test_answer_rows_start_at_the_labels_centred_embeddings(tiny: Any, public: Path, make_model: Make) -> None:
    model = make_model(public)
    texts = [encoding.ids for encoding in tiny.tokenizer().encode_batch(list(tiny.ANSWERS))]
    assert len({len(ids) for ids in texts}) > 2  # padding comes in
    model.start_answer_rows("looks", texts)
    output = label_head(model, "looks").output
    rows = embeddings(public, texts)
    cosine = F.cosine_similarity(output.weight, rows - rows.mean(0))
    torch.testing.assert_close(cosine, torch.ones(len(texts)), atol=1e-5, rtol=0)
    norms = output.weight.norm(dim=1)
    torch.testing.assert_close(norms, norms[0].expand_as(norms), atol=1e-5, rtol=0)
    assert not output.bias.any()
    assert output.weight.requires_grad


def test_many_answers_start_like_few(tiny: Any, public: Path, make_model: Make) -> None:
    """A vocabulary is embedded in pieces; an answer's row does not depend on its place."""
    model = make_model(public)
    texts = [encoding.ids for encoding in tiny.tokenizer().encode_batch(list(tiny.ANSWERS) * 50)]
    model.heads["looks"] = LabelHead(tiny.HIDDEN, len(texts))
    model.start_answer_rows("looks", texts)
    weight = label_head(model, "looks").output.weight.detach()
    count = len(tiny.ANSWERS)
    torch.testing.assert_close(weight[-count:], weight[:count], atol=1e-5, rtol=0)
    assert (weight[:count] @ weight[:count].T - torch.eye(count)).abs().max() > 0.01  # no two are the same


def test_a_span_head_has_no_answer_rows(public: Path, make_model: Make) -> None:
    model = make_model(public)
    before = model.heads["finds"].state_dict()["output.weight"].clone()
    model.start_answer_rows("finds", [[0, 5, 2]])
    assert torch.equal(model.heads["finds"].state_dict()["output.weight"], before)


@torch.inference_mode()
def test_spans_never_end_in_padding_or_in_a_picture(examples: Examples) -> None:
    """Even where those tokens would score best; every token of the text keeps its own score."""
    torch.manual_seed(0)
    head, lengths = SpanHead(4, 2), [6, 3, 1]
    hidden, mask = torch.randn(3, 10, 4), torch.ones(3, 6, dtype=torch.bool)  # the rest: a picture
    for row, length in enumerate(lengths):
        hidden[row, length:] = 100 * head.output.weight.sum(0)
        mask[row, length:] = False
    logits = head(
        Encoded(hidden, torch.ones(3, 10, dtype=torch.bool), mask, torch.zeros(1, 4)), examples.batch(np.array([0]))
    )
    assert logits.shape == (3, 2, 6)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(logits[row, :, :length], head.output(hidden[row, :length]).T)
    start, end, _ = best_answer(logits)
    assert (end < torch.tensor(lengths)).all()
    assert (start <= end).all()
    assert logits.isfinite().all()


@pytest.mark.parametrize("task", ["looks", "follows", "finds"])
def test_losses_are_sums_over_examples(task: str, public: Path, make_model: Make, examples: Examples) -> None:
    model, rows = make_model(public), np.flatnonzero(examples.tasks == task)
    whole = float(model(examples.batch(rows)).detach())
    alone = [float(model(examples.batch(rows[i : i + 1])).detach()) for i in range(len(rows))]
    assert whole == pytest.approx(sum(alone), rel=1e-5)
    assert [loss == 0 for loss in alone] == [task == "looks" and examples.columns["label"][row] < 0 for row in rows]
    assert (task == "looks") == any(loss == 0 for loss in alone)


def test_the_loss_of_a_span_is_the_mean_of_both_ends(public: Path, make_model: Make, examples: Examples) -> None:
    model, rows = make_model(public), np.flatnonzero(examples.tasks == "finds")
    batch = examples.batch(rows)
    chances = model.logits(batch).log_softmax(-1)
    ends = [chances[i, 0, batch.start[i]] + chances[i, 1, batch.end[i]] for i in range(len(rows))]
    assert model(batch).item() == pytest.approx(-sum(ends).item() / 2, rel=1e-5)


def test_every_kind_has_a_head_and_a_metric() -> None:
    assert HEADS.keys() == METRICS.keys() == set(KINDS) - {"retrieval"}
    with pytest.raises(ParameterError, match=r"no head for task kind 'spam'.* Did you mean 'span'"):
        make_head({"kind": "spam", "labels": []}, 4, 9)


def test_an_answer_is_read_from_the_question_and_not_from_its_description() -> None:
    """States of the description's tokens do not reach the logits; those of the question do."""
    head, states = LabelHead(4, 3), torch.randn(2, 6, 4)
    batch = replace(text_batch(2, 6), question_mask=torch.tensor([[True] * 3 + [False] * 3, [True] * 2 + [False] * 4]))
    logits = head(Encoded(states, batch.text_mask, batch.text_mask, states), batch)
    described, asked = states.clone(), states.clone()
    described[:, 3:] += 1
    asked[:, :2] += 1
    assert torch.equal(head(Encoded(described, batch.text_mask, batch.text_mask, states), batch), logits)
    assert not torch.allclose(head(Encoded(asked, batch.text_mask, batch.text_mask, states), batch), logits)
    assert torch.allclose(logits[1], head.scores(states[1, :2].mean(0)))


def text_batch(rows: int, tokens: int) -> Batch:
    """A batch of text without pictures."""
    missing, none = torch.full((rows,), -1), torch.zeros(rows, 0)
    ids, mask = torch.ones(rows, tokens, dtype=torch.long), torch.ones(rows, tokens, dtype=torch.bool)
    return Batch("t", [""] * rows, ids, mask, none[..., None], none[..., None], none.bool(), missing, missing, missing)
