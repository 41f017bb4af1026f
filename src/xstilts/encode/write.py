"""Writing a cache: one Arrow file a split and the card that says what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.cache import CARD, ROW, whole_directory, write_json, write_table


def as_table(columns: Mapping[str, list[Any]]) -> pa.Table:
    """Columns of Python values as a table with the schema of a cache."""
    return pa.table({name: pa.array(columns[name], ROW.field(name).type) for name in ROW.names}, schema=ROW)


def write_cache(directory: Path, card: Mapping[str, Any], splits: Mapping[str, pa.Table]) -> None:
    """Write `<split>.arrow` for every split and card.json, all of it or nothing.

    Args:
        card: the card but for its `rows`, which are counted here.
    """
    rows = {split: table.num_rows for split, table in splits.items()}
    with whole_directory(directory) as draft:
        for split, table in splits.items():
            write_table(draft / f"{split}.arrow", table)
        write_json(draft / CARD, {**card, "rows": rows})
