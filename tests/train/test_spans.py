"""Spans: the best of them by brute force, no answer at token 0, and windows of one context."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from xstilts.train.examples import Examples, open_examples
from xstilts.train.spans import best_answer, span_points, span_score

NONE = (0, 0)


def random_logits(count: int, length: int) -> Tensor:
    """Logits of which every second row has padding, as the head marks it."""
    logits = torch.randn(count, 2, length, generator=torch.Generator().manual_seed(length))
    logits[::2, :, length // 2 + 1 :] = torch.finfo(torch.float32).min
    return logits


def brute_force(row: Tensor, allowed: list[bool], longest: int) -> tuple[tuple[int, int], float]:
    """The best answer and its score, by trying every span."""
    places = [i for i, yes in enumerate(allowed) if yes and i]
    spans = [(i, j) for i in places for j in places if i <= j < i + longest]
    scores = {span: float(row[0, span[0]]) + float(row[1, span[1]]) for span in spans}
    best = max(spans, key=scores.__getitem__, default=NONE)
    return best, scores.get(best, -math.inf)


@pytest.mark.parametrize("longest", [1, 3, 30])
@pytest.mark.parametrize("restricted", [False, True])
def test_the_best_span_is_that_of_brute_force(longest: int, restricted: bool) -> None:
    chosen = set()
    for length in (1, 2, 5, 12):
        logits = random_logits(20, length)
        random = torch.rand(20, length, generator=torch.Generator().manual_seed(1))
        allowed = (random < (0.5 if restricted else 2)) & (logits[:, 0] > torch.finfo(torch.float32).min)
        given = allowed if restricted else None
        answers = best_answer(logits, given, longest)
        for i, row in enumerate(logits):
            best, score = brute_force(row, allowed[i].tolist(), longest)
            margin = score - float(row[0, 0] + row[1, 0])
            assert (int(answers[0][i]), int(answers[1][i])) == best
            assert float(answers[2][i]) == pytest.approx(margin, abs=1e-5)
            chosen.add(margin > 0)
    assert chosen == {True, False}


def test_the_context_alone_may_answer(every_kind: Path) -> None:
    """Question, separators and padding cannot; a row that names no places may answer with every token."""
    rows = open_examples(every_kind, "dev")
    written = rows.table.to_pylist()
    chosen = np.flatnonzero(rows.tasks == "doubts")
    batch = rows.batch(chosen)
    assert batch.context_mask is not None
    for row, mask, length in zip(chosen, batch.context_mask, batch.text_mask.sum(1).tolist(), strict=True):
        begins = written[row]["offsets"][::2]
        assert mask.tolist() == [begin >= 0 for begin in begins] + [False] * (len(mask) - length)
        inside = [written[row]["context"][a:b] for a, b in np.reshape(written[row]["offsets"], (-1, 2)) if a >= 0]
        assert all(text and " " not in text for text in inside)
    plain = rows.batch(np.flatnonzero(rows.tasks == "finds"))
    assert plain.context_mask is not None
    assert torch.equal(plain.context_mask, plain.text_mask)


def certain(start: int, end: int, length: int = 9) -> Tensor:
    """Logits of a certain span."""
    logits = torch.zeros(1, 2, length)
    logits[0, 0, start] = logits[0, 1, end] = 20.0
    return logits


@pytest.mark.parametrize(
    ("predicted", "truth", "f1"),
    [
        ((2, 5), (2, 5), 1.0),
        ((2, 5), (6, 7), 0.0),
        ((2, 5), (4, 6), 4 / 7),  # 2 of 4 and 2 of 3 tokens
        ((3, 3), (2, 5), 2 / 5),
        ((1, 2), NONE, 0.0),
        (NONE, (1, 2), 0.0),
        (NONE, NONE, 1.0),
    ],
)
def test_the_f1_of_one_row(predicted: tuple[int, int], truth: tuple[int, int], f1: float, rows: Examples) -> None:
    """Beside an unanswerable example, so that silence is an answer."""
    batch = rows.batch(np.flatnonzero(rows.tasks == "finds")[:1])
    batch = replace(batch, start=torch.tensor([truth[0]]), end=torch.tensor([truth[1]]), context_mask=None)
    points = span_points(certain(*predicted), batch).numpy()
    silent = np.array([[-1.0, 0.0, 0.0]])
    assert span_score(np.concatenate([points, silent]), ["one", "other"]) == pytest.approx((f1 + 1) / 2)


def test_of_windows_the_one_with_the_greatest_margin_answers() -> None:
    """Margin, F1 and whether the window holds an answer, of four examples."""
    points = {
        "right window": [(2.0, 0.5, 1.0), (1.0, 0.0, 0.0), (-3.0, 0.0, 0.0)],  # 0.5
        "wrong window": [(2.0, 1.0, 1.0), (4.0, 0.0, 0.0)],  # 0
        "silent": [(-1.0, 1.0, 1.0), (-2.0, 0.0, 0.0)],  # 0
        "rightly silent": [(-1.0, 0.0, 0.0), (-0.5, 0.0, 0.0)],  # 1
        "wrongly not": [(-1.0, 0.0, 0.0), (0.5, 0.0, 0.0)],  # 0
    }
    flat = [(name, window) for name, windows in points.items() for window in windows]
    for order in (range(len(flat)), np.random.default_rng(0).permutation(len(flat))):
        ids, values = [flat[i][0] for i in order], np.array([flat[i][1] for i in order])
        assert span_score(values, ids) == pytest.approx(1.5 / 5)


def test_where_every_question_has_an_answer_one_is_always_given() -> None:
    points = np.array([(-5.0, 0.25, 1.0), (-9.0, 0.0, 0.0), (-2.0, 1.0, 1.0)])
    assert span_score(points, ["one", "one", "two"]) == pytest.approx(0.625)


def test_no_answer_where_no_token_may_answer(rows: Examples) -> None:
    batch = rows.batch(np.flatnonzero(rows.tasks == "finds")[:1])
    nowhere = torch.zeros(1, 9, dtype=torch.bool)
    start, end, margin = best_answer(certain(2, 3), nowhere)
    assert (int(start), int(end), float(margin)) == (0, 0, -math.inf)
    points = span_points(certain(2, 3), replace(batch, context_mask=nowhere)).numpy()
    assert span_score(points, ["one"]) == 0
