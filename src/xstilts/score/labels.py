"""Scoring of tasks whose examples are answered with one label: of a vocabulary, of a few classes, or a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.score.faithful import EDIT, faithfulness, with_edits
from xstilts.score.points import Points, texts
from xstilts.score.predictions import Answers, answer_all, prediction_table
from xstilts.score.scoring import EDITED, SHOWN, Scored, Scoring, scored

TYPES = ("structural", "semantic")


def score_labels(scoring: Scoring) -> Scored:
    """Answer every test example, once more for each control that the task has, and those on edited clues.

    A model that was trained blind reads the same in all of these, and answers once.
    """
    model = scoring.model()
    answers: dict[str, Answers] = {}
    for pictures in (SHOWN, *scoring.controls):
        if answers and scoring.is_blind:
            answers[pictures] = answers[SHOWN]
            continue
        examples = scoring.examples(pictures)
        answers[pictures] = answer_all(model, examples, scoring.settings, f"{scoring.task} {pictures}")
    table = prediction_table(examples, answers)
    if scoring.edited.exists():
        examples = scoring.examples(split=EDITED)
        given = answer_all(model, examples, scoring.settings, f"{scoring.task} {EDITED}")
        table = with_edits(table, prediction_table(examples, {SHOWN: given}))
    return label_scores(table, scoring.metric, scoring.controls)


def label_scores(table: pa.Table, metric: str, controls: tuple[str, ...] = ()) -> Scored:
    """Scores of a table of `prediction_table`.

    `accuracy` is exact match with the gold answer; `soft_accuracy` is there when the answers of the set have scores.

    Args:
        metric: the main one of the two, by which the controls are scored.
    """
    languages = texts(table, "language")
    soft = ("soft_accuracy",) if any(table["gold_scores"].to_pylist()) else ()
    others = [name for name in ("accuracy", *soft) if name != metric]
    types = types_of(table)
    return scored(
        table,
        metric,
        Points.each(EARNED[metric](table, "prediction")),
        {name: Points.each(EARNED[name](table, "prediction")).by(languages) for name in others},
        {control: EARNED[metric](table, control) for control in controls},
        {**({"types": types} if types else {}), **(faithfulness(table) if EDIT in table.column_names else {})},
    )


def exact(table: pa.Table, column: str) -> np.ndarray:
    """1 where the answer in `column` is the gold one, else 0: float64 `[rows]`."""
    return np.asarray(texts(table, column) == texts(table, "gold"), dtype=float)


def soft_scores(table: pa.Table, column: str) -> np.ndarray:
    """The score that the data give the answer in `column`, 0 if nobody gave it: float64 `[rows]`, 0..1.

    Where a question has no scores, its gold answer has 1. Those of VQAv2 are its official accuracy: see
    `xstilts.tasks.vqav2`.
    """
    rows = zip(*(table[name].to_pylist() for name in (column, "golds", "gold_scores")), strict=True)
    return np.array([dict(zip(golds, scores or [1.0], strict=True)).get(own, 0.0) for own, golds, scores in rows])


EARNED: dict[str, Callable[[pa.Table, str], np.ndarray]] = {"accuracy": exact, "soft_accuracy": soft_scores}


def types_of(table: pa.Table) -> dict[str, Any]:
    """Accuracy by kind of type, language and type; a kind of type that no row has is left out."""
    right, languages = Points.each(exact(table, "prediction")), texts(table, "language")
    found = {}
    for column in TYPES:
        types = texts(table, column)
        if any(types):
            mine = {language: languages == language for language in sorted(set(languages))}
            found[column] = {language: right.take(rows).by(types[rows]) for language, rows in mine.items()}
    return found
