"""Scoring of tagging: one tag per word, the windows of a long sentence joined, F1 or accuracy by language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.score.points import Points, texts
from xstilts.score.predictions import TEXTS, each_batch, windows_of
from xstilts.score.scoring import Scored, Scoring, scored
from xstilts.score.tags import entity_f1, pos_f1, tag_accuracy

Tags = Sequence[Sequence[str]]
METRICS: dict[str, Callable[[Tags, Tags], Points]] = {
    "f1": entity_f1,
    "pos_f1": pos_f1,
    "accuracy": tag_accuracy,
}


def score_tagging(scoring: Scoring) -> Scored:
    """Tag every word of every test sentence."""
    model = scoring.model()
    examples = scoring.examples()
    labels = np.array(scoring.card["labels"], dtype=object)
    firsts = [np.flatnonzero(np.array(row) >= 0) for row in examples.table["labels"].to_pylist()]
    tags: list[list[str]] = [[] for _ in firsts]
    for rows, _, logits in each_batch(model, examples, scoring.settings, scoring.task):
        best = logits.argmax(-1).cpu().numpy()
        for i, row in enumerate(rows):
            tags[row] = labels[best[i, firsts[row]]].tolist()
    return tag_scores(tag_table(scoring.path, examples.table, tags), scoring.metric)


def tag_table(path: Path, table: pa.Table, tags: Tags) -> pa.Table:
    """One row per sentence and language: gold and predicted tags of its words, its windows one after the other.

    Raises:
        DataError: a window whose words and gold tags are not equally many.
    """
    groups, golds = windows_of(table), table["answers"].to_pylist()
    for row, (gold, own) in enumerate(zip(golds, tags, strict=True)):
        if len(gold) != len(own):
            found = f"{len(own)} scored tokens"
            raise DataError(path, row, found, f"{len(gold)}, one per word", "run `dvc repro`")
    kept = table.select(["id", "language"]).take(pa.array([rows[0] for rows in groups]))
    joined = {
        name: pa.array([[tag for row in rows for tag in column[row]] for rows in groups], TEXTS)
        for name, column in (("golds", golds), ("prediction", tags))
    }
    return pa.table({name: kept[name] for name in kept.column_names} | joined)


def tag_scores(table: pa.Table, metric: str) -> Scored:
    """The main metric by language, and the accuracy over words beside it."""
    gold, own = table["golds"].to_pylist(), table["prediction"].to_pylist()
    points = {name: METRICS[name](gold, own) for name in dict.fromkeys((metric, "accuracy"))}
    languages = texts(table, "language")
    others = {name: one.by(languages) for name, one in points.items() if name != metric}
    return scored(table, metric, points[metric], others)
