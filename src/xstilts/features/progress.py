"""Progress of the extraction on stderr."""

from __future__ import annotations

import sys
import time


class Progress:
    """Images done and images a second: a line that moves on a terminal, one every ten seconds elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def advance(self, images: int) -> None:
        """Count images that are done."""
        self._done += images
        if time.monotonic() - self._shown > (0.2 if self._terminal else 10):
            self._show("\r" if self._terminal else "\n")

    def close(self) -> None:
        """Show the final count."""
        self._show("\n")

    def _show(self, end: str) -> None:
        self._shown = time.monotonic()
        rate = self._done / max(self._shown - self._start, 1e-9)
        line = f"  {self._done:,} of {self._total:,} images, {rate:,.0f} images/s"
        print(line, end=end, file=sys.stderr, flush=True)
