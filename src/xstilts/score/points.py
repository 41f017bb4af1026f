"""What every test example earned and out of how much, and the scores that these add up to.

A score is what the examples of a language earned, over what they could have earned. For an accuracy these are 0 or 1
and 1; for a micro F1, twice the number of right chunks (entities, pairs) and that of the gold and the predicted ones
together. So the columns `score` and `of` of predictions.arrow hold a metric, and whatever reads them adds up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

DIGITS = 6  # enough for one example in a million


@dataclass(frozen=True)
class Points:
    """What examples earned by one metric (`earned`) and could have earned (`of`), float `[rows]` each.

    `of` is 0 where an example says nothing: a sentence without entities in which none was found.
    """

    earned: np.ndarray
    of: np.ndarray

    @classmethod
    def each(cls, earned: np.ndarray) -> Points:
        """Points of a metric by which every example can earn 1."""
        return cls(earned, np.ones(len(earned)))

    def score(self) -> float:
        """The score of all rows together, 0..1: their sum over what it could have been, 0.0 if that is nothing."""
        of = self.of.sum(dtype=np.float64)
        return float(self.earned.sum(dtype=np.float64) / of) if of else 0.0

    def take(self, rows: np.ndarray) -> Points:
        """The points of some rows: positions, or bool `[rows]`."""
        return Points(self.earned[rows], self.of[rows])

    def by(self, groups: np.ndarray) -> dict[str, float]:
        """{group: score of its rows}, sorted by group and rounded to `DIGITS`; `groups`: object `[rows]`."""
        return _by(groups, lambda mine: round(self.take(mine).score(), DIGITS))


def score_by_language(table: pa.Table, column: str = "score") -> dict[str, float]:
    """{language: score} of predictions with points, rounded to `DIGITS`.

    Predictions with a `direction` (image-text retrieval) have a score for each; theirs is the mean of both.

    Args:
        column: what was earned: `score`, or `blind_score` or `shuffled_score`. What could be earned is always `of`.
    """
    points = Points(table[column].to_numpy(), table["of"].to_numpy())
    parts = texts(table, "direction" if "direction" in table.column_names else "language")

    def mean(mine: np.ndarray) -> float:
        scores = [points.take(mine & (parts == part)).score() for part in sorted(set(parts[mine]))]
        return round(float(np.mean(scores)), DIGITS)

    return _by(texts(table, "language"), mean)


def texts(table: pa.Table, column: str) -> np.ndarray:
    """A column of texts as an object array `[rows]`."""
    return np.array(table[column].to_pylist(), dtype=object)


def count_by(groups: np.ndarray) -> dict[str, int]:
    """How many rows each group has, sorted by the group's name."""
    return _by(groups, lambda mine: int(mine.sum()))


def _by(groups: np.ndarray, statistic: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """{group: statistic of its rows, which are bool `[rows]`}."""
    return {group: statistic(groups == group) for group in sorted(set(groups))}
