"""Rows of a data file, checked: what is wrong with a file or a row is an error that names the place."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.errors import DataError

ANOTHER_FILE = "give the official file, whole"


@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands.

    Attributes:
        place: the line number (from 1) or the row's key in the file.
    """

    path: Path
    place: int | str
    content: Mapping[str, Any]

    def text(self, key: str, todo: str = "mend the row or take it out of the file") -> str:
        """The text under `key`; an error if it is missing, blank or no text."""
        value = self.content.get(key)
        if not isinstance(value, str):
            raise self.error(f"no {key}" if value is None else f"{key} {value!r}", f"a text in {key}", todo)
        if not value.strip():
            raise self.error(f"an empty {key}", f"a text in {key}", todo)
        return value

    def key(self, key: str) -> str:
        """The identifier under `key`, a text or a whole number."""
        value = self.content.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key)

    def image(self, key: str, images: Collection[str] | None) -> str:
        """The image id under `key`, which must be among `images` (None: not checked)."""
        image = self.key(key)
        if images is not None and image not in images:
            todo = f"add {image}.png to images.zip and run `dvc repro`, or take the row out"
            raise self.error(f"image '{image}'", f"one of the {len(images)} images of the set", todo)
        return image

    def check_language(self, language: str) -> None:
        """Refuse a row that says it is in another language than its file."""
        found = self.content.get("language", language)
        if found != language:
            raise self.error(f"language '{found}'", f"'{language}'", "put the row into the file of its language")

    def error(self, found: str, expected: str, todo: str) -> DataError:
        """An error that names this row."""
        return DataError(self.path, self.place, found, expected, todo)


class Unique:
    """Identifiers seen so far in a file: a second occurrence is an error."""

    def __init__(self) -> None:
        self._rows: dict[str, int | str] = {}

    def check(self, row: Row, identifier: str) -> str:
        """Return the identifier; an error if an earlier row has it."""
        if identifier in self._rows:
            earlier = self._rows[identifier]
            first = "" if earlier == identifier else f" (first in row {earlier})"
            raise row.error(f"id '{identifier}' again{first}", "ids used once", "take one of the rows out")
        self._rows[identifier] = row.place
        return identifier


def read_text(path: Path) -> str:
    """The text of a file; an error if it is missing, empty or not UTF-8."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(
            path, None, "no such file", "a data file", "run `dvc repro`, or name the file in `data`"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"a byte that is not UTF-8 at {error.start}", "UTF-8", ANOTHER_FILE) from None
    if not text.strip():
        raise DataError(path, None, "an empty file", "at least one row", ANOTHER_FILE)
    return text


def json_content(path: Path) -> Any:
    """The content of a JSON file; a key twice in one object is an error (`json` would keep the last one)."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for index, key in enumerate(keys) if key in keys[:index])
            raise DataError(path, twice, f"id '{twice}' again", "ids used once", "take one of the rows out")
        return content

    try:
        return json.loads(read_text(path), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise DataError(
            path, f"line {error.lineno}", f"broken JSON ({error.msg})", "valid JSON", ANOTHER_FILE
        ) from None


def json_lines(path: Path) -> Iterator[Row]:
    """The rows of a file with one JSON object a line, numbered from 1; blank lines at the end are no rows."""
    for number, line in enumerate(read_text(path).rstrip().split("\n"), start=1):
        try:
            content = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(path, number, f"broken JSON ({error.msg})", "one JSON object", ANOTHER_FILE) from None
        if not isinstance(content, dict):
            raise DataError(path, number, f"a {type(content).__name__}", "one JSON object", ANOTHER_FILE)
        yield Row(path, number, content)
