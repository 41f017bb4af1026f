"""Batches: every row once an epoch, within both limits, one task each, and the order of the seed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.train.examples import Examples
from xstilts.train.order import POOL, cut, epoch_batches, sorted_batches
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]
LIMITS = [(200, 16), (64, 4), (10**6, 7), (1, 8), (150, 1)]  # token budget, batch size


class Lengths(Examples):
    """Examples that are nothing but lengths."""

    def __init__(self, text: list[int], visual: list[int], tasks: list[str] | None = None) -> None:
        self.text_lengths, self.visual_lengths = np.array(text, int), np.array(visual, int)
        self.tasks = np.array(tasks or ["one"] * len(text), dtype=object)


def check(batches: list[np.ndarray], examples: Examples, budget: int, size: int) -> None:
    """Every row once; batches of one task and within the limits."""
    assert sorted(np.concatenate(batches)) == list(range(len(examples.tasks)))
    for rows in batches:
        assert len(set(examples.tasks[rows])) == 1
        assert 1 <= len(rows) <= size
        padded = len(rows) * (examples.text_lengths[rows].max() + examples.visual_lengths[rows].max())
        assert padded <= budget or len(rows) == 1


def listed(batches: list[np.ndarray]) -> list[list[int]]:
    return [rows.tolist() for rows in batches]


@pytest.mark.parametrize(("budget", "size"), LIMITS)
def test_limits_are_kept_and_no_row_is_lost(budget: int, size: int, rows: Examples, make_settings: Settings) -> None:
    for epoch in range(3):
        settings = make_settings(token_budget=budget, batch_size=size)
        check(epoch_batches(rows, settings, seed=0, epoch=epoch), rows, budget, size)
    check(sorted_batches(rows, budget, size), rows, budget, size)


@given(
    lengths=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), min_size=1, max_size=60),
    budget=st.integers(1, 600),
    size=st.integers(1, 20),
)
def test_cutting_any_lengths(lengths: list[tuple[int, int]], budget: int, size: int) -> None:
    examples = Lengths(*(list(column) for column in zip(*lengths, strict=True)))
    batches = cut(np.arange(len(lengths)), examples, budget, size)
    check(batches, examples, budget, size)
    assert np.concatenate(batches).tolist() == list(range(len(lengths)))  # cut, not mixed
    for rows, following in pairwise(batches):  # no batch is smaller than it must be
        more = np.append(rows, following[0])
        padded = len(more) * (examples.text_lengths[more].max() + examples.visual_lengths[more].max())
        assert len(more) > size or padded > budget


def test_an_empty_task_gives_no_batches() -> None:
    assert sorted_batches(Lengths([], []), 10, 2) == []


def test_the_seed_makes_the_order(rows: Examples, make_settings: Settings) -> None:
    settings = make_settings(token_budget=100, batch_size=4)
    orders = {(seed, epoch): listed(epoch_batches(rows, settings, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}
    for (seed, epoch), order in orders.items():
        assert listed(epoch_batches(rows, settings, seed, epoch)) == order
    assert len({str(order) for order in orders.values()}) == 4
    # Not only the order of the batches differs, also who stands with whom.
    assert len({str(sorted(sorted(batch) for batch in order)) for order in orders.values()}) == 4


def test_tasks_and_lengths_are_mixed_over_the_epoch(make_settings: Settings) -> None:
    """Sorted by length within pools, but neither short texts nor one task come first."""
    random = np.random.default_rng(0)
    examples = Lengths(random.integers(3, 60, 600).tolist(), [0] * 600, ["a", "b"] * 300)
    batches = epoch_batches(examples, make_settings(token_budget=10**6, batch_size=6), seed=0, epoch=0)
    tasks = [str(examples.tasks[rows[0]]) for rows in batches]
    halves = tasks[: len(tasks) // 2].count("a"), tasks[len(tasks) // 2 :].count("a")
    assert min(halves) > len(tasks) / 8
    means = np.array([examples.text_lengths[rows].mean() for rows in batches])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


def test_grouping_by_length_saves_padding(make_settings: Settings) -> None:
    random = np.random.default_rng(0)
    settings = make_settings(token_budget=10**6, batch_size=8)
    examples = Lengths(random.integers(3, 60, 8 * POOL).tolist(), [0] * (8 * POOL))
    batches = epoch_batches(examples, settings, seed=0, epoch=0)
    padded = sum(len(rows) * examples.text_lengths[rows].max() for rows in batches)
    assert padded < 1.1 * examples.text_lengths.sum()


def test_scoring_begins_with_the_longest(rows: Examples) -> None:
    """So that too large a budget fails at once."""
    batches = sorted_batches(rows, 10**6, 4)
    looks = [batch for batch in batches if rows.tasks[batch[0]] == "looks"]
    assert rows.visual_lengths[looks[0][0]] == rows.visual_lengths.max()
    assert [rows.visual_lengths[b].max() for b in looks] == sorted([rows.visual_lengths[b].max() for b in looks])[::-1]
