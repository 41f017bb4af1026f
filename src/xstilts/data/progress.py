"""Progress of what takes minutes: how much is done, how fast, and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PIECE = 1 << 24  # bytes of a file that are copied at a time


class Progress:
    """Lines on stderr: a moving one on a terminal, or one every ten seconds; none of what is done sooner.

    Args:
        what: is counted, as `images`.
        total: how many there are; None: that is not known.
        done: those that an earlier run did.
    """

    def __init__(self, what: str, total: int | None = None, done: int = 0) -> None:
        self._what, self._total, self._done, self._before = what, total, done, done
        self._start = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def advance(self, number: int = 1, share: float | None = None) -> None:
        """Count what is done.

        Args:
            share: how much of everything that is, where the total is not known, 0 to 1.
        """
        self._done += number
        if time.monotonic() - self._last > (0.2 if self._terminal else 10):
            self._show("\r" if self._terminal else "\n", share)

    def close(self) -> None:
        """Show the final count, if anything was shown."""
        if self._shown:
            self._show("\n", None)

    def _show(self, end: str, share: float | None) -> None:
        self._last, self._shown = time.monotonic(), True
        seconds, number = max(self._last - self._start, 1e-9), self._done - self._before
        rest = number * (1 / share - 1) if share else self._total and max(self._total - self._done, 0)
        of, part = f" of {self._total:,}" if self._total else "", f" ({share:.0%})" if share else ""
        left = "" if rest is None or not number else f", time left {timedelta(seconds=round(rest * seconds / number))}"
        line = f"  {self._done:,}{of} {self._what}{part}, {number / seconds:,.1f} {self._what}/s{left}"
        print(line, end=end, file=sys.stderr, flush=True)


def tracked(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items, with the progress of those that are done; see `Progress`."""
    progress = Progress(what, total)
    for item in items:
        yield item
        progress.advance()
    progress.close()


def copy(source: Path, target: Path) -> None:
    """Copy a file, with the progress of a long one; `OSError` as of any file."""
    progress = Progress("MB", source.stat().st_size // 10**6)
    with source.open("rb") as read, target.open("wb") as written:
        copied = 0
        while piece := read.read(PIECE):
            written.write(piece)
            progress.advance((copied + len(piece)) // 10**6 - copied // 10**6)
            copied += len(piece)
    progress.close()
