"""Which files a raw set consists of: the names in a task's `encode.files`, for every language of a split."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.languages import LANGUAGE3, LANGUAGE_NAME
from xstilts.base.parameters import build

Names = dict[str, str | list[str]]  # by split: one file or several
LANGUAGES = ("{language}", "{language3}", "{language_name}")
SHOTS = "{shots}"
OWN_NAMES = ("manifest.json", "images.zip", "vectors")  # what the raw stage writes itself


@dataclass(frozen=True)
class Expected:
    """What the section `encode` of a task says about its files; the fields are described at `EncodeSection`."""

    languages: list[str]
    files: Names
    train_languages: list[str] = field(default_factory=list)
    shots: int = 0

    def languages_of(self, split: str) -> list[str]:
        """Train: `train_languages` or the first; dev: the first, as nothing is chosen in another; test: all."""
        first = self.languages[:1]
        return {"train": self.train_languages or first, "dev": first}.get(split, self.languages)


@dataclass(frozen=True)
class RawFile:
    """One file that a raw set needs.

    Attributes:
        split: `train`, `dev` or `test`.
        position: of its name in the list of the split's files.
        path: within data/raw/<task>.
        language: that its name stands for; "" if the name is the same in every language.
    """

    split: str
    position: int
    path: str
    language: str


def expected_of(encode: Mapping[str, Any], where: str) -> Expected:
    """Take what matters here from the section `encode`; `ParameterError` naming `where` if it does not fit."""
    keys = {one.name for one in dataclasses.fields(Expected)}
    expected = build(Expected, {key: value for key, value in encode.items() if key in keys}, where)
    if not expected.languages:
        raise ParameterError(f"{where}: languages is empty, expected at least one")
    return expected


def raw_files(expected: Expected, where: str) -> list[RawFile]:
    """Every file of the raw set, split by split, in the order of their names and then of their languages.

    Raises:
        ParameterError: a name that would lie outside the set's folder, or that the raw stage needs itself.
    """
    files = []
    for split, names in expected.files.items():
        for position, name in enumerate(as_list(names)):
            pattern = without_format(name)
            for language in expected.languages_of(split) if names_language(pattern) else [""]:
                path = inside(filled(pattern, language, expected.shots, where), where)
                files.append(RawFile(split, position, path, language))
    return files


def as_list(names: str | list[str]) -> list[str]:
    """A single name or a list of names, as a list."""
    return [names] if isinstance(names, str) else names


def without_format(name: str) -> str:
    """The path in `format:path`; `format` is for the reader."""
    return name.split(":", 1)[-1]


def names_language(pattern: str) -> bool:
    """Whether a name stands for one file per language."""
    return any(placeholder in pattern for placeholder in LANGUAGES)


def filled(pattern: str, language: str, shots: int, where: str) -> str:
    """Put language and shots into a name; `language` is ignored in a name without a placeholder for it."""
    if LANGUAGES[1] in pattern:
        if language not in LANGUAGE3:
            hint = did_you_mean(language, LANGUAGE3)
            raise ParameterError(f"{where}: '{pattern}' needs a three-letter code for '{language}'.{hint}")
        pattern = pattern.replace(LANGUAGES[1], LANGUAGE3[language])
    pattern = pattern.replace(LANGUAGES[2], LANGUAGE_NAME.get(language, language))
    if SHOTS in pattern and shots < 1:
        raise ParameterError(f"{where}: '{pattern}' needs shots, the images that a few-shot task is trained on")
    return pattern.replace(LANGUAGES[0], language).replace(SHOTS, str(shots))


def inside(path: str, where: str) -> str:
    """Return a path that stays within the raw set's folder; `ParameterError` for any other."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in path:
        todo = "write it without '..' and '/'"
        raise ParameterError(f"{where}: '{path}' is not a path within the set's own folder; {todo}")
    if parts[0] in OWN_NAMES:
        raise ParameterError(f"{where}: '{path}' is a name that the raw stage uses itself; choose another")
    return "/".join(parts)
