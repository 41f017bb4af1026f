"""Files of rows that are read piece by piece, so that a million of them are never there as text or as one object."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from xstilts.base.errors import DataError
from xstilts.tasks.rows import ANOTHER_FILE, BLANK_LINE, SURROGATE, Row, json_content, once, parsed, read_text

CHUNK = 1 << 20  # characters of a file that are read at a time
SPACE = " \t\n\r"  # of JSON: other white space is none
# In a JSON object, from the end of what stands before a member to the object that is its value.
_MEMBER = re.compile(rf'[{SPACE}]*(?P<before>[{{,])[{SPACE}]*(?P<key>"(?:[^"\\]|\\.)*")[{SPACE}]*:[{SPACE}]*(?={{)')


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, one after another: a million rows are never there as text. Errors as `read_text`."""
    empty = True
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:  # a CR within a text does not end a line
            for line in file:
                empty = empty and not line.strip()
                yield line.removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        read_text(path)  # says what is wrong with the file
        raise
    if empty:
        read_text(path)


def json_lines(path: Path, left_out: Counter[str] | None = None) -> Iterator[Row]:
    """The rows of a file with one JSON object per line, numbered from 1.

    Blank lines are skipped; those between rows are counted in `left_out`.
    """
    blank = 0
    for number, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            blank += 1
            continue
        if blank and left_out is not None:
            left_out[BLANK_LINE] += blank
        blank = 0
        content = parsed(path, line, number)
        if not isinstance(content, dict):
            raise DataError(path, number, f"a {type(content).__name__}", "one JSON object", ANOTHER_FILE)
        yield Row(path, number, content)


def json_members(path: Path) -> Iterator[tuple[str, Any]]:
    """The members of the JSON object in a file, one after another: a gigabyte of questions is never there as a whole.

    A file that holds no object has none; a key that is there twice is met twice.
    """
    met = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for member in _members(file):
                yield member
                met += 1
    except (OSError, ValueError, RecursionError):
        content = json_content(path)  # says what is wrong with the file
        yield from islice(content.items() if isinstance(content, dict) else (), met, None)


def _members(file: TextIO) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object whose values are objects; `ValueError` where the file is something else."""
    decoder, text, place, before = json.JSONDecoder(object_pairs_hook=once), "", 0, "{"
    while True:
        start = _MEMBER.match(text, place)
        try:
            if start is None or start["before"] != before:
                raise ValueError
            value, end = decoder.raw_decode(text, start.end())
        except ValueError:
            if read := file.read(max(CHUNK, len(text) - place)):  # twice as much of what is longer than expected
                text, place = text[place:] + read, 0
                continue
            if before == "," and text[place:].strip(SPACE) == "}":
                return
            raise
        key = json.loads(start["key"])
        if SURROGATE.search(text, place, end):
            json.dumps([key, value], ensure_ascii=False).encode()
        yield key, value
        place, before = end, ","
