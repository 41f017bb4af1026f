"""What the encoder of a task kind is given, and the columns that it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from xstilts.base.errors import DataError, did_you_mean
from xstilts.tasks.examples import Example
from xstilts.tasks.schema import TaskSpec

OUTSIDE = -1  # an answer outside the vocabulary, or an image that is not there


@dataclass(frozen=True)
class Setting:
    """What encoding a split depends on, besides its examples.

    Attributes:
        split: `train`, `dev` or `test`.
        tokenizer: cuts at `task.encode.max_length`.
        labels: the classes, the answer vocabulary or the tags; a label is an index into it.
        images: {image id: row in the feature file}.
        source: the file or the folder of raw data, named in errors.
    """

    task: TaskSpec
    split: str
    tokenizer: Tokenizer
    labels: Sequence[str]
    images: Mapping[str, int]
    source: Path

    def index(self) -> dict[str, int]:
        """{label: its index}."""
        return {label: number for number, label in enumerate(self.labels)}

    def image(self, image: str) -> int:
        """The row of an image in the feature file; `OUTSIDE` for a task whose images are not available."""
        return OUTSIDE if self.task.encode.features is None else self.images[image]

    def unknown_label(self, example: Example, label: str) -> DataError:
        """The error for a class or a tag that the task does not have."""
        hint = did_you_mean(label, self.labels)
        expected, todo = "a label of the task", f"correct it or encode.labels in stages/tasks/{self.task.name}.yaml"
        return self.error(example, f"label '{label}'", expected, f"{todo}.{hint}")

    def error(self, example: Example, found: str, expected: str, todo: str) -> DataError:
        """An error that names an example."""
        return DataError(self.source, example.id, found, expected, todo)


@dataclass(frozen=True)
class Columns:
    """One split, encoded.

    Attributes:
        values: {column of `cache.ROW`: one value per row}; a column that is absent is empty in every row.
        truncated: rows that were kept although tokens of their text were cut off.
        skipped: {reason: examples left out}.
    """

    values: Mapping[str, Any]
    truncated: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)


def names(examples: Sequence[Example]) -> dict[str, list[str]]:
    """The columns `id` and `language` where every example is one row."""
    return {"id": [one.id for one in examples], "language": [one.language for one in examples]}
