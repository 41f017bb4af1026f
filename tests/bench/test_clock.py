"""Time of several threads, split so that it adds up to the wall clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.bench.clock import split_wall


def test_one_thread() -> None:
    found = split_wall([("input", 0, 1), ("forward", 1, 3), ("backward", 4, 8)], 0, 10)
    assert found == {"input": 1, "forward": 2, "backward": 4, "other": 3}


def test_threads_that_work_at_once_share_the_time() -> None:
    found = split_wall([("forward", 0, 2), ("forward", 0, 2), ("forward", 2, 4), ("backward", 2, 4)], 0, 4)
    assert found == {"forward": 3, "backward": 1, "other": 0}


def test_what_lies_outside_is_left_out() -> None:
    assert split_wall([("input", -5, 1), ("forward", 3, 9)], 0, 4) == {"input": 1, "other": 2, "forward": 1}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10), st.floats(0, 5)), max_size=12),
    st.floats(0, 5),
    st.floats(5, 15),
)
def test_the_parts_are_the_whole(work: list[tuple[str, float, float]], begun: float, ended: float) -> None:
    found = split_wall([(name, at, at + length) for name, at, length in work], begun, ended)
    assert sum(found.values()) == pytest.approx(ended - begun)
    assert min(found.values()) >= -1e-9
