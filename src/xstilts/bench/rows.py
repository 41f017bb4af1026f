"""The rows that every side of a comparison works on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.errors import ParameterError
from xstilts.base.files import CARD, open_rows, read_json
from xstilts.bench.job import Job
from xstilts.train.examples import Examples


def read_card(job: Job) -> tuple[str, dict[str, Any]]:
    """The one task of the job's cache, and the whole card.

    Raises:
        ParameterError: several tasks, or one whose examples do not have one label each.
    """
    card = read_json(Path(job.cache) / CARD)
    kinds = {task: entry["kind"] for task, entry in card["tasks"].items()}
    if len(kinds) != 1 or not set(kinds.values()) <= {"classification", "vqa"}:
        found = ", ".join(f"{task} ({kind})" for task, kind in kinds.items()) or "no task"
        raise ParameterError(f"{job.cache}: found {found}, expected one task of kind classification or vqa")
    return next(iter(kinds)), card


def table_of(job: Job, rows: Sequence[int], split: str | None = None) -> pa.Table:
    """Rows of a split (the job's own if None), in the order in which they are named."""
    path = Path(job.cache) / f"{split or job.split}.arrow"
    return open_rows(path).take(pa.array(rows, pa.int64()))


def examples_of(job: Job, rows: Sequence[int], split: str | None = None) -> Examples:
    """The same rows as the pipeline opens them."""
    return Examples(table_of(job, rows, split), read_card(job)[1])


def token_ids(table: pa.Table) -> list[list[int]]:
    """Token ids of every row, special tokens included, no padding."""
    ids: list[list[int]] = table["input_ids"].to_pylist()
    return ids


def labels_of(table: pa.Table) -> np.ndarray:
    """Labels int64 `[rows]`, -1: an answer outside the vocabulary."""
    return np.asarray(table["label"].to_numpy()).astype(np.int64)


def tokenizer_file(job: Job) -> Path:
    """The encoder's own tokenizer."""
    return Path(job.public) / "encoder" / "tokenizer.json"
