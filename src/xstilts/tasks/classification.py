"""Classification of pairs of texts and of texts about images: MultiNLI's and SNLI-VE's JSON lines."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from xstilts.errors import did_you_mean
from xstilts.tasks.examples import ClassificationExample, Reading
from xstilts.tasks.rows import Row, Unique, json_lines
from xstilts.tasks.schema import TaskSpec

NO_CONSENSUS = "-"
NO_CONSENSUS_REASON = "gold label '-' (the annotators did not agree)"


def read_classification(
    path: Path, language: str, task: TaskSpec, images: Collection[str] | None = None
) -> Reading[ClassificationExample]:
    """Read one file: premise and hypothesis (`sentence1`, `sentence2`), or, for a task with images, image
    and hypothesis.

    Rows with the gold label `-` are left out and counted, as MultiNLI's and SNLI's authors ask.

    Args:
        language: the language of the file's texts.
        images: the ids of the images there are; None skips the check.

    Raises:
        DataError: naming the file and the row.
    """
    examples: list[ClassificationExample] = []
    ids, skipped = Unique(), 0
    for row in json_lines(path):
        if row.content.get("gold_label") == NO_CONSENSUS:
            skipped += 1
        else:
            examples.append(_example(row, ids, language, task, images))
    return Reading(examples, {NO_CONSENSUS_REASON: skipped} if skipped else {})


def _example(
    row: Row, ids: Unique, language: str, task: TaskSpec, images: Collection[str] | None
) -> ClassificationExample:
    row.check_language(language)
    identifier, label = ids.check(row, row.key("pairID")), _label(row, task)
    if task.encode.features is None:
        return ClassificationExample(identifier, language, row.text("sentence1"), label, second=row.text("sentence2"))
    image = row.image("Flickr30K_ID", images)
    return ClassificationExample(identifier, language, row.text("sentence2"), label, image=image)


def _label(row: Row, task: TaskSpec) -> str:
    label = row.text("gold_label")
    if label not in task.encode.labels:
        hint = did_you_mean(label, task.encode.labels)
        raise row.error(f"label '{label}'", "a label of the task", f"mend it or encode.labels.{hint}")
    return label
