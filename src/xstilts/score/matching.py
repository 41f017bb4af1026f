"""Scoring of image-sentence matching: right or wrong a pair, or as retrieval among many images and captions."""

from __future__ import annotations

from xstilts.score.answers import score_answers
from xstilts.score.cell import Cell, Scored
from xstilts.score.image_text import score_image_text


def score_matching(cell: Cell) -> Scored:
    """Accuracy on the pairs of the test split, or recall at 1, as the task's metric says."""
    return score_image_text(cell) if cell.metric == "recall_at_1" else score_answers(cell)
