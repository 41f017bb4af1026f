"""Writing a cache: one Arrow file per split, and the card that says what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.cache import ROW
from xstilts.base.files import CARD, whole_directory, write_json, write_table
from xstilts.encode.images import ImageIndex
from xstilts.tasks.schema import TaskSpec

FINGERPRINTS = "fingerprints.arrow"
INDICES = ("image", "second_image", "label", "start", "end")  # -1 where there is none


@dataclass(frozen=True)
class EncodedSplit:
    """A split that is ready to be written, with what the card says about it.

    Attributes:
        truncated: rows whose text was cut.
        skipped: {reason: examples left out}.
    """

    table: pa.Table
    truncated: int
    skipped: Mapping[str, int]

    @property
    def note(self) -> str:
        """What was cut or left out, for the summary; "" if nothing was."""
        cut = [f"  {self.truncated} rows cut to max_length"] if self.truncated else []
        return ";".join(cut + [f"  {rows} rows skipped: {reason}" for reason, rows in self.skipped.items()])

    @property
    def examples(self) -> int:
        """How many examples the rows come from; the windows of a long one count as one."""
        return int(pc.sum(pc.equal(self.table["window"], 0)).as_py() or 0)


@dataclass(frozen=True)
class TaskCard:
    """What the cards of a task's caches have in common.

    Attributes:
        tokenizer: the SHA-256 of its file.
        origin: what the data are (`official`, `pictograms`), with licence and citation.
    """

    task: TaskSpec
    labels: list[str]
    images: ImageIndex | None
    tokenizer: str
    origin: Mapping[str, str]

    def of(self, splits: Mapping[str, EncodedSplit]) -> dict[str, Any]:
        """The card of a cache with these splits; without any, it names no task."""
        name = self.task.name
        tasks = {name: self._entry(splits)} if splits else {}
        return {
            "name": name,
            "kind": self.task.kind,
            "tasks": tasks,
            "tokenizer": self.tokenizer,
            "mixture": None,
        }

    def _entry(self, splits: Mapping[str, EncodedSplit]) -> dict[str, Any]:
        return {
            "kind": self.task.kind,
            "labels": self.labels,
            "languages": list(self.task.encode.languages),
            "metric": self.task.encode.metric,
            **self.origin,
            "features": self.images.card if self.images else None,
            "max_length": self.task.encode.max_length,
            "rows": {split: encoded.table.num_rows for split, encoded in splits.items()},
            "examples": {split: encoded.examples for split, encoded in splits.items()},
            "truncated": {split: encoded.truncated for split, encoded in splits.items()},
            "skipped": {split: dict(encoded.skipped) for split, encoded in splits.items()},
        }


def as_table(task: str, columns: Mapping[str, Any]) -> pa.Table:
    """Columns as a table with the schema of a cache; a column that is not given is empty in every row.

    Args:
        columns: {column of `cache.ROW`: a list of Python values or an Arrow array}; `id` is among them.
    """
    rows = len(columns["id"])
    given = {"task": pa.repeat(task, rows), **columns}
    arrays = [_array(given[one.name], one.type) if one.name in given else _empty(one, rows) for one in ROW]
    return pa.Table.from_arrays(arrays, schema=ROW)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, list):
        return pa.array(values, kind)
    return values.cast(kind)


def _empty(field: pa.Field, rows: int) -> pa.Array:
    """A column of empty values."""
    if pa.types.is_list(field.type):
        ends = pa.repeat(pa.scalar(0, pa.int32()), rows + 1)
        return pa.ListArray.from_arrays(ends, pa.array([], field.type.value_type))
    value = "" if pa.types.is_string(field.type) else -1 if field.name in INDICES else 0
    return pa.repeat(pa.scalar(value, field.type), rows)


def write_cache(
    directory: Path, card: Mapping[str, Any], splits: Mapping[str, pa.Table], fingerprints: pa.Table | None = None
) -> None:
    """Write `<split>.arrow` for every split, card.json and the fingerprints: all of them, or nothing.

    Args:
        card: the card without its `rows`, which are counted here.
        fingerprints: what the leak report compares, None for a mixture, whose members have their own.
    """
    rows = {split: table.num_rows for split, table in splits.items()}
    with whole_directory(directory) as draft:
        for split, table in splits.items():
            write_table(draft / f"{split}.arrow", table)
        if fingerprints is not None:
            write_table(draft / FINGERPRINTS, fingerprints)
        write_json(draft / CARD, {**card, "rows": rows})
