"""What the card of a task's cache says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.encode.images import ImageIndex
from xstilts.tasks.schema import TaskSpec


@dataclass(frozen=True)
class EncodedSplit:
    """A split, ready to be written, and what is to be said of it in the card.

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
        """How many examples the rows come from: the windows of a long one are one."""
        return int(pc.sum(pc.equal(self.table["window"], 0)).as_py() or 0)


@dataclass(frozen=True)
class TaskCard:
    """What the cards of a task's caches have in common.

    Attributes:
        tokenizer: the SHA-256 of its file.
        origin: what the data are (`official`, `pictograms`), their licence and citation.
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
