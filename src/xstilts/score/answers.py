"""Scoring of tasks whose examples are answered with one label: of a vocabulary, of a few classes, or a choice."""

from __future__ import annotations

from xstilts.score.accuracy import label_scores
from xstilts.score.cell import Cell, Scored
from xstilts.score.controls import SHOWN, controls_of
from xstilts.score.predictions import Answers, answer_all, prediction_table


def score_answers(cell: Cell) -> Scored:
    """Answer every test example, and once more for each control that the task has."""
    model = cell.model()
    controls = controls_of(cell.card)
    answers: dict[str, Answers] = {}
    for pictures in (SHOWN, *controls):
        examples = cell.examples(pictures)
        answers[pictures] = answer_all(model, examples, cell.settings, f"{cell.task} {pictures}")
    return label_scores(prediction_table(examples, answers), cell.metric, controls)
