"""What a study keeps of one cell: what its test examples earned, its metrics, its training, and answers to show."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, whole_directory, write_json, write_table
from xstilts.report.cells.items import items, write_items
from xstilts.report.cells.metrics import read_scores, study_metrics

ANSWERS = pa.schema(
    [
        ("id", pa.string()),
        ("language", pa.string()),
        ("prediction", pa.string()),
        ("probability", pa.float32()),  # of the answer, null where a system gives none
        ("score", pa.float32()),  # what the answer earned of what it could have earned, 0..1
    ]
)


def collect(scores: Path, questions: Path, out: Path) -> None:
    """Write `items.arrow`, `metrics.json`, `training.json`, `provenance.json` and `answers.arrow` of a cell into `out`.

    `provenance.json` has the revision that scored the cell, {} where that is not known; `training.json` both phases
    with their curves, null where nothing was trained. `answers.arrow` has one row per question and language of the
    target's scenes.

    Args:
        scores: the cell's folder of scores.
        questions: questions.arrow of the target's scenes.

    Raises:
        DataError: a file of the cell is missing or of another layout, or it has no answer to a question of the scenes.
    """
    origin = scores / "provenance.json"
    content, training = read_scores(scores / "scores.json"), read_json(scores / "training.json")
    table = items(scores / "predictions.arrow", content["kind"])
    answers = answers_to(scores / "predictions.arrow", open_rows(questions))
    with whole_directory(out) as draft:
        write_items(draft / "items.arrow", table, content, training)
        write_json(draft / "metrics.json", study_metrics(content))
        write_json(draft / "training.json", training)
        write_json(draft / "provenance.json", read_json(origin) if origin.is_file() else {})
        write_table(draft / "answers.arrow", answers)


def answers_to(predictions: Path, questions: pa.Table) -> pa.Table:
    """The predictions for some questions as rows of `ANSWERS`, in the order of the predictions.

    Raises:
        DataError: not as many predictions as questions.
    """
    if not len(questions):
        return ANSWERS.empty_table()
    table = open_rows(predictions)
    table = table.filter(pc.is_in(table["id"], questions["id"]))
    if len(table) != len(questions):
        found, todo = f"{len(table)} answers to questions of the scenes", "run `dvc repro` to score the cell again"
        raise DataError(predictions, None, found, str(len(questions)), todo)
    columns = {name: table[name] for name in ("id", "language", "prediction")}
    known = table["probability"].to_pylist() if "probability" in table.column_names else [None] * len(table)
    likeliest = pa.array([own[0] if own else None for own in known], pa.float32())  # that of the prediction
    columns |= {"probability": likeliest, "score": pc.divide(table["score"], table["of"])}
    return pa.table(columns, schema=ANSWERS)
