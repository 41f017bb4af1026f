"""Which files a split is made of: paths for languages, formats, and what the raw set itself says of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.base.kinds import KINDS
from xstilts.base.languages import LANGUAGE3, LANGUAGES
from xstilts.tasks.formats import FORMATS, ROWS
from xstilts.tasks.schema import LANGUAGE, LANGUAGE_3, SHOTS, TaskSpec, has_language, named_files, split_languages

MANIFEST = "manifest.json"


class SplitFile(NamedTuple):
    """A file of a split, the language that it is read in, and its format."""

    language: str
    format: str
    path: Path


def split_files(task: TaskSpec, split: str, raw: Path) -> list[SplitFile]:
    """The files of a split, language by language, each language's in the order that the task lists them in.

    A path with `{language}` is read in all languages of the split (`schema.split_languages`), and so is one whose
    format holds every language in one file; any other is in the task's first language. A format that the raw set's
    manifest.json names for a file takes precedence over the task's.

    Raises:
        DataError: there is a test file in a language that the task does not list.
    """
    section, manifest = task.encode, _manifest(raw)
    written, files = manifest.get("files", {}), []
    if split in manifest.get("splits", {}):  # the hub's data, in files of their own
        own = manifest["splits"][split]
        return [SplitFile(one, ROWS, raw / own[one]) for one in split_languages(section, split) if one in own]
    for language in split_languages(section, split):
        for name, pattern in named_files(section, task.kind, split):
            everywhere = has_language(pattern) or FORMATS[task.kind][name].every_language
            if everywhere or language == section.languages[0]:
                path = _filled(pattern, language, section.shots)
                own = written.get(path, {}).get("format")
                if (own or name) not in FORMATS[task.kind]:
                    expected, todo = f"one of {', '.join(FORMATS[task.kind])}", "run `dvc repro` for the raw data"
                    raise DataError(raw / MANIFEST, path, f"format '{own}'", expected, todo)
                files.append(SplitFile(language, own or name, raw / path))
    if split == "test":
        for _, pattern in named_files(section, task.kind, split):
            _refuse_unlisted(task, pattern.replace(SHOTS, str(section.shots)), raw)
    return files


def with_raw_languages(task: TaskSpec, raw: Path) -> TaskSpec:
    """The task in the languages that the raw set has, as manifest.json says under `languages`.

    The embedded world has other languages than most official sets, so its manifests say which; one without that key
    has the task's own, and then a missing file is an error.

    Raises:
        DataError: the manifest names an unknown language, one twice, or lacks the language of training.
    """
    found = _manifest(raw).get("languages")
    if found is None:
        return task
    first = task.encode.languages[0] if KINDS[task.kind].is_trained else ""
    listed = isinstance(found, list) and all(isinstance(one, str) for one in found)
    if not listed or not set(found) <= LANGUAGES or len(set(found)) < max(1, len(found)):
        expected = "a list of codes, each once"
        raise DataError(raw / MANIFEST, "languages", str(found), expected, "make the raw set again")
    if first and found[0] != first:
        raise DataError(raw / MANIFEST, "languages", str(found), f"'{first}' first", "make the raw set again")
    trained = [one for one in task.encode.train_languages if one in found]
    return replace(task, encode=replace(task.encode, languages=list(found), train_languages=trained))


def groups(files: list[SplitFile], kind: str) -> Iterator[tuple[SplitFile, tuple[Path, ...]]]:
    """Each file with the paths that are read with it: itself, and those after it if its format has several parts."""
    place = 0
    while place < len(files):
        parts = FORMATS[kind][files[place].format].parts
        yield files[place], tuple(one.path for one in files[place : place + parts])
        place += parts


def _manifest(raw: Path) -> Mapping[str, Any]:
    path = raw / MANIFEST
    content = read_json(path) if path.exists() else {}
    files = content.get("files", {}) if isinstance(content, dict) else None
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        raise DataError(path, None, "no list of files", "a JSON object with files", "run `dvc repro`")
    return content


def _filled(pattern: str, language: str, shots: int) -> str:
    if LANGUAGE_3 in pattern:
        pattern = pattern.replace(LANGUAGE_3, LANGUAGE3[language])
    return pattern.replace(LANGUAGE, language).replace(SHOTS, str(shots))


def _refuse_unlisted(task: TaskSpec, pattern: str, raw: Path) -> None:
    """Refuse a file that looks like a test file in a language that the task does not list."""
    if LANGUAGE not in pattern:
        return
    name = language_shape(pattern)
    for path in sorted(raw.glob(pattern.replace(LANGUAGE, "*"))):
        match = None if path.name == MANIFEST else name.fullmatch(path.relative_to(raw).as_posix())
        if match and match["language"] not in task.encode.languages:
            found, expected = f"language '{match['language']}'", f"one of {', '.join(task.encode.languages)}"
            todo = f"list it under encode.languages in stages/tasks/{task.name}.yaml or take the file away"
            raise DataError(path, None, found, expected, todo)


def language_shape(pattern: str) -> re.Pattern[str]:
    """What a path with `{language}` may be, with the group `language`, which is the same wherever it stands."""
    first, *others = [re.escape(part) for part in pattern.split(LANGUAGE)]
    return re.compile(first + r"(?P<language>[^/]+?)" + r"(?P=language)".join(others))
