"""What a page shows of one cell beside its scores: how its training went, and its answers about the scenes.

`data/report/details/<target>/<route>-s<seed>` has `training.json` (both phases with the curve of English dev; null
where nothing was trained) and `answers.arrow` (a row a question and language of the target's scenes).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, whole_directory, write_json, write_table
from xstilts.report.cells.items import training_of
from xstilts.report.cells.metrics import read_scores
from xstilts.report.cells.points import earned

ANSWERS = pa.schema(
    [
        ("id", pa.string()),
        ("language", pa.string()),
        ("prediction", pa.string()),
        ("score", pa.float32()),  # points earned by the main metric, 0..1
    ]
)


def details_path(root: Path, target: str, route: str, seed: int) -> Path:
    """Where the details of one cell lie below `root` (data/report/details)."""
    return root / target / f"{route}-s{seed}"


def write_details(scores: Path, intermediate: Path, target: Path, scenes: Path, out: Path) -> None:
    """Write the details of a cell.

    Args:
        scores: the cell's folder with scores.json and predictions.arrow.
        intermediate, target: checkpoint.json of its two training phases.
        scenes: questions.arrow of the target's scenes.

    Raises:
        DataError: the cell has no answer to a question of the scenes.
    """
    content, questions = read_scores(scores / "scores.json"), open_rows(scenes)
    answers = _answers(scores / "predictions.arrow", content, questions)
    with whole_directory(out) as draft:
        write_json(draft / "training.json", {"intermediate": _phase(intermediate), "target": _phase(target)})
        write_table(draft / "answers.arrow", answers)


def _phase(checkpoint: Path) -> dict[str, Any] | None:
    """What training a phase took and how it went: a point of the curve is an update, its loss and the dev score."""
    training = training_of(checkpoint)
    if training is None:
        return None
    return training | {"curve": read_json(checkpoint)["training"].get("curve", [])}


def _answers(path: Path, scores: Mapping[str, Any], questions: pa.Table) -> pa.Table:
    """The rows of the scenes' questions, in the order of the predictions."""
    if not len(questions):
        return ANSWERS.empty_table()
    table = open_rows(path)
    table = table.filter(pc.is_in(table["id"], questions["id"]))
    found, expected = len(table), len(questions)
    if found != expected:
        todo = "run `dvc repro` to score the cell again"
        raise DataError(path, None, f"{found} answers to questions of the scenes", str(expected), todo)
    points = earned(table, scores["kind"], scores["metric"], scores["target"])
    score = points.earned / points.of
    columns = [*(table[name] for name in ANSWERS.names[:-1]), pa.array(score.astype(np.float32))]
    return pa.table(dict(zip(ANSWERS.names, columns, strict=True)), schema=ANSWERS)
