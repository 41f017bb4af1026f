"""Errors that are sentences: what a user's mistake looks like on the terminal."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


class XstiltsError(Exception):
    """A mistake that the user can mend; its text is one sentence, shown without a traceback."""


class ParameterError(XstiltsError):
    """A value in a parameter file that cannot be used."""


class DataError(XstiltsError):
    """A file or a row of it that is not what it should be.

    Reads `path, row N: found X, expected Y; what to do`.
    """

    def __init__(self, path: Path | str, row: int | str | None, found: str, expected: str, todo: str) -> None:
        place = str(path) if row is None else f"{path}, row {row}"
        super().__init__(f"{place}: found {found}, expected {expected}; {todo}")


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ` Did you mean 'gqa'? Valid: all, gqa, mnli.` for a misspelt word."""
    valid = sorted(choices)
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{hint} Valid: {', '.join(valid)}."


def run_stage(function: Callable[[], object]) -> None:
    """Call `function`; a user's mistake becomes one line on stderr and exit code 1."""
    try:
        function()
    except XstiltsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
