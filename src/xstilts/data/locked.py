"""One process at a time writes a raw set."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from xstilts.base.errors import DataError


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Hold the lock `.<name>.lock` beside the directory `out`; wait, and say so, while another process holds it.

    What a killed process left half-written is removed: nobody else can be writing it.

    Raises:
        DataError: `out` is a symbolic link, through which the stage would write somewhere else.
    """
    if out.is_symlink():
        todo = "remove the link; the data are made again"
        raise DataError(out, None, "a symbolic link", "a folder of the project", todo)
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.parent / f".{out.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{out}: another process is writing it; waiting for that one to end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        for draft in out.parent.glob(f".{out.name}-????????"):  # as whole_directory names them
            shutil.rmtree(draft, ignore_errors=True)
        yield
    finally:
        lock.release()
