"""Batches prepared in advance, by threads, while the device works on earlier ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")

AHEAD = 4  # items per thread that are ready or being made before they are asked for
WORKERS = 2  # threads for an accelerator, which works on a batch longer than a thread makes one


def loaders(chosen: int | None, device: torch.device) -> int:
    """How many threads prepare batches: `chosen`, or if that is None `WORKERS` for an accelerator, else none.

    Where processors do the training, there is nothing to gain.
    """
    return chosen if chosen is not None else WORKERS * (device.type != "cpu")


def made_ahead(make: Callable[[Item], Made], items: Iterable[Item], workers: int) -> Generator[Made]:
    """The result of `make` for every item, in the order of the items, whatever the number of threads.

    An error in a thread is raised here, unchanged, when its item is asked for. At most `AHEAD` items per thread are
    ready or being made. Closing the iterator cancels what was not started and waits for the rest.

    Args:
        workers: threads; with 0 everything is made when it is asked for.
    """
    if not workers:
        yield from map(make, items)
        return
    rest, queue = iter(items), deque[Future[Made]]()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="loader")
    try:
        queue.extend(pool.submit(make, item) for item in islice(rest, AHEAD * workers))
        while queue:
            made = queue.popleft().result()
            queue.extend(pool.submit(make, item) for item in islice(rest, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
