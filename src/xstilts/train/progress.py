"""Progress with rates: a live bar on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import sys
import time

QUIET_SECONDS = 15.0  # between lines where no terminal shows a bar


class Progress:
    """Prints `title update/updates loss examples/s tokens/s`.

    Args:
        title: what is being trained.
        updates: how many there will be.
        shown: whether this process prints (one of several does).
    """

    def __init__(self, title: str, updates: int, shown: bool = True) -> None:
        self.title, self.updates, self.shown = title, updates, shown
        self.live = sys.stderr.isatty()
        self.started = self.last = time.monotonic()
        self.before = (0, 0, 0)  # updates, examples and tokens where this process started
        self.remark = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and self.shown:
            print(file=sys.stderr)

    def resume(self, update: int, examples: int, tokens: int) -> None:
        """Say where a resumed run starts; rates count from there."""
        self.before = (update, examples, tokens)
        if update and self.shown:
            print(f"{self.title} {update}/{self.updates}  resumes from there", file=sys.stderr)

    def note(self, remark: str) -> None:
        """Show a remark, such as the latest dev score, on every later line."""
        self.remark = remark

    def advance(self, update: int, loss: float | None, examples: int, tokens: int) -> None:
        """Report the progress; cheap enough for every update."""
        now = time.monotonic()
        due = 0.2 if self.live else QUIET_SECONDS
        if not self.shown or (now - self.last < due and update < self.updates):
            return
        self.last = now
        seconds = max(now - self.started, 1e-9)
        shown = "" if loss is None else f"loss {loss:.3f}  "
        left = seconds / (update - self.before[0]) * (self.updates - update)
        line = (
            f"{self.title} {update}/{self.updates}  {shown}{(examples - self.before[1]) / seconds:.0f} examples/s  "
            f"{(tokens - self.before[2]) / seconds:.0f} tokens/s  {left:.0f} s left  {self.remark}"
        )
        print(f"\r{line}\x1b[K" if self.live else line, end="" if self.live else "\n", file=sys.stderr, flush=True)
