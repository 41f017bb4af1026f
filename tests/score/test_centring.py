"""Language centring: what is moved, by means of what, and what stands beside it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json
from xstilts.score.centring import mean_states, shifts
from xstilts.score.scoring import open_scoring
from xstilts.score.settings import ScoreSettings

FP32 = ScoreSettings(precision="fp32")


def test_each_half_is_moved_by_the_means_of_the_other(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], public: Path
) -> None:
    cache = make_cache("parses")
    scoring = open_scoring(untrained(cache), public, cache, FP32)
    model, examples = scoring.model(), scoring.examples()
    means, found = mean_states(model, examples, FP32), shifts(model, examples, FP32)
    assert not found[examples.languages == "en"].any()
    halves = np.array([zlib.crc32(name.encode()) % 2 for name in examples.ids])
    for half in (0, 1):
        own, other = ((examples.languages == "ko") & (halves == one) for one in (half, 1 - half))
        english = (examples.languages == "en") & (halves != half)
        np.testing.assert_allclose(found[own], [means[english].mean(0) - means[other].mean(0)] * own.sum(), atol=1e-5)


def test_moved_states_are_those_that_heads_read(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], public: Path
) -> None:
    cache = make_cache("looks")
    scoring = open_scoring(untrained(cache), public, cache, FP32)
    model, examples = scoring.model(), scoring.examples()
    rows = np.arange(6)
    before = model.encode(examples.batch(rows))
    examples.shift = np.random.default_rng(0).normal(size=(len(examples), model.encoder.hidden)).astype(np.float32)
    after = model.encode(examples.batch(rows))
    moved = (after.text_mean() - before.text_mean()).detach().numpy()
    np.testing.assert_allclose(moved, examples.shift[rows], atol=1e-5)
    text = before.text_tokens
    np.testing.assert_array_equal(after.hidden[:, text:].detach().numpy(), before.hidden[:, text:].detach().numpy())


@pytest.mark.parametrize("task", ["looks", "parses"])
def test_the_uncentred_score_stands_beside(
    task: str, make_cache: Callable[..., Path], untrained: Callable[[Path], Path], score: Callable[..., Path]
) -> None:
    cache = make_cache(task)
    checkpoint = untrained(cache)
    plain = read_json(score(cache, checkpoint, precision="fp32") / "scores.json")
    scores = read_json(score(cache, checkpoint, "centred", precision="fp32", centre="language") / "scores.json")
    metric = scores["metric"]
    assert scores["centring"]["uncentred"] == plain["scores"][metric]
    assert scores["scores"][metric] != plain["scores"][metric]
    assert scores["scores"][metric]["en"] == plain["scores"][metric]["en"]


def test_what_cannot_be_centred(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], score: Callable[..., Path], public: Path
) -> None:
    cache = make_cache("searches")
    with pytest.raises(ParameterError, match=r"a retrieval task has none; set score\.centre to none"):
        score(cache, untrained(cache), precision="fp32", centre="language")
    cache = make_cache("parses")
    scoring = open_scoring(untrained(cache), public, cache, FP32)
    examples: Any = scoring.examples()
    examples.languages[:] = "ko"
    with pytest.raises(DataError, match="too few questions in 'ko', expected other questions in English"):
        shifts(scoring.model(), examples, FP32)
