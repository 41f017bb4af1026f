"""Ctrl-C and SIGTERM: a run stops between two updates, so that what it has done can be kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from xstilts.base.errors import XstiltsError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(XstiltsError):
    """Training was asked to stop and did, unfinished."""


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the process was asked to stop since the block began.

    A second signal does what it would have done without this: it ends the process at once. Signals are seen by the main
    thread alone; in another one the function always says no.
    """
    asked: list[int] = []
    before: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        put_back()

    def put_back() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    if threading.current_thread() is threading.main_thread():
        before = {one: signal.signal(one, note) for one in SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        put_back()
