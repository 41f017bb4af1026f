"""Answers as frequent as English ones: known answers, and the score without it beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json
from xstilts.score.prior import factors, match_prior
from xstilts.train.examples import Examples, open_examples


def test_factors_bring_the_mean_to_the_aim() -> None:
    random = np.random.default_rng(0)
    chances, aim = random.dirichlet([0.3, 0.3, 0.3], 2000), np.array([0.5, 0.3, 0.2])
    weighted = chances * factors(chances, aim)
    assert np.abs(chances.mean(0) - aim).max() > 0.1
    np.testing.assert_allclose((weighted / weighted.sum(1, keepdims=True)).mean(0), aim, atol=2e-3)


def test_equal_rows_get_the_prior_itself() -> None:
    """Where nothing tells the rows apart, the formula of Saerens et al. is exact in one step."""
    chances, aim = np.tile([0.6, 0.4], (10000, 1)), np.array([0.25, 0.75])
    np.testing.assert_allclose(factors(chances, aim)[1] / factors(chances, aim)[0], 0.75 / 0.25 * 0.6 / 0.4, rtol=1e-3)


@pytest.fixture
def asked(tiny: Any, tiny_features: dict[str, Any]) -> Examples:
    rows = [row for code in ("en", "de") for row in tiny.rows("looks", 40, 0, code)]
    return open_examples(tiny.cache("prior", {"test": rows}, tiny_features), "test")


def test_english_stays_and_a_language_is_moved_by_the_other_half(asked: Examples) -> None:
    random = np.random.default_rng(1)
    chances = random.dirichlet(np.ones(4), len(asked)).astype(np.float32)
    found, english = match_prior(chances, asked), asked.languages == "en"
    assert (found[english] == chances[english]).all()
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    changed = chances.copy()
    changed[-1] = [0.97, 0.01, 0.01, 0.01]  # a German question: all of the other half may move, none of its own
    moved = np.abs(match_prior(changed, asked) - found).max(1) > 1e-6
    assert moved.sum() > 5
    assert not moved[english].any()
    ratio = (match_prior(changed, asked) / changed)[~english & ~moved] / (found / chances)[~english & ~moved]
    np.testing.assert_allclose(ratio, 1, rtol=1e-4)


def test_without_english_questions_there_is_no_prior(asked: Examples) -> None:
    german = Examples(asked.table.slice(40), asked.card)
    with pytest.raises(DataError, match="too few questions in 'de', expected other questions in English"):
        match_prior(np.ones((40, 4), np.float32) / 4, german)


def test_the_unmatched_score_stands_beside(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], score: Callable[..., Path]
) -> None:
    def scores(task: str, **settings: str) -> dict[str, Any]:
        cache = make_cache(task)
        name = f"{task}{len(settings)}"
        return read_json(score(cache, untrained(cache), name, precision="fp32", **settings) / "scores.json")

    plain, matched = scores("looks"), scores("looks", prior="english")
    assert matched["prior"]["unmatched"] == plain["scores"]["accuracy"]
    assert matched["scores"]["accuracy"]["en"] == plain["scores"]["accuracy"]["en"]
    with pytest.raises(ParameterError, match="target picks: `prior` is of labels that all examples share"):
        scores("picks", prior="english")
