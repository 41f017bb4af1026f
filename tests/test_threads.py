"""Threads: the number that torch uses inside an operation is put back, also after a failure."""

from __future__ import annotations

import pytest
import torch

from xstilts.base.machine import processors
from xstilts.base.threads import one_thread_per_operation, workers


def test_the_number_of_threads_is_put_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with one_thread_per_operation():
            assert torch.get_num_threads() == 1
        with pytest.raises(ZeroDivisionError), one_thread_per_operation():
            raise ZeroDivisionError
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_workers_keep_the_order_of_their_work() -> None:
    with workers(2) as pool:
        assert list(pool.map(lambda number: number * number, range(50))) == [number * number for number in range(50)]


def test_there_is_a_processor() -> None:
    assert processors() >= 1
