"""The order of examples: length-grouped batches under a token budget, the same for the same seed."""

from __future__ import annotations

import numpy as np

from xstilts.train.examples import Examples
from xstilts.train.settings import TrainSettings

POOL = 40  # batches, whose rows are sorted by length together


def epoch_batches(examples: Examples, settings: TrainSettings, seed: int, epoch: int) -> list[np.ndarray]:
    """One epoch as the row indices of each update: shuffled, sorted by length within pools, cut, and shuffled again.

    Each update has one task's rows, at most `accumulation` times `batch_size` of them and `token_budget` padded tokens:
    as many as a single batch with limits that much larger.
    """
    random = np.random.default_rng([seed, epoch])
    size, budget = settings.accumulation * settings.batch_size, settings.accumulation * settings.token_budget
    batches: list[np.ndarray] = []
    for task in sorted(set(examples.tasks)):
        rows = random.permutation(np.flatnonzero(examples.tasks == task))
        for pool in np.split(rows, range(POOL * size, len(rows), POOL * size)):
            batches += cut(by_length(examples, pool), examples, budget, size)
    return [batches[i] for i in random.permutation(len(batches))]


def sorted_batches(
    examples: Examples, token_budget: int, batch_size: int, chosen: np.ndarray | None = None
) -> list[np.ndarray]:
    """All rows, or the `chosen` ones, in one sorted pass, longest first: for scoring, where order does not matter."""
    batches: list[np.ndarray] = []
    among = np.arange(len(examples.tasks)) if chosen is None else chosen
    for task in sorted(set(examples.tasks)):
        rows = by_length(examples, among[examples.tasks[among] == task])[::-1]
        batches += cut(rows, examples, token_budget, batch_size)
    return batches


def by_length(examples: Examples, rows: np.ndarray) -> np.ndarray:
    """Rows sorted by picture tokens, then text tokens (stable)."""
    return rows[np.lexsort((examples.text_lengths[rows], examples.visual_lengths[rows]))]


def cut(rows: np.ndarray, examples: Examples, token_budget: int, batch_size: int) -> list[np.ndarray]:
    """Cut rows into batches whose padded size stays within the budget (one row always fits)."""
    batches: list[np.ndarray] = []
    start, text, visual = 0, 0, 0
    for i, row in enumerate(rows):
        text = max(text, int(examples.text_lengths[row]))
        visual = max(visual, int(examples.visual_lengths[row]))
        size = i - start + 1
        if size > 1 and (size > batch_size or size * (text + visual) > token_budget):
            batches.append(rows[start:i])
            start, text, visual = i, int(examples.text_lengths[row]), int(examples.visual_lengths[row])
    return [*batches, rows[start:]] if start < len(rows) else batches
