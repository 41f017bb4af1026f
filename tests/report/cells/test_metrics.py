"""Metrics of one cell, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.report.cells.metrics import metric_names, read_scores, study_metrics, target_metrics

SCORES: dict[str, Any] = {
    "target": "xgqa",
    "recipe": "plain",
    "route": "gqa",
    "seed": 0,
    "data": "pictograms",
    "kind": "vqa",
    "metric": "accuracy",
    "rows": {"bn": 10, "de": 10, "en": 10},
    "scores": {"accuracy": {"de": 0.5, "en": 0.75, "bn": 1 / 3}},
    "controls": {
        "blind": {"de": 0.25, "en": 0.3, "bn": 0.35},
        "shuffled": {"de": 0.15, "en": 0.2, "bn": 0.25},
    },
    "types": {
        "structural": {
            "en": {"verify": 0.9, "query": 2 / 3},
            "de": {"verify": 0.6, "query": 0.4},
            "bn": {"verify": 0.2, "query": 0.1},
        }
    },
}


def of_texts(metric: str, **scores: dict[str, float]) -> dict[str, Any]:
    """Scores of a target without pictures and types."""
    rows = dict.fromkeys(next(iter(scores.values())), 10)
    about = {key: SCORES[key] for key in ("target", "recipe", "route", "seed", "data")}
    return {**about, "kind": "span", "metric": metric, "rows": rows, "scores": scores, "controls": {}}


def test_target_metrics() -> None:
    metrics = target_metrics(SCORES)
    assert metrics == {
        "data": "pictograms",
        "accuracy": {"en": 0.75, "bn": 0.3333, "de": 0.5, "zero_shot": 0.4167},
        "gap": 0.3333,
        "blind": {"en": 0.3, "bn": 0.35, "de": 0.25, "zero_shot": 0.3},
        "shuffled": {"en": 0.2, "bn": 0.25, "de": 0.15, "zero_shot": 0.2},
    }
    assert list(metrics) == ["data", "accuracy", "gap", "blind", "shuffled"]
    assert list(metrics["accuracy"]) == ["en", "bn", "de", "zero_shot"]


def test_study_metrics_add_question_types() -> None:
    metrics = study_metrics(SCORES)
    assert metrics["types"] == {
        "en": {"query": 0.6667, "verify": 0.9},
        "zero_shot": {"query": 0.25, "verify": 0.4},
    }
    assert list(metrics) == ["metric", *target_metrics(SCORES), "types"]
    assert {key: metrics[key] for key in target_metrics(SCORES)} == target_metrics(SCORES)
    assert metrics["metric"] == "accuracy"
    assert metric_names(metrics) == ["accuracy"]


def test_a_target_without_question_types() -> None:
    assert "types" not in study_metrics({**SCORES, "types": {}})
    assert "types" not in study_metrics({key: value for key, value in SCORES.items() if key != "types"})


def test_several_metrics_and_no_pictures() -> None:
    """The main metric comes first, whatever the order of the file, and the gap is that of the main one."""
    f1, exact = {"en": 0.8, "de": 0.6, "fr": 0.4}, {"en": 0.5, "de": 0.3, "fr": 0.1}
    metrics = study_metrics(of_texts("f1", exact_match=exact, f1=f1))
    assert list(metrics) == ["metric", "data", "f1", "exact_match", "gap"]
    assert metrics["f1"] == {"en": 0.8, "de": 0.6, "fr": 0.4, "zero_shot": 0.5}
    assert metrics["gap"] == 0.3
    assert metrics["exact_match"]["zero_shot"] == 0.2
    assert metric_names(metrics) == ["f1", "exact_match"]


def test_without_english_there_is_no_gap() -> None:
    metrics = target_metrics(of_texts("accuracy", accuracy={"de": 0.6, "af": 0.4}))
    assert metrics == {"data": "pictograms", "accuracy": {"af": 0.4, "de": 0.6, "zero_shot": 0.5}}


def test_english_alone_is_not_zero_shot() -> None:
    assert target_metrics(of_texts("accuracy", accuracy={"en": 0.6})) == {"data": "pictograms", "accuracy": {"en": 0.6}}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_scores_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    assert read_scores(write(path, SCORES)) == SCORES
    with pytest.raises(DataError, match=r"scores\.json: found no data, metric"):
        read_scores(write(path, {key: SCORES[key] for key in SCORES if key not in ("metric", "data")}))
    with pytest.raises(DataError, match="found no scores by f1, expected the target's own metric"):
        read_scores(write(path, {**SCORES, "metric": "f1"}))
    with pytest.raises(DataError, match="accuracy in de, bn, expected a value in bn, de, en"):
        read_scores(write(path, {**SCORES, "scores": {"accuracy": {"de": 0.5, "bn": 0.2}}}))
    with pytest.raises(DataError, match="blind in en, expected a value in bn, de, en"):
        read_scores(write(path, {**SCORES, "controls": {"blind": {"en": 0.5}}}))
    with pytest.raises(DataError, match="found task kind 'riddle', expected one of vqa, layout"):
        read_scores(write(path, {**SCORES, "kind": "riddle"}))
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "nothing.json")


def test_an_earlier_layout_is_refused(tmp_path: Path) -> None:
    """Files that had accuracy and blind at the top."""
    earlier = {key: SCORES[key] for key in ("target", "recipe", "route", "seed", "metric", "data", "rows", "types")}
    earlier |= {"accuracy": SCORES["scores"]["accuracy"], "blind": SCORES["controls"]["blind"]}
    with pytest.raises(DataError, match=r"found no kind, scores, controls, expected .*; run `dvc repro`"):
        read_scores(write(tmp_path / "scores.json", earlier))
