"""The schema of a task file, and one reader a task kind: official formats in, typed examples out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from xstilts.errors import DataError
from xstilts.tasks.classification import read_classification
from xstilts.tasks.examples import Example, Reading, VqaExample
from xstilts.tasks.schema import LANGUAGE, TaskSpec
from xstilts.tasks.span import read_span
from xstilts.tasks.vqa import check_parallel, read_vqa

Reader = Callable[[Path, str, TaskSpec, Collection[str] | None], Reading[Example]]

READERS: dict[str, Reader] = {"vqa": read_vqa, "classification": read_classification, "span": read_span}


def read_split(task: TaskSpec, split: str, raw: Path, images: Collection[str] | None = None) -> Reading[Example]:
    """Read one split of a task in all its languages.

    Args:
        split: `train`, `dev` or `test`, a key of `encode.files` in the task's file.
        raw: the folder that those paths are relative to, data/raw/<task>.
        images: the ids of the images there are; None skips the check.

    Returns:
        The examples, language by language in the order that the task lists them in.

    Raises:
        DataError: naming file and row; also if the languages of a VQA split do not ask the same questions.
    """
    paths = split_files(task, split, raw)
    read = READERS[task.kind]
    readings = {path: read(path, language, task, images) for language, path in paths.items()}
    if task.kind == "vqa":
        _check_languages_parallel({path: reading.examples for path, reading in readings.items()})
    skipped: dict[str, int] = {}
    for reading in readings.values():
        for reason, rows in reading.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + rows
    return Reading([example for reading in readings.values() for example in reading.examples], skipped)


def split_files(task: TaskSpec, split: str, raw: Path) -> dict[str, Path]:
    """The files of a split, {language: path}; one in a language that the task does not list is an error."""
    languages, pattern = task.encode.languages, task.encode.files[split]
    if LANGUAGE not in pattern:
        return {languages[0]: raw / pattern}
    before, after = pattern.split(LANGUAGE)
    name = re.compile(re.escape(before) + r"([^/]+)" + re.escape(after))
    for path in sorted(raw.glob(pattern.replace(LANGUAGE, "*"))):
        match = name.fullmatch(path.relative_to(raw).as_posix())
        if match and match[1] not in languages:
            todo = f"list it under encode.languages in stages/tasks/{task.name}.yaml or take the file away"
            raise DataError(path, None, f"language '{match[1]}'", f"one of {', '.join(languages)}", todo)
    return {language: raw / pattern.replace(LANGUAGE, language) for language in languages}


def _check_languages_parallel(examples: dict[Path, Sequence[Example]]) -> None:
    questions = {path: [one for one in rows if isinstance(one, VqaExample)] for path, rows in examples.items()}
    first, *others = questions
    for other in others:
        check_parallel(first, questions[first], other, questions[other])
