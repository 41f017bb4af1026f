"""What it costs not to know which examples stand or fall together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.report.cells.items import SCHEMA
from xstilts.report.intervals import Interval
from xstilts.report.side_by_side import pair_up

LANGUAGES, QUESTIONS = ("en", "de"), 6


def span_items(right: np.ndarray, known: bool) -> pa.Table:
    """Items of `[paragraphs, questions]` answers, alike in both languages; `known`: with their paragraphs."""
    rows = [(p, q, code) for code in LANGUAGES for p in range(len(right)) for q in range(QUESTIONS)]
    score = np.array([right[p, q] for p, q, _ in rows], np.float32)
    columns: dict[str, Any] = {name: [""] * len(rows) for name in ("image_id", "part", "structural")}
    columns |= {"id": [f"{p}-{q}" for p, q, _ in rows], "language": [code for _, _, code in rows]}
    columns |= {"cluster": [f"{p}" if known else "" for p, _, _ in rows], "score": score, "of": np.ones_like(score)}
    columns |= {"blind": [None] * len(rows), "shuffled": [None] * len(rows), "form": [None] * len(rows)}
    return pa.table({one.name: pa.array(columns[one.name], one.type) for one in SCHEMA}, schema=SCHEMA)


def interval(right: np.ndarray, known: bool) -> Interval:
    about: Any = {"xquad": {"none": [{}]}}
    paired = pair_up({("xquad", 0, 0): span_items(right, known)}, about, ["none"], [0])
    assert paired.clusters["xquad"] == right.size // (QUESTIONS if known else 1)
    return paired.interval({"none": paired.zero_shot("xquad")})


def test_questions_that_are_right_together_say_no_more_than_one() -> None:
    """Known answer: the standard error is that of as many questions as paragraphs, and else too small by root 6."""
    right = np.repeat(np.random.default_rng(0).random((120, 1)) < 0.6, QUESTIONS, axis=1)
    expected = float(np.sqrt(right.mean() * (1 - right.mean()) / 120))
    assert interval(right, known=True).error == pytest.approx(expected, rel=0.03)
    assert interval(right, known=False).error == pytest.approx(expected / np.sqrt(QUESTIONS), rel=0.03)


@pytest.mark.slow
def test_coverage_with_paragraphs_and_without() -> None:
    """Paragraphs that differ in difficulty: the interval holds the truth as often as it says only by paragraph."""
    rng, hits, simulations = np.random.default_rng(1), {True: 0, False: 0}, 200
    for _ in range(simulations):
        chance = rng.beta(1, 1, (60, 1))  # the mean is a half
        right = rng.random((60, QUESTIONS)) < chance
        for known in hits:
            found = interval(right, known)
            hits[known] += found.low <= 0.5 <= found.high
    assert 0.91 <= hits[True] / simulations <= 0.98  # the standard error of the share is 1.5 points
    assert hits[False] / simulations < 0.85
