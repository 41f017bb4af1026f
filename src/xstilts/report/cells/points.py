"""What each prediction earns: points, and what could be earned, whose sums make the score of a language.

A score is the sum of the points by the sum of what could be earned. For an accuracy that is 0 or 1 by 1; for an F1 over
all examples (entities, mined pairs), twice the right ones by the expected and the found ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xstilts.base.errors import XstiltsError
from xstilts.score.answer_text import answer_f1, exact_match, style_of
from xstilts.score.soft_vqa import soft_accuracy
from xstilts.score.tags import entity_f1, pos_f1

Floats = NDArray[np.float64]
ANSWERED = ("vqa", "classification", "choice", "matching")  # kinds with one label an example
RANKED = ("map", "map_at_20")  # means of the average precision
Tags = list[list[str]]


@dataclass(frozen=True)
class Points:
    """Float64 `[rows]` each: `earned`, and what could be earned (`of`), 0 where a row says nothing."""

    earned: Floats
    of: Floats


def earned(table: pa.Table, kind: str, metric: str, target: str, column: str = "prediction") -> Points:
    """The points of every row of predictions.arrow by the target's main metric.

    Args:
        column: `prediction`, or a control.

    Raises:
        XstiltsError: predictions scored by a mean average precision that do not say each query's.
    """
    if kind == "retrieval":
        return _RETRIEVED[metric](table)
    if kind == "tagging":
        return _tagged(table, metric)
    right = _spans(table, metric, target) if kind == "span" else _labels(table, metric, column)
    return Points(right, np.ones(len(right)))


def _labels(table: pa.Table, metric: str, column: str) -> Floats:
    """0 or 1 a row; of answers that several people gave, 0 to 1."""
    answers = table[column].to_pylist()
    if metric == "recall_at_1":
        return _found(answers, table["golds"].to_pylist())
    if metric == "soft_accuracy":
        rows = zip(answers, table["golds"].to_pylist(), table["gold_scores"].to_pylist(), strict=True)
        return np.array([soft_accuracy(answer, _scored(golds, scores)) for answer, golds, scores in rows])
    return np.array([answer == gold for answer, gold in zip(answers, table["gold"].to_pylist(), strict=True)], float)


def _scored(golds: list[str], scores: list[float]) -> Mapping[str, float]:
    return dict(zip(golds, scores or [1.0], strict=True))


def _found(answers: list[str], golds: list[list[str]]) -> Floats:
    return np.array([answer in own for answer, own in zip(answers, golds, strict=True)], float)


def _spans(table: pa.Table, metric: str, target: str) -> Floats:
    score, style = _SPAN_SCORES[metric], style_of(target)
    rows = zip(*(table[name].to_pylist() for name in ("prediction", "golds", "language")), strict=True)
    return np.array([score(*row, style) for row in rows])


_SPAN_SCORES: dict[str, Callable[..., float]] = {"f1": answer_f1, "exact_match": exact_match}


def _accuracy(table: pa.Table) -> Points:
    right = _found(table["prediction"].to_pylist(), table["golds"].to_pylist())
    return Points(right, np.ones(len(right)))


def _ranked(table: pa.Table) -> Points:
    """A query earns its average precision."""
    if "average_precision" not in table.column_names:
        found = "found no average precision of each query, expected a column average_precision"
        raise XstiltsError(f"predictions.arrow: {found}; run `dvc repro` to score the cell again")
    earned = table["average_precision"].to_numpy()
    return Points(earned, np.ones(len(earned)))


def _mined(table: pa.Table) -> Points:
    """A query has a mined candidate or none (""), and any number of right ones."""
    answers, golds = table["prediction"].to_pylist(), table["golds"].to_pylist()
    of = [(answer != "") + len(own) for answer, own in zip(answers, golds, strict=True)]
    return Points(2 * _found(answers, golds), np.array(of, float))


_RETRIEVED: dict[str, Callable[[pa.Table], Points]] = {
    "accuracy": _accuracy,
    "f1": _mined,
    **dict.fromkeys(RANKED, _ranked),
}


def _tagged(table: pa.Table, metric: str) -> Points:
    gold, found = table["golds"].to_pylist(), table["prediction"].to_pylist()
    if metric == "accuracy":
        right = [
            sum(one == other for one, other in zip(own, tags, strict=True))
            for own, tags in zip(gold, found, strict=True)
        ]
        return Points(np.array(right, float), np.array([len(own) for own in gold], float))
    score = {"f1": entity_f1, "pos_f1": pos_f1}[metric]
    of = np.array([_chunks(own, score) + _chunks(tags, score) for own, tags in zip(gold, found, strict=True)])
    shares = np.array([score([own], [tags]) for own, tags in zip(gold, found, strict=True)])
    return Points(np.rint(shares * of), of)


def _chunks(tags: list[str], score: Callable[[Any, Any], float]) -> float:
    """How many chunks a sentence has: n, if beside it and itself a chunk that is missed makes the F1 2n / (2n + 1)."""
    f1 = score([tags, ["B-_"]], [tags, ["O"]])
    return float(np.rint(f1 / (1 - f1) / 2))
