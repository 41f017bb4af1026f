"""Parallel work on a processor: several threads, each of whose operations runs on one thread.

Threads inside an operation wait for one another at every layer. On a machine that does other work too, two threads are
then several times slower than one; whole batches, or parts of one, wait for one another only at their end.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

from xstilts.base.machine import processors


@contextmanager
def one_thread_per_operation() -> Iterator[None]:
    """Run every operation of torch on one thread; its rounding is then the same for any number of processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def workers(count: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool of `count` threads (one per processor if None) for as long as the block runs."""
    with one_thread_per_operation(), ThreadPoolExecutor(count or processors()) as pool:
        yield pool
