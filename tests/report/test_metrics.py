"""Metrics of one cell, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.report.metrics import read_scores, study_metrics, target_metrics

SCORES: dict[str, Any] = {
    "target": "xgqa",
    "route": "gqa",
    "seed": 0,
    "metric": "accuracy",
    "data": "pictograms",
    "rows": {"de": 10, "en": 10, "bn": 10},
    "accuracy": {"de": 0.5, "en": 0.75, "bn": 1 / 3},
    "blind": {"de": 0.25, "en": 0.3, "bn": 0.35},
    "types": {
        "structural": {
            "en": {"verify": 0.9, "query": 2 / 3},
            "de": {"verify": 0.6, "query": 0.4},
            "bn": {"verify": 0.2, "query": 0.1},
        }
    },
    "provenance": {"revision": "abc"},
}


def test_target_metrics() -> None:
    metrics = target_metrics(SCORES)
    assert metrics == {
        "data": "pictograms",
        "accuracy": {"en": 0.75, "bn": 0.3333, "de": 0.5, "zero_shot": 0.4167},
        "gap": 0.3333,
        "blind": {"en": 0.3, "bn": 0.35, "de": 0.25, "zero_shot": 0.3},
    }
    assert list(metrics["accuracy"]) == ["en", "bn", "de", "zero_shot"]


def test_study_metrics_add_question_types() -> None:
    metrics = study_metrics(SCORES)
    assert metrics["types"] == {
        "en": {"query": 0.6667, "verify": 0.9},
        "zero_shot": {"query": 0.25, "verify": 0.4},
    }
    assert {key: metrics[key] for key in ("data", "accuracy", "gap", "blind")} == target_metrics(SCORES)
    assert metrics["metric"] == "accuracy"


def test_a_target_without_question_types() -> None:
    assert study_metrics({**SCORES, "types": {}})["types"] == {"en": {}, "zero_shot": {}}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_scores_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    assert read_scores(write(path, SCORES)) == SCORES
    with pytest.raises(DataError, match=r"scores\.json: found no metric, data"):
        read_scores(write(path, {key: SCORES[key] for key in SCORES if key not in ("metric", "data")}))
    with pytest.raises(DataError, match="accuracy in de, bn, expected English"):
        read_scores(write(path, {**SCORES, "accuracy": {"de": 0.5, "bn": 0.2}}))
    with pytest.raises(DataError, match="blind in en, expected English and another"):
        read_scores(write(path, {**SCORES, "blind": {"en": 0.5}}))
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "nothing.json")
