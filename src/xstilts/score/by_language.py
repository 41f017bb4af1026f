"""A statistic of examples by language, or by any other group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

DIGITS = 6


def texts(table: pa.Table, column: str) -> np.ndarray:
    """A column of texts as an object array `[rows]`."""
    return np.array(table[column].to_pylist(), dtype=object)


def mean_by(groups: np.ndarray, points: np.ndarray) -> dict[str, float]:
    """The mean of `points` (float `[rows]`) within each group, sorted by the group's name."""
    return {group: rounded(value) for group, value in _by(groups, points, np.mean).items()}


def count_by(groups: np.ndarray) -> dict[str, int]:
    """How many rows each group has, sorted by the group's name."""
    return _by(groups, groups, len)


def rounded(value: float) -> float:
    """A score as the files hold it: enough digits for one example in a million."""
    return round(float(value), DIGITS)


def _by(groups: np.ndarray, values: np.ndarray, statistic: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    return {group: statistic(values[groups == group]) for group in sorted(set(groups))}
