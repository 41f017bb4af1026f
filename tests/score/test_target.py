"""Scoring a target: the files it writes, its blind control, and the same again the second time."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.cache import open_rows, read_json
from xstilts.errors import DataError
from xstilts.parameters import build
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target


def score(cache: Path, checkpoint: Path, public: Path, out: Path, settings: ScoreSettings) -> Path:
    score_target(checkpoint, public, cache, out, settings, route="gqa", seed=3, data="pictograms")
    return out


def test_what_is_written(cache: Path, checkpoint: Path, public: Path, tmp_path: Path, settings: ScoreSettings) -> None:
    out = score(cache, checkpoint, public, tmp_path / "out", settings)
    assert sorted(path.name for path in out.iterdir()) == ["predictions.arrow", "provenance.json", "scores.json"]
    table, scores = open_rows(out / "predictions.arrow").to_pylist(), read_json(out / "scores.json")
    about = {"target": "looks", "route": "gqa", "seed": 3, "data": "pictograms", "metric": "accuracy"}
    assert {key: scores[key] for key in about} == about
    for part, column in (("accuracy", "prediction"), ("blind", "blind")):
        for language in ("en", "de", "ko"):
            right = [row[column] == row["gold"] for row in table if row["language"] == language]
            assert scores[part][language] == pytest.approx(np.mean(right), abs=1e-6)
    assert len({*scores["accuracy"].values(), *scores["blind"].values()}) > 2
    provenance = read_json(out / "provenance.json")
    assert provenance["precision"] == settings.precision
    assert {"python", "torch", "transformers"} <= provenance["versions"].keys()


def test_the_second_time_gives_the_same_bytes(
    cache: Path, checkpoint: Path, public: Path, tmp_path: Path, settings: ScoreSettings
) -> None:
    one, two = (score(cache, checkpoint, public, tmp_path / name, settings) for name in ("one", "two"))
    for name in ("scores.json", "predictions.arrow"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_the_blind_answers_know_nothing_of_the_pictures(
    tiny: Any,
    question_rows: list[dict[str, Any]],
    cache: Path,
    checkpoint: Path,
    public: Path,
    tmp_path: Path,
    settings: Any,
) -> None:
    """Other pictures give other answers, but the same blind ones."""
    vectors = np.random.default_rng(7).normal(size=(sum(tiny.REGIONS), tiny.DIM))
    other = tiny.cache("other", {"test": question_rows}, tiny.features("other-features", vectors))
    tables = [
        open_rows(score(one, checkpoint, public, tmp_path / one.name, settings) / "predictions.arrow")
        for one in (cache, other)
    ]
    assert tables[0]["blind"] == tables[1]["blind"]
    assert tables[0]["prediction"] != tables[1]["prediction"]
    assert tables[0]["prediction"] != tables[0]["blind"]
    assert tables[0]["id"] == tables[1]["id"]


def test_a_failure_leaves_nothing(cache: Path, public: Path, tmp_path: Path, settings: ScoreSettings) -> None:
    with pytest.raises(DataError, match=r"missing/checkpoint\.json: found no such file"):
        score(cache, tmp_path / "missing", public, tmp_path / "out", settings)
    assert list(tmp_path.iterdir()) == []


def test_settings_of_a_task_file() -> None:
    defaults = dataclasses.asdict(ScoreSettings())
    assert build(ScoreSettings, defaults, "xgqa") == ScoreSettings()
