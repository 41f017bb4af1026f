"""Training rows that are also in the test split: found, and refused or left out."""

from collections.abc import Iterable, Mapping

from xstilts.base.errors import DataError
from xstilts.base.kinds import KINDS
from xstilts.tasks.examples import Example, Reading
from xstilts.tasks.schema import TaskSpec

OVERLAP = "id or image of the test split"


def images_of(kind: str, example: Example) -> tuple[str, ...]:
    """The ids of the images that an example is about."""
    if not KINDS[kind].takes_images:
        return ()
    found: tuple[str | None, ...] = getattr(example, "images", None) or (getattr(example, "image", None),)
    return tuple(one for one in found if one)


def check_disjoint(task: TaskSpec, readings: Mapping[str, Reading[Example]]) -> None:
    """Refuse a train or dev row that shares its id or image with a test row: its score says nothing about unseen data.

    Few-shot xGQA's questions come from GQA's test-dev: a model trained on them may only be scored on
    few_shot/*/test.json, and the files of the zero-shot test are refused here.

    Raises:
        DataError: naming the split, the row, and what it shares.
    """
    if "test" not in readings:
        return
    ids, images = _test(task, readings["test"].examples)
    for split in ("train", "dev"):
        for example in readings[split].examples if split in readings else ():
            shared = next((one for one in images_of(task.kind, example) if one in images), None)
            if example.id in ids or shared is not None:
                raise _leak(task, split, example, f"id '{example.id}'" if example.id in ids else f"image '{shared}'")


def drop_overlap(task: TaskSpec, readings: Mapping[str, Reading[Example]]) -> dict[str, Reading[Example]]:
    """The splits as they may be trained on: checked (`overlap: error`), or without the rows of train and dev that
    share an id or image with a test row, which are counted (`overlap: skip`).

    Raises:
        DataError: an overlap that the task does not say to skip, or no row left.
    """
    if task.encode.overlap == "error" or "test" not in readings:
        check_disjoint(task, readings)
        return dict(readings)
    ids, images = _test(task, readings["test"].examples)
    return {
        split: _without(task, split, reading, ids, images) if split in ("train", "dev") else reading
        for split, reading in readings.items()
    }


def _test(task: TaskSpec, examples: Iterable[Example]) -> tuple[set[str], set[str]]:
    """The ids and the images of the test split."""
    listed = list(examples)
    return {one.id for one in listed}, {image for one in listed for image in images_of(task.kind, one)}


def _without(
    task: TaskSpec, split: str, reading: Reading[Example], ids: set[str], images: set[str]
) -> Reading[Example]:
    kept = [one for one in reading.examples if one.id not in ids and images.isdisjoint(images_of(task.kind, one))]
    left_out = len(reading.examples) - len(kept)
    if not kept:
        found, todo = f"every row of {split} in the test split", "give another file"
        raise DataError(f"stages/tasks/{task.name}.yaml", "encode.files", found, "rows of their own", todo)
    return Reading(kept, {**reading.skipped, **({OVERLAP: left_out} if left_out else {})}, reading.notes)


def _leak(task: TaskSpec, split: str, example: Example, shared: str) -> DataError:
    names = task.encode.files.get("test")
    path = f"data/raw/{task.name}, {split}"
    found = f"{shared}, which is also in the test split ({names if isinstance(names, str) else ', '.join(names or [])})"
    todo = "score it on other questions and images (few-shot xGQA: few_shot/*/test.json), or set encode.overlap: skip"
    return DataError(path, example.id, found, f"no id and no image of test in {split}", todo)
