"""Scoring a target of any kind: the files it writes, its controls, and the same again the second time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import open_rows, read_json, write_json
from xstilts.base.kinds import KINDS
from xstilts.base.parameters import build
from xstilts.report.cells.metrics import read_scores, study_metrics
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target

FILES = ["predictions.arrow", "provenance.json", "scores.json", "training.json"]
TARGETS = [
    ("looks", "accuracy", True),
    ("votes", "soft_accuracy", True),
    ("follows", "accuracy", False),
    ("compares", "accuracy", True),
    ("doubts", "f1", False),
    ("doubts", "exact_match", False),
    *(("parses", metric, False) for metric in KINDS["layout"].metrics),
    ("tags", "f1", False),
    ("tags", "pos_f1", False),
    ("tags", "accuracy", False),
    ("picks", "accuracy", False),
    ("points", "accuracy", True),
    ("matches", "accuracy", True),
    ("matches", "pairwise_accuracy", True),
    ("matches", "recall_at_1", True),
    ("searches", "accuracy", False),
    ("searches", "f1", False),
    ("searches", "map", False),
    ("searches", "map_at_20", False),
]


def test_every_metric_of_every_kind_is_tried(tiny: Any) -> None:
    tried = {(tiny.KINDS[task], metric) for task, metric, _ in TARGETS}
    assert tried == {(kind, metric) for kind, facts in KINDS.items() if facts.is_scored for metric in facts.metrics}


@pytest.mark.parametrize(("task", "metric", "pictures"), TARGETS)
def test_every_kind_of_target(
    task: str,
    metric: str,
    pictures: bool,
    make_cache: Callable[..., Path],
    untrained: Callable[[Path], Path],
    score: Callable[..., Path],
) -> None:
    """Files, and keys as the reports read them; values in 0..1; controls where there are pictures, and there alone."""
    cache = make_cache(task, metric=metric)
    out = score(cache, untrained(cache))
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", *FILES]
    scores, table = read_scores(out / "scores.json"), open_rows(out / "predictions.arrow")
    about = {"target": task, "recipe": "lora", "route": "gqa", "seed": 3, "data": "pictograms", "metric": metric}
    assert {key: scores[key] for key in about} == about
    assert next(iter(scores["scores"])) == metric
    assert set(scores["controls"]) == ({"blind", "shuffled"} if pictures else set())
    values = [v for part in (scores["scores"], scores["controls"]) for own in part.values() for v in own.values()]
    assert all(0 <= value <= 1 for value in values)
    assert len(set(values)) > 1
    assert scores["rows"] == {
        language: table["language"].to_pylist().count(language) for language in ("de", "en", "ko")
    }
    assert set(study_metrics(scores)[metric]) == {"en", "de", "ko", "zero_shot"}
    columns = {"score": scores["scores"][metric]}
    columns |= {f"{control}_score": own for control, own in scores["controls"].items()}
    assert {name for name in table.column_names if name.endswith("score")} == set(columns)
    for column, expected in columns.items():
        assert added_up(table, column) == pytest.approx(expected, abs=1e-6)


def added_up(table: pa.Table, column: str) -> dict[str, float]:
    """By language: the sum of a column over that of `of`, and the mean of these over both directions of retrieval."""
    sums: dict[str, dict[str, list[float]]] = {}
    for row in table.to_pylist():
        found = sums.setdefault(row["language"], {}).setdefault(row.get("direction", ""), [0.0, 0.0])
        found[0], found[1] = found[0] + row[column], found[1] + row["of"]
    return {language: fmean(earned / of for earned, of in parts.values()) for language, parts in sums.items()}


@pytest.mark.parametrize("task", ["looks", "points", "doubts", "tags", "matches", "searches"])
def test_batches_change_nothing(
    task: str,
    make_cache: Callable[..., Path],
    untrained: Callable[[Path], Path],
    score: Callable[..., Path],
) -> None:
    """What an example is batched with changes no prediction of it and no score."""
    cache = make_cache(task)
    checkpoint, results = untrained(cache), []
    for budget, size in ((4096, 128), (60, 64), (1, 1)):
        out = score(cache, checkpoint, f"{budget}", token_budget=budget, batch_size=size)
        kept = [name for name in open_rows(out / "predictions.arrow").column_names if name in ("id", "prediction")]
        table = open_rows(out / "predictions.arrow").select(kept).to_pydict()
        results.append((table, read_json(out / "scores.json")["scores"]))
    assert results[0] == results[1] == results[2]
    assert len(set(map(str, results[0][0]["prediction"]))) > 1


def test_scores_are_those_of_the_predictions(
    cache: Path, checkpoint: Path, score: Callable[..., Path], settings: ScoreSettings
) -> None:
    out = score(cache, checkpoint)
    table, scores = open_rows(out / "predictions.arrow").to_pylist(), read_json(out / "scores.json")
    found = {"prediction": scores["scores"]["accuracy"], **scores["controls"]}
    for column, by_language in found.items():
        for language in ("en", "de", "ko"):
            right = [row[column] == row["gold"] for row in table if row["language"] == language]
            assert by_language[language] == pytest.approx(np.mean(right), abs=1e-6)
    assert len({value for by_language in found.values() for value in by_language.values()}) > 2
    assert set(scores["types"]["structural"]["en"]) == {"verify", "query"}
    provenance = read_json(out / "provenance.json")
    assert provenance["precision"] == settings.precision
    assert {"python", "torch", "transformers"} <= provenance["versions"].keys()


def test_the_second_time_gives_the_same_bytes(cache: Path, checkpoint: Path, score: Callable[..., Path]) -> None:
    one, two = (score(cache, checkpoint, name) for name in ("one", "two"))
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_failure_leaves_nothing(cache: Path, score: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing/checkpoint\.json: found no such file"):
        score(cache, tmp_path / "missing")
    assert not (tmp_path / "out/data/scores").exists()


def test_what_cannot_be_scored(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], score: Callable[..., Path], tmp_path: Path
) -> None:
    texts = make_cache("fills")
    with pytest.raises(ParameterError, match="target fills: no scores for task kind 'mlm'"):
        score(texts, untrained(texts), "kind")
    sentences = make_cache("searches", metric="recall")
    with pytest.raises(
        ParameterError, match=r"target searches: retrieval is not scored by 'recall'\. .*Valid: accuracy"
    ):
        score(sentences, untrained(sentences), "metric")
    spans = make_cache("finds")
    with pytest.raises(DataError, match=r"test\.arrow, row 0: found no offsets"):
        score(spans, untrained(spans), "offsets")
    (texts / "test.arrow").unlink()
    card = read_json(texts / "card.json")
    write_json(texts / "card.json", {**card, "tasks": {"fills": {**card["tasks"]["fills"], "kind": "choice"}}})
    with pytest.raises(DataError, match=r"test\.arrow: found no such file"):
        score(texts, untrained(texts), "rows")
    assert not list(tmp_path.glob("*/data/scores"))


def test_rows_of_another_target(cache: Path, checkpoint: Path, public: Path, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Cell, "test_cache", cache)
    with pytest.raises(DataError, match=r"card\.json: found test rows of looks, expected xgqa"):
        score_target(checkpoint, public, Cell("plain", "gqa", 0, "xgqa"), settings)


def test_settings_of_a_task_file() -> None:
    defaults = dataclasses.asdict(ScoreSettings())
    assert build(ScoreSettings, defaults, "xgqa") == ScoreSettings()
    for key, value in {"top": 0, "token_budget": 0, "candidates": 1}.items():
        with pytest.raises(ParameterError, match=f"xgqa: {key} is {value}"):
            build(ScoreSettings, {**defaults, key: value}, "xgqa")
