"""Training rows that the test split has too: found, and refused or left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xstilts.base.errors import DataError
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    Example,
    MatchingExample,
    Reading,
    VqaExample,
)
from xstilts.tasks.schema import TaskSpec

OVERLAP = "id or image of the test split"


def images_of(example: Example) -> tuple[str, ...]:
    """The ids of the images that an example is about."""
    if isinstance(example, ClassificationExample):
        return example.images
    if isinstance(example, VqaExample | MatchingExample):
        return (example.image,)
    return (example.image,) if isinstance(example, ChoiceExample) and example.image else ()


def check_disjoint(task: TaskSpec, readings: Mapping[str, Reading[Example]]) -> None:
    """Refuse a train or dev row whose id or image a test row has: such a score says nothing of unseen data.

    Few-shot xGQA's questions come out of GQA's test-dev: a model trained on them may be scored on few_shot/*/test.json
    alone, and the files of the zero-shot test are refused here.

    Raises:
        DataError: naming the split, the row, and what it shares.
    """
    if "test" not in readings:
        return
    ids, images = _test(readings["test"].examples)
    for split in ("train", "dev"):
        for example in readings[split].examples if split in readings else ():
            shared = next((one for one in images_of(example) if one in images), None)
            if example.id in ids or shared is not None:
                raise _leak(task, split, example, f"id '{example.id}'" if example.id in ids else f"image '{shared}'")


def drop_overlap(task: TaskSpec, readings: Mapping[str, Reading[Example]]) -> dict[str, Reading[Example]]:
    """The splits as they may be trained on: checked (`overlap: error`), or without the rows of train and dev that
    share an id or image with a test row, which are counted (`overlap: skip`).

    Raises:
        DataError: an overlap that the task does not say to skip, or nothing left.
    """
    if task.encode.overlap == "error" or "test" not in readings:
        check_disjoint(task, readings)
        return dict(readings)
    ids, images = _test(readings["test"].examples)
    return {
        split: reading if split == "test" else _without(task, split, reading, ids, images)
        for split, reading in readings.items()
    }


def _test(examples: Iterable[Example]) -> tuple[set[str], set[str]]:
    listed = list(examples)
    return {one.id for one in listed}, {image for one in listed for image in images_of(one)}


def _without(
    task: TaskSpec, split: str, reading: Reading[Example], ids: set[str], images: set[str]
) -> Reading[Example]:
    kept = [one for one in reading.examples if one.id not in ids and images.isdisjoint(images_of(one))]
    left_out = len(reading.examples) - len(kept)
    if not kept:
        found, todo = f"every row of {split} in the test split", "give another file"
        raise DataError(f"stages/tasks/{task.name}.yaml", "encode.files", found, "rows of their own", todo)
    return Reading(kept, {**reading.skipped, **({OVERLAP: left_out} if left_out else {})})


def _leak(task: TaskSpec, split: str, example: Example, shared: str) -> DataError:
    names = task.encode.files.get("test")
    path = f"data/raw/{task.name}, {split}"
    found = f"{shared}, which the test split has too ({names if isinstance(names, str) else ', '.join(names or [])})"
    todo = "score it on other questions and images (few-shot xGQA: few_shot/*/test.json), or set encode.overlap: skip"
    return DataError(path, example.id, found, f"no id and no image of test in {split}", todo)
