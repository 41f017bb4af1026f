"""What the labels of a task are: listed in its file, found in its training split, or fixed by its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xstilts.encode.answers import answer_vocabulary
from xstilts.encode.kinds.matching import LABELS
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.tagging import tags_of


def task_labels(task: TaskSpec, training: Sequence[Any]) -> list[str]:
    """The classes, the answer vocabulary or the tags, in the order of their indices; empty for the other kinds."""
    find = _LABELS.get(task.kind)
    return list(task.encode.labels) if find is None else find(task.encode, training)


_LABELS: dict[str, Callable[[EncodeSection, Sequence[Any]], list[str]]] = {
    "vqa": lambda section, training: answer_vocabulary(training, section.min_count),
    "tagging": lambda section, training: list(section.labels) or tags_of(training),
    "matching": lambda section, training: list(LABELS),
}
