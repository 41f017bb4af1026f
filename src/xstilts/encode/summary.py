"""The summary of a new cache: rows, languages, lengths, padding, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BATCH = 32  # rows padded together when the share of padding is computed


def summary(splits: Mapping[str, pa.Table], notes: Mapping[str, str] | None = None) -> str:
    """A table, one line per split and task.

    `padding` is the share of padding if rows were batched by 32 in their present order: what batching by length
    saves.

    Args:
        notes: {split: what to say at the end of its lines}.
    """
    head = f"{'split':6} {'task':12} {'rows':>8} {'languages':24} {'tokens':>7} {'longest':>7} {'padding':>7}"
    lines = [head]
    for split, table in splits.items():
        note = (notes or {}).get(split, "")
        for task in sorted(pc.unique(table["task"]).to_pylist()):
            lines.append(_line(split, task, table.filter(pc.equal(table["task"], task))) + note)
    return "\n".join(lines if len(lines) > 1 else [head, "(no rows)"])


def _line(split: str, task: str, table: pa.Table) -> str:
    lengths = pc.list_value_length(table["input_ids"]).to_numpy()
    languages = " ".join(sorted(pc.unique(table["language"]).to_pylist()))
    shown = f"{split:6} {task:12} {table.num_rows:8} {languages:24}"
    return f"{shown} {lengths.mean():7.1f} {lengths.max():7} {padding(lengths):7.0%}"


def padding(lengths: np.ndarray, batch: int = BATCH) -> float:
    """The share of padding in batches of rows with these lengths, each batch padded to its longest row."""
    if not len(lengths):
        return 0.0
    batches = [lengths[start : start + batch] for start in range(0, len(lengths), batch)]
    padded = sum(int(one.max()) * len(one) for one in batches)
    return 1 - float(lengths.sum()) / padded


def mixture_summary(statement: Mapping[str, Any]) -> str:
    """A table of what a mixture's card says of its members: one line per member, after one on the rule.

    `rate` is what the sampling rule asks for and `of rows` what was drawn; `of tokens` differs for long texts.
    """
    rule = f"{statement['rule']}, cap {statement['cap']}, temperature {statement['temperature']:g}"
    columns = ("rate", "share_of_rows", "share_of_tokens", "padding")
    head = f"{'member':16} {'rows':>9} {'draws':>9} {'rate':>8} {'of rows':>8} {'of tokens':>9} {'padding':>8}"
    lines = [f"sampling: {rule}, seed {statement['seed']}", head]
    for member, entry in statement["members"].items():
        shares = [f"{entry[column]:{width}.2%}" for column, width in zip(columns, (8, 8, 9, 8), strict=True)]
        lines.append(f"{member:16} {entry['rows']:9} {entry['draws']:9} {' '.join(shares)}")
    return "\n".join(lines if len(lines) > 2 else [*lines, "(no members)"])
