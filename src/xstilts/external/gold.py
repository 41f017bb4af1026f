"""The test questions that other people's predictions are scored on: official files, or a raw set of ours."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.files import read_json
from xstilts.base.languages import LANGUAGES
from xstilts.base.parameters import task_file
from xstilts.tasks import read_split, with_raw_languages
from xstilts.tasks.examples import Example
from xstilts.tasks.files import MANIFEST, language_shape
from xstilts.tasks.formats import FORMATS
from xstilts.tasks.schema import LANGUAGE, TaskSpec, named_files

OFFICIAL = "official"
ORIGIN = ("data", "licence", "source")  # keys of a raw set's manifest


@dataclass(frozen=True)
class Gold:
    """Test questions with their answers.

    Attributes:
        place: the file or folder as it was named, for errors.
        examples: {language: {id: example}}, in the order of the file.
        every_language: whether the one language in `examples` stands for all: answers about pictures are English in
            every language, and so one file serves them all.
        left_out: {file: ids of the questions that are not scored}.
        origin: `data` (`official` or `pictograms`), `licence` and `source`.
    """

    place: str
    task: TaskSpec
    examples: Mapping[str, Mapping[str, Example]]
    every_language: bool
    left_out: Mapping[str, frozenset[str]]
    origin: Mapping[str, str]

    def languages(self) -> list[str]:
        """The languages that predictions may be in."""
        return list(self.task.encode.languages if self.every_language else self.examples)

    def of(self, language: str) -> Mapping[str, Example]:
        """{id: example} of all questions in a language, in the order of the file."""
        return next(iter(self.examples.values())) if self.every_language else self.examples[language]

    def scored(self, language: str) -> dict[str, Example]:
        """Those of them that are scored."""
        return {name: example for name, example in self.of(language).items() if not self.is_left_out(name)}

    def is_left_out(self, name: str) -> bool:
        """Whether a file that was named to be left out has the question."""
        return any(name in ids for ids in self.left_out.values())

    def counts(self, languages: Iterable[str]) -> dict[str, Any]:
        """How many questions are `scored` by language, `of` how many, and how many each file `left_out`.

        A question in two files counts for the first.
        """
        reasons: dict[str, str] = {}
        for file, ids in self.left_out.items():
            reasons = dict.fromkeys(ids, file) | reasons
        scored = {language: len(self.scored(language)) for language in languages}
        by_file = Counter(reasons.values())
        return {
            "scored": scored,
            "of": {language: number + len(reasons) for language, number in scored.items()},
            "left_out": {file: by_file[file] for file in self.left_out},
        }


def read_gold(place: str, task: TaskSpec, leave_out: Sequence[str] = ()) -> Gold:
    """Read the questions.

    Args:
        place: a raw set like data/raw/xgqa; or a file, as a task file names it: `{language}` in the path stands for
            every language, and `lxmert:testdev.json` names a format that is not the kind's first.
        leave_out: files of questions that are not scored, named in the same way.

    Raises:
        DataError: a missing or broken file, or one in a language that the task does not list.
        ParameterError: an unknown format, or a task without test files.
    """
    folder, located = _located(place, task)
    examples = _read(folder, located)
    unscored = {one: _read(*_located(one, task)) for one in leave_out}
    left_out = {one: frozenset(name for own in read.values() for name in own) for one, read in unscored.items()}
    every_language = task.kind == "vqa" and len(examples) == 1 and LANGUAGE not in place and not Path(place).is_dir()
    return Gold(place, task, examples, every_language, left_out, _origin(folder, task))


def _read(folder: Path, task: TaskSpec) -> dict[str, dict[str, Example]]:
    found: dict[str, dict[str, Example]] = {}
    for example in read_split(task, "test", folder).examples:
        found.setdefault(example.language, {})[example.id] = example
    return found


def _located(place: str, task: TaskSpec) -> tuple[Path, TaskSpec]:
    """The folder of the files, and the task with the files and languages that are there."""
    if Path(place).is_dir():
        if "test" not in task.encode.files:
            raise ParameterError(f"stages/tasks/{task.name}.yaml: no files of the split test; name a gold file")
        return Path(place), with_raw_languages(task, Path(place))
    section = replace(task.encode, files={"test": place})
    ((name, path),) = named_files(section, task.kind, "test")
    single = [one for one, facts in FORMATS[task.kind].items() if facts.parts == 1]
    if name not in single:
        what = "unknown format" if name not in FORMATS[task.kind] else "a format of several files"
        raise ParameterError(f"--gold: {what} '{name}' of a {task.kind} task.{did_you_mean(name, single)}")
    languages = section.languages
    if LANGUAGE in path:
        found = language_files(path, languages)
        languages = [language for language in languages if language in found]
    elif not FORMATS[task.kind][name].every_language:
        languages = languages[:1]
    folder = _folder(path)
    files: dict[str, str | list[str]] = {"test": f"{name}:{Path(path).relative_to(folder).as_posix()}"}
    return folder, replace(task, encode=replace(section, files=files, languages=languages))


def language_files(pattern: str, listed: Collection[str]) -> dict[str, Path]:
    """The files that a path with `{language}` stands for, by language.

    Args:
        listed: the languages that are allowed.

    Raises:
        DataError: no file, or one in a language that is not listed.
    """
    folder = _folder(pattern)
    name = Path(pattern).relative_to(folder).as_posix()
    shape = language_shape(name)
    glob = re.sub(r"[*?[]", lambda sign: f"[{sign[0]}]", name).replace(LANGUAGE, "*")  # other signs mean themselves
    paths = {path: shape.fullmatch(path.relative_to(folder).as_posix()) for path in folder.glob(glob)}
    found = {match["language"]: path for path, match in sorted(paths.items()) if match}
    for language, path in found.items():
        check_language(language, listed, path)
    if not found:
        raise DataError(pattern, None, "no such file", "one per language", "correct the path")
    return found


def check_language(language: str, listed: Collection[str], path: Path, row: int | str | None = None) -> None:
    """Refuse a language without gold answers."""
    if language not in listed:
        what = "language" if language in LANGUAGES else "unknown language"
        expected, todo = f"one of {', '.join(listed)}", "correct it, or give gold answers in it with --gold"
        raise DataError(path, row, f"{what} '{language}'", expected, todo)


def _folder(pattern: str) -> Path:
    """The folder above every part of a path that has `{language}`."""
    parents = [parent for parent in Path(pattern).parents if LANGUAGE not in str(parent)]
    return parents[0]


def _origin(folder: Path, task: TaskSpec) -> dict[str, str]:
    """What the questions are made from: what the raw set that they lie in says; other files are published ones."""
    for directory in (folder, *folder.resolve().parents):
        manifest = directory / MANIFEST
        content = read_json(manifest) if manifest.is_file() else {}
        if set(ORIGIN) <= set(content):
            return {key: content[key] for key in ORIGIN}
    own = task_file(task.name)["data"]
    return {"data": OFFICIAL, "licence": own["licence"], "source": own["citation"]}
