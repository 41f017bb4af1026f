"""Scoring of question answering by spans: the best span over an example's windows, its text, F1 and exact match."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.score.answer_text import Style, answer_f1, exact_match, style_of
from xstilts.score.clusters import paragraphs
from xstilts.score.points import Points, texts
from xstilts.score.predictions import TEXT, TEXTS, each_batch, windows_of
from xstilts.score.scoring import Scored, Scoring, scored
from xstilts.train.examples import Examples
from xstilts.train.spans import best_answer

METRICS = {"f1": answer_f1, "exact_match": exact_match}


@dataclass(frozen=True)
class Spans:
    """The best span of every row, `[rows]` each.

    Attributes:
        start, end: its first and last token, int64.
        margin: its score minus that of "no answer here" (token 0 as both ends), float32; -inf: no token is context.
    """

    start: np.ndarray
    end: np.ndarray
    margin: np.ndarray


def score_spans(scoring: Scoring) -> Scored:
    """Find an answer in every test context."""
    model = scoring.model()
    examples = scoring.examples()
    _check_offsets(scoring.path, examples)
    count = len(examples)
    spans = Spans(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.float32))
    for rows, batch, logits in each_batch(model, examples, scoring.settings, scoring.task):
        parts = best_answer(logits, batch.context_mask)
        spans.start[rows], spans.end[rows], spans.margin[rows] = (part.cpu().numpy() for part in parts)
    return span_scores(span_table(examples.table, spans), scoring.metric, style_of(scoring.task))


def _check_offsets(path: Path, examples: Examples) -> None:
    """Refuse a row that does not say which characters its tokens stand for."""
    missing = np.flatnonzero(examples.lists["offsets"].lengths == 0)
    if len(missing):
        raise DataError(path, int(missing[0]), "no offsets", "the characters of every token", "run `dvc repro`")


def span_table(table: pa.Table, spans: Spans) -> pa.Table:
    """One row per example and language: gold answers, prediction and its `margin` over "no answer", and the cluster.

    The prediction is the best span of the window whose margin is largest. It is "" where no margin is positive, but
    only if the set has questions without an answer (SQuAD v2, as against v1): to others, "" is never right.
    """
    groups = windows_of(table)
    best = np.array([rows[spans.margin[rows].argmax()] for rows in groups])
    kept = table.select(["id", "language", "context", "offsets", "answer", "answers"]).take(pa.array(best))
    unanswerable = not all(table["answers"].to_pylist())
    predictions = [
        "" if unanswerable and margin <= 0 else _text(context, offsets, start, end)
        for context, offsets, start, end, margin in zip(
            kept["context"].to_pylist(),
            kept["offsets"].to_pylist(),
            spans.start[best],
            spans.end[best],
            spans.margin[best],
            strict=True,
        )
    ]
    columns = {"id": kept["id"], "language": kept["language"], "gold": kept["answer"]}
    columns["golds"] = pa.array(kept["answers"].to_pylist(), TEXTS)
    columns["prediction"] = pa.array(predictions, TEXT)
    columns["margin"] = pa.array(spans.margin[best], pa.float32())
    columns["cluster"] = pa.array(paragraphs(kept), TEXT)
    return pa.table(columns)


def _text(context: str, offsets: list[int], start: int, end: int) -> str:
    """The characters of the context from the first token of a span to its last."""
    first, last = offsets[2 * start], offsets[2 * end + 1]
    return context[first:last] if first >= 0 else ""


def span_scores(table: pa.Table, metric: str, style: Style) -> Scored:
    """F1 and exact match by language, each the best over an example's gold answers; `metric` comes first."""
    languages = texts(table, "language")
    rows = list(zip(table["prediction"].to_pylist(), table["golds"].to_pylist(), languages, strict=True))
    points = {name: Points.each(np.array([one(*row, style) for row in rows])) for name, one in METRICS.items()}
    others = {name: own.by(languages) for name, own in points.items() if name != metric}
    return scored(table, metric, points[metric], others)
