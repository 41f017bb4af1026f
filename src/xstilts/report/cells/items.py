"""The test examples of one cell with what each earned: the smallest file that statistics need.

`items.arrow` has one row per example and language. What is true of the whole cell stands in the schema's metadata:
target, recipe, route, seed, data, kind, metric and what training cost.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, write_table
from xstilts.base.kinds import KINDS
from xstilts.report.cells.confusion import answer_kind

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image_id", pa.string()),  # for two images both ids with a space between; "" without an image
        ("cluster", pa.string()),  # without an image: what stands or falls together, "" for its id alone
        ("language", pa.string()),
        ("part", pa.string()),  # image-text retrieval: what is searched for, `image` or `text`; else ""
        ("structural", pa.string()),  # question type, "" where there is none
        ("score", pa.float32()),  # points earned by the main metric
        ("of", pa.float32()),  # what could be earned
        ("blind", pa.float32()),  # points of the controls, null where the target has none
        ("shuffled", pa.float32()),
        ("form", pa.float32()),  # 1 where the answer is of the right one's kind, else 0; null without kinds
    ]
)
CELL = b"cell"
_ABOUT = ("target", "recipe", "route", "seed", "data", "kind", "metric")
_COLUMNS = {"part": "direction", "blind": "blind_score", "shuffled": "shuffled_score"}  # other names in predictions
_OPTIONAL = ("image_id", "part", "structural", "blind", "shuffled")  # what some kinds of targets do not have


def items(predictions: Path, kind: str = "") -> pa.Table:
    """Rows of `SCHEMA` from a cell's predictions.arrow.

    Args:
        kind: of the target, by which answers have a form; "": they have none.

    Raises:
        DataError: a column is missing, as in predictions of an earlier version.
    """
    table = open_rows(predictions)
    columns = {}
    for field in SCHEMA:
        name = _COLUMNS.get(field.name, field.name)
        if name == "form":
            columns[name] = _forms(table, kind)
        elif name in table.column_names:
            columns[field.name] = table[name]
        elif field.name in _OPTIONAL:
            columns[field.name] = _nothing(field.type, len(table))
        else:
            found, expected = ", ".join(table.column_names), f"a column {name}"
            raise DataError(predictions, None, found, expected, "run `dvc repro` to score the cell again")
    return pa.table(columns, schema=SCHEMA)


def _forms(table: pa.Table, kind: str) -> pa.Array:
    """Whether each answer is of the right answer's kind: a yes or no, a colour, a name; of free answers alone."""
    if not kind or not KINDS[kind].has_vocabulary:
        return _nothing(pa.float32(), len(table))
    pairs = zip(table["gold"].to_pylist(), table["prediction"].to_pylist(), strict=True)
    return pa.array([float(answer_kind(gold) == answer_kind(given)) for gold, given in pairs], pa.float32())


def _nothing(kind: pa.DataType, rows: int) -> pa.Array:
    return pa.array([""] * rows, kind) if kind == pa.string() else pa.nulls(rows, kind)


def write_items(path: Path, table: pa.Table, scores: Mapping[str, Any], training: Mapping[str, Any]) -> None:
    """Write items with what is true of the whole cell.

    Args:
        scores: the cell's scores.json.
        training: its training.json, without the curves.
    """
    cost = {phase: own and {key: own[key] for key in own if key != "curve"} for phase, own in training.items()}
    about = {key: scores[key] for key in _ABOUT} | {"training": cost}
    write_table(path, table.replace_schema_metadata({CELL: json.dumps(about, sort_keys=True).encode()}))


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
