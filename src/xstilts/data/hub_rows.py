"""Rows of the hub's Parquet files as JSON lines in the format `rows`: fields renamed, numbers of classes as names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.base.errors import DataError

if TYPE_CHECKING:
    from xstilts.data.hub_files import HubRepository

# Every field that a reader of the format `rows` knows, whatever the task's kind.
FIELDS = (
    *("id", "language", "text", "second", "label", "image", "second_image"),
    *("question", "context", "answer", "answers", "scores", "structural", "semantic"),
    *("words", "tags", "choices", "side", "gold", "layout"),
)
NO_LABEL = "no gold label (-1 on the hub)"  # why a row is left out; SNLI has such rows
UNLABELLED = -1
BATCH = 4096  # rows in memory
_TODO = "correct data.official.hub in the task's file"


@dataclass(frozen=True)
class RowMap:
    """How a row of the hub becomes a row of the raw set.

    Attributes:
        columns: {field: column, `column.key` of a struct, or a list of columns}.
        labels: names of the classes, tags or choices, by number; empty: the names in the Parquet footer.
        split: the ids of rows without one start with it.
        names_labels: whether numbers of labels and tags become their names; otherwise they are kept.
    """

    columns: Mapping[str, str | list[str]]
    labels: Sequence[str]
    split: str
    names_labels: bool = True


class Counts(NamedTuple):
    """How many rows were read, written, and left out because they have no label."""

    read: int = 0
    written: int = 0
    without_label: int = 0


def write_rows(repository: HubRepository, paths: Sequence[str], rows: RowMap, target: Path) -> Counts:
    """Download Parquet files and write their rows into the file `target`.

    Raises:
        DataError: a broken file, a column that is not there, an unknown label, or a value that is
            neither a text nor a number.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    counts = Counts()
    with target.open("x", encoding="utf-8") as lines:
        for path in paths:
            local, place = repository.download(path), f"{repository.place}/{path}"
            try:
                counts = _copy_rows(local, place, rows, lines, counts)
            except (pa.ArrowException, OSError) as error:
                found = f"a broken Parquet file ({str(error).splitlines()[0]})"
                raise DataError(place, None, found, "a whole one", f"delete {local.resolve()} and run again") from None
    return counts


def _copy_rows(local: Path, place: str, rows: RowMap, lines: TextIO, before: Counts) -> Counts:
    """Write the rows of one file; return the counts of it and the files `before`."""
    read, written, without_label = before
    with pq.ParquetFile(local) as parquet:
        reader = _Reader(parquet.schema_arrow, rows, place)
        for batch in parquet.iter_batches(BATCH, columns=reader.needed()):
            for row in batch.to_pylist():
                content = reader.convert(row, read)
                read += 1
                if content is None:
                    without_label += 1
                else:
                    lines.write(json.dumps(content, ensure_ascii=False) + "\n")
                    written += 1
        expected = parquet.metadata.num_rows
    if read - before.read != expected:
        found = f"{read - before.read} rows"
        raise DataError(place, None, found, f"{expected}, as its footer says", "download it again")
    return Counts(read, written, without_label)


class _Reader:
    """Converts the rows of one Parquet file."""

    def __init__(self, schema: pa.Schema, rows: RowMap, place: str) -> None:
        self._schema, self._rows, self._place = schema, rows, place
        self._names = {key: self._names_of(key) for key in ("label", "tags") if key in rows.columns}

    def needed(self) -> list[str]:
        """The columns that are read; `DataError` for one that the file does not have."""
        paths = [one for value in self._rows.columns.values() for one in _listed(value)]
        return list(dict.fromkeys(self._top(path) for path in paths))

    def convert(self, row: Mapping[str, Any], number: int) -> dict[str, Any] | None:
        """One row of the raw set, None if it has no label; `number` counts within the split, from 0."""
        content: dict[str, Any] = {"id": f"{self._rows.split}-{number}"}
        for key, column in self._rows.columns.items():
            several = isinstance(column, list)
            value = [self._value(row, one, number) for one in _listed(column)]
            content[key] = self._field(key, value if several else value[0], number)
        return None if content.get("label") == UNLABELLED else content

    def _top(self, path: str) -> str:
        name = path if path in self._schema.names else path.split(".", 1)[0]
        if name not in self._schema.names:
            raise DataError(self._place, None, f"columns {', '.join(self._schema.names)}", f"a column '{path}'", _TODO)
        return name

    def _value(self, row: Mapping[str, Any], path: str, number: int) -> Any:
        value, column = row, self._top(path)
        for key in [column, *(path[len(column) + 1 :].split(".") if path != column else ())]:
            if not isinstance(value, Mapping) or value.get(key) is None:
                raise self._error(number, f"no value in '{path}'", "one in every row")
            value = value[key]
        return value

    def _field(self, key: str, value: Any, number: int) -> Any:
        if key in ("id", "image", "second_image") and isinstance(value, int):
            return str(value)
        if key == "label":
            return self._index(value, number) if "choices" in self._rows.columns else self._name(key, value, number)
        if key == "tags" and isinstance(value, list):
            return [self._name(key, one, number) for one in value]
        if not _plain(value):
            found = f"{key} that holds more than text and numbers"
            raise self._error(number, found, "text (pictures come from data.official.images)")
        return value

    def _name(self, key: str, value: Any, number: int) -> Any:
        """The name of a class or tag; -1, the hub's mark for a row without a label, is kept."""
        names = self._names[key]
        if not self._rows.names_labels:
            return value
        if not isinstance(value, int) or isinstance(value, bool) or (key == "label" and value == UNLABELLED):
            return value
        if not 0 <= value < len(names):
            raise self._error(number, f"{key} {value}", f"one of the {len(names)} numbers that have a name in labels")
        return names[value]

    def _index(self, value: Any, number: int) -> int:
        """The number of the right choice: itself, as text, or the place of its name in `labels`."""
        if value in self._rows.labels:
            return list(self._rows.labels).index(value)
        try:
            return int(value)
        except ValueError:
            raise self._error(number, f"label '{value}'", "the number of a choice, or a name in labels") from None

    def _names_of(self, key: str) -> list[str]:
        """The names by number: those of the task's file, which must not be the hub's in another order."""
        own = class_names(self._schema, str(self._rows.columns[key]))
        given = list(self._rows.labels)
        permuted = set(own) == set(given) and own != given
        if own and given and "choices" not in self._rows.columns and (permuted or len(own) != len(given)):
            todo = "write data.official.hub.labels in the hub's order, one for each"
            raise DataError(self._place, None, f"the labels {', '.join(own)}", ", ".join(given), todo)
        return given or own

    def _error(self, number: int, found: str, expected: str) -> DataError:
        return DataError(self._place, number, found, expected, _TODO)


def class_names(schema: pa.Schema, column: str) -> list[str]:
    """The names of a column's classes, as the library `datasets` notes them in a Parquet footer; empty if none."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return []
    feature = features.get(column)
    while isinstance(feature, dict) and "names" not in feature:
        feature = feature.get("feature")
    return [str(one) for one in feature["names"]] if isinstance(feature, dict) else []


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _plain(value: Any) -> bool:
    """Whether JSON has the value: texts, numbers, and lists and mappings of them."""
    if isinstance(value, Mapping):
        return all(_plain(one) for one in value.values())
    if isinstance(value, list):
        return all(_plain(one) for one in value)
    return isinstance(value, str | int | float | bool)
