"""Writing a cache: one Arrow file per split, and the card that says what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.base.cache import ROW
from xstilts.base.files import CARD, whole_directory, write_json, write_table

FINGERPRINTS = "fingerprints.arrow"
INDICES = ("image", "second_image", "label", "question", "start", "end")  # -1 where there is none


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
