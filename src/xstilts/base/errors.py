"""Errors that are sentences: what a user's mistake looks like on the terminal."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

LONGEST, WIDEST = 2000, 300  # characters of a line, and of one value quoted in it
DISK_FULL = "No space left on device"
LINES = 30  # of a message: some show the end of a log
# Control characters, marks that reverse the direction of text, and halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str, longest: int) -> str:
    """A text as one line of at most `longest` characters, its middle left out; control characters as `\\x1b`."""
    if len(text) > longest:
        half = (longest - 5) // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


class XstiltsError(Exception):
    """A mistake that the user can mend; its text is one sentence, shown without a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(shown(line, LONGEST) for line in message.split("\n")[:LINES]))


class ParameterError(XstiltsError):
    """A value in a parameter file that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message, LONGEST))


class DataError(XstiltsError):
    """A file or a row of it that is not what it should be.

    Reads `path, row N: found X, expected Y; what to do`.

    Attributes:
        expected: what was.
    """

    def __init__(self, path: Path | str, row: int | str | None, found: str, expected: str, todo: str) -> None:
        place = str(path) if row is None else f"{path}, row {shown(str(row), WIDEST)}"
        self.expected = shown(expected, WIDEST)
        super().__init__(f"{place}: found {shown(found, WIDEST)}, expected {self.expected}; {todo}")


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """Return ` Did you mean 'gqa'? Valid: all, gqa, mnli.` for a misspelt word."""
    valid = sorted(map(str, choices))
    close = difflib.get_close_matches(str(word)[:WIDEST], valid, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{hint} Valid: {', '.join(valid)}."


def run_stage(function: Callable[[], object]) -> None:
    """Call `function`; a user's mistake, or a disk that is full, becomes one line on stderr and exit code 1."""
    try:
        function()
    except XstiltsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        if not isinstance(error, OSError) and DISK_FULL not in str(error):  # safetensors and torch have their own
            raise
        named = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        todo = "; free some space and repeat, and what was finished is kept" if DISK_FULL in said else ""
        print(f"error: {shown(f'{named}{said}{todo}', LONGEST)}", file=sys.stderr)
        raise SystemExit(1) from None
