"""The test examples of one cell (route, seed, target) with what each earned: the smallest file that statistics need.

`data/report/items/<target>/<route>-s<seed>.arrow` has a row an example and language. What is true of the whole cell
stands in the schema's metadata: target, route, seed, data, kind, metric and what training cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, write_table
from xstilts.report.cells.clusters import common_candidates, paragraphs
from xstilts.report.cells.metrics import CONTROLS, read_scores
from xstilts.report.cells.points import RANKED, Points, earned

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image_id", pa.string()),  # of two images: both ids, a space between; "" where there is none
        ("cluster", pa.string()),  # without an image: what stands or falls together (clusters.py), "" for its id alone
        ("language", pa.string()),
        ("part", pa.string()),  # image-text retrieval: what is searched for, `image` or `text`; else ""
        ("structural", pa.string()),  # question type, "" where there is none
        ("score", pa.float32()),  # points earned by the main metric
        ("of", pa.float32()),  # what could be earned
        ("blind", pa.float32()),  # points of the controls, null where the target has none
        ("shuffled", pa.float32()),
    ]
)
CELL = b"cell"
_ABOUT = ("target", "route", "seed", "data", "kind", "metric")
_CLOSE = 2e-4  # float32 sums and rounded scores
_AGAIN = "run `dvc repro` to score the cell again"


def write_items(scores: Path, intermediate: Path, target: Path, cache: Path, out: Path) -> None:
    """Write what each test example of a cell earned.

    Args:
        scores: the cell's folder with scores.json and predictions.arrow.
        intermediate, target: checkpoint.json of its two training phases.
        cache: the target's test cache.

    Raises:
        DataError: the examples do not add up to the scores that scores.json has.
    """
    content = read_scores(scores / "scores.json")
    table = items(open_rows(scores / "predictions.arrow"), content, cache)
    _check_sums(scores / "predictions.arrow", table, content)
    training = {"intermediate": training_of(intermediate), "target": training_of(target)}
    about = {key: content[key] for key in _ABOUT} | {"training": training}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)  # never under a reader that has the earlier file mapped
    write_table(out, table.replace_schema_metadata({CELL: json.dumps(about, sort_keys=True).encode()}))


def training_of(path: Path) -> dict[str, Any] | None:
    """What a checkpoint says of its training: tasks with their data, updates, examples, tokens, English dev scores.

    `shuffled_labels` lists the tasks that were trained on labels of other examples, if any were. None where nothing was
    trained.
    """
    card = read_json(path)
    training = card.get("training")
    if not training:
        return None
    costs = {key: training[key] for key in ("updates", "examples", "tokens")}
    tasks = {name: task.get("data", "") for name, task in card["tasks"].items()}
    shuffled = [name for name, task in card["tasks"].items() if task.get("shuffled_labels")]
    about = {"tasks": tasks, **costs, "english_dev": training.get("english_dev", {})}
    return about | ({"shuffled_labels": shuffled} if shuffled else {})


def items(predictions: pa.Table, scores: Mapping[str, Any], cache: Path) -> pa.Table:
    """Rows of `SCHEMA` from the predictions of a cell.

    Args:
        cache: the target's test cache, which is read where the examples are spans of paragraphs.
    """
    about = (scores["kind"], scores["metric"], scores["target"])
    points = earned(predictions, *about)
    columns = {name: _column(predictions, name) for name in ("id", "language", "structural")}
    columns["part"] = _column(predictions, "direction")
    columns["image_id"] = _images(predictions, columns["part"])
    columns["cluster"] = _clusters(predictions, scores, cache)
    columns |= {"score": _numbers(points.earned), "of": _numbers(points.of)}
    for control in CONTROLS:
        there = control in predictions.column_names
        columns[control] = _control(earned(predictions, *about, control) if there else None, len(predictions))
    return pa.table({field.name: columns[field.name] for field in SCHEMA}, schema=SCHEMA)


def _column(table: pa.Table, name: str) -> Any:
    return table[name] if name in table.column_names else pa.array([""] * len(table), pa.string())


def _images(table: pa.Table, part: Any) -> Any:
    """The image of each row; of image-text retrieval the one that is searched for, or searched with."""
    if "direction" not in table.column_names:
        return _column(table, "image_id")
    rows = zip(part.to_pylist(), table["id"].to_pylist(), table["golds"].to_pylist(), strict=True)
    return pa.array([golds[0] if direction == "image" else name for direction, name, golds in rows], pa.string())


def _clusters(table: pa.Table, scores: Mapping[str, Any], cache: Path) -> Any:
    """What stands or falls together besides an image's rows."""
    if scores["kind"] == "span":
        return pa.array(paragraphs(cache, table), pa.string())
    if scores["metric"] in RANKED:
        return pa.array(common_candidates(table), pa.string())
    return pa.array([""] * len(table), pa.string())


def _control(points: Points | None, rows: int) -> Any:
    return pa.nulls(rows, pa.float32()) if points is None else _numbers(points.earned)


def _numbers(values: np.ndarray) -> Any:
    return pa.array(values.astype(np.float32))


def _check_sums(path: Path, table: pa.Table, scores: Mapping[str, Any]) -> None:
    """Refuse examples that do not add up to the scores of their cell."""
    for language, expected in scores["scores"][scores["metric"]].items():
        found = score_of(table, language)
        if abs(found - expected) > _CLOSE:
            what = f"{scores['metric']} {found:.4f} in {language}"
            raise DataError(path, None, what, f"{expected:.4f} as in scores.json", _AGAIN)


def score_of(table: pa.Table, language: str) -> float:
    """The score of the items of a language: points by what could be earned, a mean over its parts."""
    mine = np.array(table["language"].to_pylist(), object) == language
    parts, points = np.array(table["part"].to_pylist(), object)[mine], table["score"].to_numpy()[mine].astype(float)
    of = table["of"].to_numpy()[mine].astype(float)
    return float(np.mean([points[parts == part].sum() / max(of[parts == part].sum(), 1) for part in set(parts)]))


def read_items(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """The items of a cell, and what is true of the cell.

    Raises:
        DataError: no such file, or one of another layout.
    """
    table = open_rows(path)
    about = (table.schema.metadata or {}).get(CELL)
    if about is None or table.schema.names != SCHEMA.names:
        found, expected = ", ".join(table.schema.names), ", ".join(SCHEMA.names)
        raise DataError(path, None, found, expected, "run `dvc repro` to make the file again")
    return table, json.loads(about)
