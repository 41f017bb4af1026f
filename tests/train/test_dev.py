"""The scores on English dev: known answers, and a mean over tasks whatever the batches."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from xstilts.model.batch import Batch
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.dev import METRICS, all_logits, dev_scores, label_accuracy, pairwise_accuracy, token_accuracy
from xstilts.train.examples import Examples, open_examples
from xstilts.train.masking import read_masking


def gold(rows: Examples, **columns: list[int] | Tensor) -> Batch:
    """A batch of which only the labels count."""
    batch = rows.batch(np.flatnonzero(rows.tasks == "finds")[: len(next(iter(columns.values())))])
    return replace(batch, **{name: torch.as_tensor(values) for name, values in columns.items()})  # type: ignore[arg-type]


def test_the_accuracy_of_labels(rows: Examples) -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 0.0, 9.0], [5.0, 1.0, 1.0]])
    assert label_accuracy(logits, gold(rows, label=[1, 0, 0, -1])).tolist() == [1, 1, 0, 0]
    assert label_accuracy(logits, gold(rows, label=[-1] * 4)).tolist() == [0, 0, 0, 0]


def test_the_accuracy_of_answers_with_scores(rows: Examples) -> None:
    """The score of the answer that is given, as in VQAv2."""
    soft = torch.tensor([[0.0, 1.0, 0.3], [0.6, 0.0, 0.0], [0.0, 0.0, 0.0], [0.9, 0.3, 1.0]])
    logits = torch.tensor([[0.0, 1.0, 9.0], [9.0, 1.0, 1.0], [9.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    batch = gold(rows, label=[1, 0, -1, 2], soft=soft)
    torch.testing.assert_close(label_accuracy(logits, batch), torch.tensor([0.3, 0.6, 0.0, 1.0]))


def test_the_accuracy_of_tags_and_of_masked_tokens(rows: Examples) -> None:
    """Both over all targets; tags have logits at every token, masked tokens at the masks alone."""
    labels = torch.tensor([[-1, 1, -1, 0], [2, -1, -1, -1]])
    tags = torch.zeros(2, 4, 3)
    tags[0, 1, 1] = tags[0, 3, 2] = tags[1, 0, 2] = tags[0, 0, 1] = 5.0
    assert token_accuracy(tags, gold(rows, label=[-1, -1], labels=labels)).tolist() == [1, 0, 1]
    masked = tags[labels >= 0]
    assert token_accuracy(masked, gold(rows, label=[-1, -1], labels=labels)).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="without labels"):
        token_accuracy(tags, gold(rows, label=[-1, -1]))


def test_dev_is_the_mean_over_tasks_whatever_the_batches(
    model: MultitaskModel, rows: Examples, full_precision: str
) -> None:
    """Tasks count alike though one has fewer rows; and a model in training stays in training."""
    kept = np.flatnonzero((rows.tasks != "finds") | (np.arange(len(rows)) % 5 == 0))
    part = Examples(rows.table.take(kept), rows.card)
    scores = dev_scores(model.train(), part, 10, full_precision)
    assert model.training
    assert scores.keys() == {"looks", "follows", "finds", "mean"}
    assert scores["mean"] == pytest.approx(math.fsum(scores[t] for t in ("looks", "follows", "finds")) / 3)
    assert dev_scores(model, part, 10**5, full_precision) == pytest.approx(scores, abs=1e-6)
    model.eval()
    for task in ("looks", "follows"):
        batch = part.batch(np.flatnonzero(part.tasks == task))
        expected = (model.logits(batch).argmax(-1) == batch.label).float().mean().item()
        assert scores[task] == pytest.approx(expected)


def test_dropout_is_off_on_dev(tmp_path: Path, model: MultitaskModel, rows: Examples, full_precision: str) -> None:
    before = dev_scores(model.eval(), rows, 500, full_precision)
    model.encoder.set_dropout(0.9)
    assert dev_scores(model.train(), rows, 500, full_precision) == before


def test_every_kind_is_scored(public: Path, every_kind: Path, full_precision: str) -> None:
    """Between 0 and 1, the same for any batches, and accuracy over words where an example has many."""
    dev = open_examples(every_kind, "dev", masking=read_masking(public / "encoder", 0))
    torch.manual_seed(0)
    model = MultitaskModel(load_public(public), dev.card["tasks"])
    scores = dev_scores(model, dev, 10**5, full_precision)
    assert {dev.kind(task) for task in scores if task != "mean"} == set(METRICS)
    assert dev_scores(model, dev, 20, full_precision) == pytest.approx(scores, abs=1e-6)
    assert all(0 <= score <= 1 for score in scores.values())
    assert len(set(scores.values())) > 5
    batch = dev.batch(np.flatnonzero(dev.tasks == "tags"))
    assert batch.labels is not None
    right = (model.eval().logits(batch).argmax(-1) == batch.labels)[batch.labels >= 0]
    assert scores["tags"] == pytest.approx(right.float().mean().item())


def test_a_model_trains_on_after_scoring_was_broken_off(model: MultitaskModel, rows: Examples) -> None:
    model.train()
    batches = [np.arange(4), np.arange(4, 8)]
    answered = all_logits(model, rows, batches, "bf16")
    next(answered)
    assert not model.training
    answered.close()
    assert model.training


def test_a_caption_is_compared_with_its_own_negatives_alone() -> None:
    """Wherever match and no match are divided, in any order of rows, and with `#` in the captions' own ids."""
    ids = ["cat.png#0", "cat.png#0#1", "dog.png#0", "dog.png#0#1", "cat.png#1", "cat.png#1#1"]
    points = np.array([[-5.0, 1], [-6, 0], [1, 1], [3, 0], [2, 1], [2, 0]])
    order = [3, 0, 5, 2, 1, 4]
    assert pairwise_accuracy(points.ravel(), ids) == pytest.approx((1 + 0 + 0.5) / 3)
    assert pairwise_accuracy(points[order].ravel(), [ids[row] for row in order]) == pytest.approx(0.5)
