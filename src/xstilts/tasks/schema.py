"""The schema of a task file (stages/tasks/<task>.yaml), as far as reading and encoding need it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal

from xstilts.base import parameters
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import KINDS, MIXTURE, Kind
from xstilts.base.languages import LANGUAGES
from xstilts.base.parameters import Range
from xstilts.tasks.formats import FORMATS

EDITED = "edited"  # test questions whose clues were edited so that another answer is right
SPLITS = ("train", "dev", "test", EDITED)
LANGUAGE, LANGUAGE_3, SHOTS = "{language}", "{language3}", "{shots}"
_FORMAT = re.compile(r"([A-Za-z]\w*):(.+)")
_ENTITY_TAG = re.compile(r"O|[BIES]-.+")


@dataclass(frozen=True)
class EncodeSection:
    """The section `encode` of a task's file, over the defaults.

    Attributes:
        languages: codes; the first is the language of every file whose name has no `{language}`.
        metric: what the task is scored by.
        files: {split: paths within data/raw/<task>}, one or a list. `{language}` in a path stands for every language
            (in train: every one of `train_languages`; in dev: only the first, since nothing is chosen in another),
            `{language3}` for its ISO 639-3 code, `{shots}` for `shots`. `format:path` names the format of a file
            whose format is not the task's.
        format: the format of the files; "" is the kind's first (`xstilts.tasks.formats`).
        train_languages: languages that train files are read in; empty: only the first of `languages`.
        shots: for a few-shot task, how many images it is trained on.
        overlap: what to do with a train or dev row whose id or image is in the test split: `error`, or `skip` it and
            count it.
        bad_rows: what to do with a train row that cannot be read, such as a question whose answer is not in its
            context: `error`, or `skip` it and count it by what was expected. In dev and test it is always an error.
        labels: the classes of a classification task or the tags of a tagging task, in the order of their indices;
            empty for a tagging task: the tags of its training split (`xstilts.tasks.tagging.tags_of`).
        features: the set of image features that has the task's images; None for a text task, and for questions about
            images that are not available (they are answered blind).
        part: of a matching task, which images of train and dev it takes: `[0.0, 0.5]` and `[0.5, 1.0]` are two halves,
            dealt by a hash of the images' ids, so that two tasks on one set of images share none.
        clues: the set of images whose perceived objects (data/perception/<set>) are told as clues, in place of what
            the raw set says of these images; other images, such as those of edited clues, keep theirs. None: none.
        max_length: tokens, special tokens included.
        stride: for a span task, tokens that a window on a long context shares with the one before; 0: no windows.
        negatives: for a matching task, hard negatives per caption.
        min_count: training occurrences that put an answer into a VQA task's vocabulary.
        on_truncation: what to do with a row whose answer span is cut off: `error`, or `skip` it and count it.
    """

    languages: list[str]
    metric: str
    files: dict[str, str | list[str]]
    format: str = ""
    train_languages: list[str] = field(default_factory=list)
    shots: Annotated[int, Range(0, 1e5)] = 0
    overlap: Literal["error", "skip"] = "error"
    bad_rows: Literal["error", "skip"] = "error"
    labels: list[str] = field(default_factory=list)
    features: str | None = None
    part: Annotated[list[float], Range(0, 1)] = field(default_factory=lambda: [0.0, 1.0])
    clues: str | None = None
    max_length: Annotated[int, Range(8, 8192)] = 128
    stride: Annotated[int, Range(0, 8192)] = 0
    negatives: Annotated[int, Range(1, 100)] = 1
    min_count: Annotated[int, Range(1, 1e6)] = 1
    on_truncation: Literal["error", "skip"] = "error"


@dataclass(frozen=True)
class TaskSpec:
    """A task as its readers and its encoder see it: its name, its kind and the section `encode` of its file.

    Attributes:
        kind: decides reader, head and metrics; a key of `xstilts.base.kinds.KINDS`.
    """

    name: str
    kind: str
    encode: EncodeSection


def split_languages(section: EncodeSection, split: str) -> list[str]:
    """The languages that a split is read in: only test has all of them."""
    first = section.languages[:1]
    return {"train": section.train_languages or first, "dev": first}.get(split, section.languages)


def named_files(section: EncodeSection, kind: str, split: str) -> list[tuple[str, str]]:
    """The paths of a split as its task file names them, with `{language}`, each after its format."""
    names = section.files[split]
    listed = [names] if isinstance(names, str) else names
    default = section.format or next(iter(FORMATS[kind]))
    matches = [(name, _FORMAT.fullmatch(name)) for name in listed]
    return [(match[1], match[2]) if match else (default, name) for name, match in matches]


def has_language(path: str) -> bool:
    """Whether a path stands for one file per language."""
    return LANGUAGE in path or LANGUAGE_3 in path


def load_task(name: str) -> TaskSpec:
    """Read the spec of a task from the parameter files; `ParameterError` names file and key."""
    kind = parameters.task_kind(name)
    if kind == MIXTURE:
        raise ParameterError(f"stages/tasks/{name}.yaml: {name} is a mixture; run stages/mixture.py {name}")
    where = f"stages/tasks/{name}.yaml: encode"
    section = parameters.build(EncodeSection, _own_keys(name), where)
    check_section(section, kind, where)
    return TaskSpec(name, kind, section)


def _own_keys(name: str) -> dict[str, object]:
    """The section without the defaults of mixtures; what the task's own file says is kept and checked."""
    own = parameters.section_of(parameters.task_file(name), "encode", parameters.STAGES / "tasks" / f"{name}.yaml")
    keys = {one.name for one in fields(EncodeSection)} | set(own)
    return {key: value for key, value in parameters.task_section(name, "encode").items() if key in keys}


def check_section(section: EncodeSection, kind: str, where: str) -> None:
    """Refuse values that make no sense, alone or together; the `ParameterError` starts with `where`."""
    _check_languages(section, where)
    _check_splits(section, kind, where)
    for split in section.files:
        _check_files(section, kind, split, where)
    _check_languages_of_files(section, kind, where)
    _check_stride(section, kind, where)
    _check_metric_and_labels(section, kind, where)
    _check_features(section, kind, where)
    _check_part(section, kind, where)


def _check_part(section: EncodeSection, kind: str, where: str) -> None:
    low, high = section.part if len(section.part) == 2 else (0, 0)
    if not 0 <= low < high <= 1:
        raise ParameterError(f"{where}: part is {section.part}, expected two numbers, 0 <= first < second <= 1")
    if (low, high) != (0, 1) and kind != "matching" and section.format != "flickr8k_told":
        raise ParameterError(f"{where}: part belongs to a matching task or its text-only twin, this is a {kind} task")


def _check_languages(section: EncodeSection, where: str) -> None:
    if not section.languages:
        raise ParameterError(f"{where}: languages is empty, expected at least one")
    for key in ("languages", "train_languages"):
        codes: list[str] = getattr(section, key)
        known = LANGUAGES if key == "languages" else section.languages
        for index, language in enumerate(codes):
            if language not in known:
                what = "unknown language" if key == "languages" else "train_languages has another language"
                raise ParameterError(f"{where}: {what} '{language}'.{did_you_mean(language, known)}")
            if language in codes[:index]:
                raise ParameterError(f"{where}: {key}: language '{language}' is listed twice")


def _check_splits(section: EncodeSection, kind: str, where: str) -> None:
    for split in section.files:
        if split not in SPLITS:
            raise ParameterError(f"{where}: unknown split '{split}' in files.{did_you_mean(split, SPLITS)}")
    if not KINDS[kind].is_trained:
        if set(section.files) != {"test"}:
            found = ", ".join(split for split in SPLITS if split in section.files) or "nothing"
            raise ParameterError(f"{where}: files has {found}, but a {kind} task has only test: it is not trained")
        return
    missing = [split for split in ("train", "dev") if split not in section.files]
    if missing:
        raise ParameterError(f"{where}: files has no {' and no '.join(missing)}")


def _check_files(section: EncodeSection, kind: str, split: str, where: str) -> None:
    where, named = f"{where}: files.{split}", named_files(section, kind, split)
    if not named:
        raise ParameterError(f"{where} is empty, expected at least one path")
    for name, path in named:
        if name not in FORMATS[kind]:
            hint = did_you_mean(name, FORMATS[kind])
            raise ParameterError(f"{where}: unknown format '{name}' of a {kind} task.{hint}")
        _check_placeholders(path, section.shots, where)
    _check_parts(named, kind, where)


def _check_placeholders(path: str, shots: int, where: str) -> None:
    if SHOTS in path and shots < 1:
        raise ParameterError(f"{where} has {SHOTS}, but shots is {shots}")
    unknown = sorted(set(re.findall(r"{[^}]*}", path)) - {LANGUAGE, LANGUAGE_3, SHOTS})
    if unknown:
        hint = did_you_mean(unknown[0], (LANGUAGE, LANGUAGE_3, SHOTS))
        raise ParameterError(f"{where}: unknown placeholder {unknown[0]}.{hint}")


def _check_languages_of_files(section: EncodeSection, kind: str, where: str) -> None:
    """Refuse languages without a file, and a file in a language that its split is not read in."""
    everywhere = {
        (split, path): has_language(path) or FORMATS[kind][name].every_language
        for split in section.files
        for name, path in named_files(section, kind, split)
    }
    if len(section.languages) > 1 and not any(everywhere.values()):
        found = f"{len(section.languages)} languages, but no path in files has {LANGUAGE}"
        raise ParameterError(f"{where}: {found}")
    for (split, path), every in everywhere.items():
        if not every and section.languages[0] not in split_languages(section, split):
            found = f"'{path}' is in '{section.languages[0]}', which is not among the {split}_languages"
            raise ParameterError(f"{where}: files.{split}: {found}; put {LANGUAGE} into the path")


def _check_parts(named: list[tuple[str, str]], kind: str, where: str) -> None:
    """Refuse half a pair: files that are read together are listed one after another."""
    names, place = [name for name, _ in named], 0
    while place < len(names):
        parts = FORMATS[kind][names[place]].parts
        if names[place : place + parts] != [names[place]] * parts:
            found = f"format '{names[place]}' is read from {parts} files, one after another"
            raise ParameterError(f"{where}: {found}; list them together")
        place += parts


def _check_stride(section: EncodeSection, kind: str, where: str) -> None:
    if section.stride >= section.max_length:
        found = f"stride is {section.stride}, expected less than max_length, {section.max_length}"
        raise ParameterError(f"{where}: {found}")
    if section.stride and not KINDS[kind].has_windows:
        kinds = _kinds(lambda facts: facts.has_windows)
        raise ParameterError(f"{where}: stride belongs to a {kinds} task, this is a {kind} task")


def _check_metric_and_labels(section: EncodeSection, kind: str, where: str) -> None:
    facts = KINDS[kind]
    if section.metric not in facts.metrics:
        hint = did_you_mean(section.metric, facts.metrics)
        raise ParameterError(f"{where}: unknown metric '{section.metric}' of a {kind} task.{hint}")
    if not facts.has_listed_labels and section.labels:
        kinds = _kinds(lambda facts: facts.has_listed_labels)
        raise ParameterError(f"{where}: labels belongs to a {kinds} task, this is a {kind} task")
    if section.metric == "f1" and (wrong := [tag for tag in section.labels if not is_entity_tag(tag)]):
        expected = "O, or B-, I-, E- or S- and a type, for the metric f1; or choose pos_f1 or accuracy"
        raise ParameterError(f"{where}: labels has '{wrong[0]}', expected {expected}")
    if not facts.has_listed_labels or (facts.may_omit_labels and not section.labels):
        return
    if len(set(section.labels)) < max(2, len(section.labels)):
        raise ParameterError(f"{where}: labels is {section.labels}, expected two or more distinct labels")


def is_entity_tag(tag: str) -> bool:
    """Whether a tag is one that the metric `f1`, which counts entities, understands.

    Of `B_PER` or `ORGANIZATION` it would take a part for the type, and every type would be the same.
    """
    return _ENTITY_TAG.fullmatch(tag) is not None


def _check_features(section: EncodeSection, kind: str, where: str) -> None:
    if KINDS[kind].needs_images and section.features is None:
        raise ParameterError(f"{where}: missing features, the image features of a {kind} task")
    if section.clues is not None and kind != "vqa":
        raise ParameterError(f"{where}: clues is '{section.clues}', but a {kind} task asks no questions")
    if not KINDS[kind].takes_images and section.features is not None:
        raise ParameterError(f"{where}: features is '{section.features}', but a {kind} task has no images")


def _kinds(needs: Callable[[Kind], bool]) -> str:
    """The kinds that something is for: `classification or tagging`."""
    return " or ".join(kind for kind, facts in KINDS.items() if needs(facts))
