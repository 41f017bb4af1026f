"""Accuracies from a table of predictions: by language, by question type, of the pictures' controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.score.by_language import count_by, mean_by, texts
from xstilts.score.cell import Scored
from xstilts.score.soft_vqa import soft_accuracy

TYPES = ("structural", "semantic")


def label_scores(table: pa.Table, metric: str, controls: tuple[str, ...] = ()) -> Scored:
    """Scores of a table of `prediction_table`.

    `accuracy` is exact match with the gold answer; `soft_accuracy` is there when the answers of the set have scores.

    Args:
        metric: the main one of the two, which the controls are scored by and which comes first.
    """
    languages = texts(table, "language")
    names = dict.fromkeys((metric, "accuracy", *(["soft_accuracy"] if has_scores(table) else [])))
    types = types_of(table)
    return Scored(
        predictions=table,
        rows=count_by(languages),
        scores={name: mean_by(languages, points(table, name)) for name in names},
        controls={control: mean_by(languages, points(table, metric, control)) for control in controls},
        more={"types": types} if types else {},
    )


def points(table: pa.Table, metric: str, column: str = "prediction") -> np.ndarray:
    """What the answers in `column` earn by `accuracy` or `soft_accuracy`: float64 `[rows]`, 0..1."""
    answers = texts(table, column)
    if metric == "accuracy":
        return np.asarray(answers == texts(table, "gold"), dtype=float)
    return np.array([soft_accuracy(own, golds) for own, golds in zip(answers, _scored_golds(table), strict=True)])


def has_scores(table: pa.Table) -> bool:
    """Whether any question has answers that are right in part."""
    return any(table["gold_scores"].to_pylist())


def _scored_golds(table: pa.Table) -> list[Mapping[str, float]]:
    """{answer: score} of every row; where there are no scores, the gold answer alone has 1."""
    golds, scores = table["golds"].to_pylist(), table["gold_scores"].to_pylist()
    return [dict(zip(own, given or [1.0], strict=True)) for own, given in zip(golds, scores, strict=True)]


def types_of(table: pa.Table) -> dict[str, Any]:
    """Accuracy by kind of type, language and type; a kind of type that no row has is left out."""
    right, languages = points(table, "accuracy"), texts(table, "language")
    found = {}
    for column in TYPES:
        types = texts(table, column)
        if any(types):
            mine = {language: languages == language for language in sorted(set(languages))}
            found[column] = {language: mean_by(types[rows], right[rows]) for language, rows in mine.items()}
    return found
