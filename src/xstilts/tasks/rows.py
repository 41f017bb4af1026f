"""Rows of a data file, checked: anything wrong with a file or a row is an error that names the place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError

ANOTHER_FILE = "give the official file, whole"
BLANK_LINE = "blank line between rows"
_DIGITS = 18  # of a number or an index: more are no size of anything
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # in JSON, one half of a character beyond U+FFFF


class LeftOut(Exception):
    """A row that is no example by its data set's own convention; the text is the reason that is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands.

    Attributes:
        place: the line number (from 1) or the row's key in the file.
    """

    path: Path
    place: int | str
    content: Mapping[str, Any]

    def text(self, key: str, todo: str = "correct the row or take it out of the file") -> str:
        """The text under `key`; an error if it is missing, blank or not a text."""
        value = self.content.get(key)
        if not isinstance(value, str):
            raise self.error(f"no {key}" if value is None else f"{key} {value!r}", f"a text in {key}", todo)
        if not value.strip():
            raise self.error(f"an empty {key}", f"a text in {key}", todo)
        return value

    def key(self, key: str) -> str:
        """The identifier under `key`, a text or a whole number."""
        value = self.content.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS:
            return str(value)
        return self.text(key)

    def index(self, key: str, size: int) -> int:
        """The whole number under `key` (as a number or in digits), from 0 up to `size`, exclusive."""
        value = self.key(key)
        if not value.isdecimal() or len(value) > _DIGITS or int(value) >= size:
            raise self.error(f"{key} '{value}'", f"a number from 0 to {size - 1}", "correct the row")
        return int(value)

    def word(self, key: str) -> str:
        """The text under `key`, "" where there is none."""
        return "" if self.content.get(key) in (None, "") else self.text(key)

    def inner(self, key: str) -> Row:
        """The object under `key`, empty where there is none."""
        value = self.content.get(key)
        if not isinstance(value, dict | None):
            raise self.error(f"{key} {value!r}", f"an object in {key}", "correct the row")
        return Row(self.path, self.place, value or {})

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under `key`; an error if it is missing or a text in it is blank."""
        value = self.content.get(key)
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.error(f"{key} {value!r}", f"a list of texts in {key}", "correct the row or take it out")
        return tuple(value)

    def image(self, key: str, images: Collection[str] | None) -> str:
        """The image under `key`, a file's name or an id, as an id; it must be among `images` (None: not checked)."""
        return self.known_image(image_id(self.key(key)), images)

    def known_image(self, image: str, images: Collection[str] | None) -> str:
        """Return the image id; an error if it is not among `images` (None: not checked)."""
        if images is not None and image not in images:
            mend = "add its file to images.zip, or replace it where `broken` in the features' card.json names it"
            todo = f"{mend}, and run `dvc repro`; or take the row out"
            if "\\" in image:
                todo = "write the path with / in place of \\, or the id alone"
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

    def check(self, row: Row, identifier: str, side: str = "") -> str:
        """Return the identifier; an error if an earlier row has it on the same side of a retrieval task."""
        key = f"{side}\n{identifier}" if side else identifier
        if key in self._rows:
            first = "" if self._rows[key] == identifier else f" (first in row {self._rows[key]})"
            raise row.error(f"id '{identifier}' again{first}", "ids used once", "take one of the rows out")
        self._rows[key] = row.place
        return identifier


def read_text(path: Path) -> str:
    """The text of a file without the byte order mark that it may start with.

    Raises:
        DataError: the file is missing, no file, empty or not UTF-8.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")  # a CR within a text does not end a line
    except FileNotFoundError:
        todo = "run `dvc repro`, or name the file in `data`"
        raise DataError(path, None, "no such file", "a data file", todo) from None
    except IsADirectoryError:
        raise DataError(path, None, "a folder", "a data file", "name a file in it") from None
    except UnicodeDecodeError as error:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DataError(path, None, "UTF-16", "UTF-8", "save the file as UTF-8") from None
        found, todo = f"a byte that is not UTF-8 at {error.start}", "save the file as UTF-8, or give the official one"
        raise DataError(path, None, found, "UTF-8", todo) from None
    if not text.strip():
        raise DataError(path, None, "an empty file", "at least one row", ANOTHER_FILE)
    return text


class _Twice(ValueError):
    """A key that an object has twice."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object; `ValueError` for a key that is there twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _Twice(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return content


def parsed(path: Path, text: str, place: int | None = None) -> Any:
    """The content of a JSON text: a file, or the line `place` of one.

    Raises:
        DataError: broken JSON, a key twice in one object (`json` would keep the last one), a number too large or an
            object too deep for Python, or half of a surrogate pair, which no encoding can write.
    """
    try:
        content = json.loads(text, object_pairs_hook=once)
        if SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except _Twice as twice:
        found, todo = f"id '{twice}' again" if place is None else f"key '{twice}' twice", "take one of them out"
        raise DataError(path, str(twice) if place is None else place, found, "keys used once", todo) from None
    except json.JSONDecodeError as error:
        where, what = (place, "one JSON object") if place else (f"line {error.lineno}", "valid JSON")
        raise DataError(path, where, f"broken JSON ({error.msg})", what, ANOTHER_FILE) from None
    except UnicodeEncodeError:
        found = "half of a surrogate pair (\\ud800 to \\udfff alone)"
    except RecursionError:
        found = "JSON that is nested too deeply"
    except ValueError:
        found = "a number of more than 4,300 digits"
    raise DataError(path, place, found, "JSON that can be read", "correct the file")


def json_content(path: Path) -> Any:
    """The content of a JSON file (`parsed`)."""
    return parsed(path, read_text(path))


def json_list(path: Path, content: Any, key: str) -> list[Mapping[str, Any]]:
    """The list of objects under `key` of a JSON file's content."""
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(path, None, f"no list of objects under '{key}'", "the official layout", ANOTHER_FILE)
    return found


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, numbered from 1, without blank ones at its end; line ends may be CR LF."""
    for number, line in enumerate(read_text(path).rstrip("\n\r").split("\n"), start=1):
        yield number, line.removesuffix("\r")


def tab_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows of a tab-separated file; a quotation mark is a character like any other.

    Args:
        columns: their names; None: the first line names them.

    Raises:
        DataError: a row with another number of columns.
    """
    for number, line in lines(path):
        values = line.split("\t")
        if columns is None:
            columns = values
        elif len(values) != len(columns):
            found, expected = f"{len(values)} columns", f"{len(columns)}: {', '.join(columns)}"
            raise DataError(path, number, found, expected, ANOTHER_FILE)
        else:
            yield Row(path, number, dict(zip(columns, values, strict=True)))


def csv_rows(path: Path) -> Iterator[Row]:
    """The rows of a comma-separated file under a header, numbered from 1; a quoted field may hold line breaks."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        for number, content in enumerate(reader, start=1):
            if None in content or None in content.values():
                expected = f"{len(reader.fieldnames or [])} columns"
                raise DataError(path, number, "another number of columns", expected, ANOTHER_FILE)
            yield Row(path, number, content)
    except csv.Error as error:
        raise DataError(path, f"line {reader.line_num}", f"broken CSV ({error})", "valid CSV", ANOTHER_FILE) from None
