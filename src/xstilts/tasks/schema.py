"""The schema of a task file (stages/tasks/<task>.yaml), as far as reading and encoding need it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal

from xstilts import parameters
from xstilts.errors import ParameterError, did_you_mean

METRICS = {"vqa": ("accuracy",), "classification": ("accuracy",), "span": ("f1", "exact_match")}
SPLITS = ("train", "dev", "test")
LANGUAGE = "{language}"

# ISO 639-1 codes of the languages of xGQA, XTREME and the like: a closed list makes a typo an error.
LANGUAGES = frozenset(
    """
    af am ar bg bn cs da de el en es et eu fa fi fr gu ha he hi ht hu id it ja jv ka kk ko lt ml mr ms my nl
    pa pl pt qu ro ru sv sw ta te th tl tr uk ur vi yo zh
    """.split()
)


@dataclass(frozen=True)
class EncodeSection:
    """The section `encode` of a task's file, over the defaults.

    Attributes:
        languages: codes; the first is the language of every file whose name has no `{language}`.
        metric: what the task is scored by.
        files: {split: path within data/raw/<task>}; `{language}` in a path stands for every language.
        labels: the classes of a classification task, in the order of their indices.
        features: the set of image features that the task's images are in, None for a text task.
        max_length: tokens, special tokens included.
        min_count: training occurrences that put an answer into a VQA task's vocabulary.
        on_truncation: what to do with a row whose answer span is cut off: `error`, or `skip` and count.
    """

    languages: list[str]
    metric: str
    files: dict[str, str]
    labels: list[str] = field(default_factory=list)
    features: str | None = None
    max_length: int = 128
    min_count: int = 1
    on_truncation: Literal["error", "skip"] = "error"


@dataclass(frozen=True)
class TaskSpec:
    """A task as its readers and its encoder see it: its name, its kind and the section `encode` of its file.

    Attributes:
        kind: which reader, head and metric: `vqa`, `classification` or `span`.
    """

    name: str
    kind: str
    encode: EncodeSection


def load_task(name: str) -> TaskSpec:
    """Read the spec of a task from the parameter files; `ParameterError` names file and key."""
    file = parameters.task_file(name)
    kind = str(file.get("kind"))
    if kind == "mixture":
        raise ParameterError(f"stages/tasks/{name}.yaml: {name} is a mixture; run stages/mixture.py {name}")
    if kind not in METRICS:
        hint = did_you_mean(kind, (*METRICS, "mixture"))
        raise ParameterError(f"stages/tasks/{name}.yaml: unknown kind '{kind}'.{hint}")
    where = f"stages/tasks/{name}.yaml: encode"
    section = parameters.build(EncodeSection, _own_keys(name, file), where)
    for check in (_check_languages, _check_files, _check_numbers):
        check(section, where)
    _check_kind(section, kind, where)
    return TaskSpec(name, kind, section)


def _own_keys(name: str, file: dict[str, object]) -> dict[str, object]:
    """The section without the defaults of mixtures; what the task's own file says stays, to be checked."""
    keys = {one.name for one in fields(EncodeSection)} | set(file.get("encode") or {})  # type: ignore[call-overload]
    return {key: value for key, value in parameters.task_section(name, "encode").items() if key in keys}


def _check_languages(section: EncodeSection, where: str) -> None:
    if not section.languages:
        raise ParameterError(f"{where}: languages is empty, expected at least one")
    for index, language in enumerate(section.languages):
        if language not in LANGUAGES:
            hint = did_you_mean(language, LANGUAGES)
            raise ParameterError(f"{where}: unknown language '{language}'.{hint}")
        if language in section.languages[:index]:
            raise ParameterError(f"{where}: language '{language}' is listed twice")


def _check_files(section: EncodeSection, where: str) -> None:
    for split in section.files:
        if split not in SPLITS:
            raise ParameterError(f"{where}: unknown split '{split}' in files.{did_you_mean(split, SPLITS)}")
    missing = [split for split in ("train", "dev") if split not in section.files]
    if missing:
        raise ParameterError(f"{where}: files has no {' and no '.join(missing)}")
    if len(section.languages) > 1 and not any(LANGUAGE in path for path in section.files.values()):
        found = f"{len(section.languages)} languages, but no path in files has {LANGUAGE}"
        raise ParameterError(f"{where}: {found}")


def _check_numbers(section: EncodeSection, where: str) -> None:
    if section.max_length < 8:
        raise ParameterError(f"{where}: max_length is {section.max_length}, expected at least 8")
    if section.min_count < 1:
        raise ParameterError(f"{where}: min_count is {section.min_count}, expected at least 1")


def _check_kind(section: EncodeSection, kind: str, where: str) -> None:
    """Refuse values that do not go with the task's kind."""
    if section.metric not in METRICS[kind]:
        hint = did_you_mean(section.metric, METRICS[kind])
        raise ParameterError(f"{where}: unknown metric '{section.metric}' of a {kind} task.{hint}")
    if kind == "classification" and len(set(section.labels)) < max(2, len(section.labels)):
        raise ParameterError(f"{where}: labels is {section.labels}, expected two or more distinct classes")
    if kind != "classification" and section.labels:
        raise ParameterError(f"{where}: labels belongs to a classification task, this is a {kind} task")
    if kind == "vqa" and section.features is None:
        raise ParameterError(f"{where}: missing features, the image features of a vqa task")
    if kind == "span" and section.features is not None:
        raise ParameterError(f"{where}: features is '{section.features}', but a span task has no images")
