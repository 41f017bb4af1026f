"""The scores on English dev: known answers, and every span against brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.train.dev import best_span, dev_scores, label_accuracy, span_overlap
from xstilts.train.examples import Examples


def gold(rows: Examples, **columns: list[int]) -> Batch:
    """A batch of which only the labels count."""
    batch = rows.batch(np.flatnonzero(rows.tasks == "finds")[: len(next(iter(columns.values())))])
    return replace(batch, **{name: torch.tensor(values) for name, values in columns.items()})


def test_the_accuracy_of_labels(rows: Examples) -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 0.0, 9.0], [5.0, 1.0, 1.0]])
    assert label_accuracy(logits, gold(rows, label=[1, 0, 0, -1])).tolist() == [1, 1, 0, 0]
    assert label_accuracy(logits, gold(rows, label=[-1] * 4)).tolist() == [0, 0, 0, 0]


def one_span(start: int, end: int, length: int = 9) -> Tensor:
    """Logits of a certain span."""
    logits = torch.zeros(2, length)
    logits[0, start] = logits[1, end] = 20.0
    return logits


@pytest.mark.parametrize(
    ("predicted", "truth", "f1"),
    [
        ((2, 5), (2, 5), 1.0),
        ((2, 5), (6, 7), 0.0),
        ((2, 5), (4, 6), 4 / 7),  # 2 of 4 and 2 of 3 tokens
        ((3, 3), (2, 5), 2 / 5),
        ((0, 0), (-1, -1), 0.0),  # an answer that is no span is never right
        ((1, 2), (-1, -1), 0.0),
    ],
)
def test_the_overlap_of_spans(predicted: tuple[int, int], truth: tuple[int, int], f1: float, rows: Examples) -> None:
    batch = gold(rows, start=[truth[0]], end=[truth[1]])
    assert span_overlap(one_span(*predicted)[None], batch).item() == pytest.approx(f1)


@pytest.mark.parametrize("longest", [1, 3, 30])
def test_the_best_span_is_that_of_brute_force(longest: int) -> None:
    random = torch.Generator().manual_seed(0)
    for length in (1, 2, 5, 12):
        logits = torch.randn(20, 2, length, generator=random)
        logits[::2, :, length // 2 + 1 :] = torch.finfo(torch.float32).min  # padding, as the head marks it
        for row, (start, end) in zip(logits, zip(*best_span(logits, longest), strict=True), strict=True):
            spans = [(i, j) for i in range(length) for j in range(i, min(i + longest, length))]
            best = max(spans, key=lambda span: float(row[0, span[0]]) + float(row[1, span[1]]))
            assert (int(start), int(end)) == best


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
