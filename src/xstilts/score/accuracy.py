"""Accuracies from a table of predictions: by language, by question type, seen and blind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa


def scores(table: pa.Table) -> dict[str, Any]:
    """Accuracy (exact match with the gold answer) by language, blind accuracy, and accuracy by question type.

    Returns:
        `rows`, `accuracy`, `blind` by language (fractions, 0..1), and `types`: by `structural` and `semantic` type,
        language and type.
    """
    gold = _texts(table, "gold")
    right = _texts(table, "prediction") == gold
    right_blind = _texts(table, "blind") == gold
    languages = _texts(table, "language")
    return {
        "rows": _by(languages, right, len),
        "accuracy": _by(languages, right, np.mean),
        "blind": _by(languages, right_blind, np.mean),
        "types": {
            column: {
                language: _by(_texts(table, column)[languages == language], right[languages == language], np.mean)
                for language in sorted(set(languages))
            }
            for column in ("structural", "semantic")
        },
    }


def _texts(table: pa.Table, column: str) -> np.ndarray:
    return np.array(table[column].to_pylist(), dtype=object)


def _by(groups: np.ndarray, values: np.ndarray, statistic: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """A statistic of `values` within each group, sorted by the group's name."""
    found = {group: statistic(values[groups == group]) for group in sorted(set(groups))}
    return {group: value if isinstance(value, int) else round(float(value), 6) for group, value in found.items()}
