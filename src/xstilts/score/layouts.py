"""Scoring of layouts: how much of a question's program a parser gets right, by language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from math import exp

import numpy as np
import pyarrow as pa

from xstilts.programs.layout import Layout, parse_layout
from xstilts.programs.operations import OPEN
from xstilts.score.beams import Beams
from xstilts.score.points import Points, texts
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, each_batch
from xstilts.score.scoring import Scored, Scoring, scored
from xstilts.train.examples import Examples


def score_layouts(scoring: Scoring) -> Scored:
    """Parse every test question."""
    model, examples = scoring.model(), scoring.examples()
    best: list[list[tuple[Layout, float]]] = [[]] * len(examples)
    beams = Beams(scoring.card["labels"])
    for rows, _, logits in each_batch(model, examples, scoring.settings, scoring.task):
        for row, scores in zip(rows, logits.float().cpu().numpy(), strict=True):
            best[row] = list(islice(beams.layouts(scores), scoring.settings.top))
    return layout_scores(layout_table(examples, best), scoring.metric)


def layout_table(examples: Examples, best: Sequence[Sequence[tuple[Layout, float]]]) -> pa.Table:
    """One row per question and language: gold layout, the likeliest one, and the best with their probabilities.

    Args:
        best: of every row, layouts with the logarithms of their probabilities, the likeliest first.
    """
    kept = examples.table.select(["id", "image_id", "language", "structural", "semantic"])
    columns = {name: kept[name] for name in kept.column_names}
    columns["gold"] = examples.table["answer"]
    columns["prediction"] = pa.array([str(one[0][0]) for one in best], TEXT)
    columns["top"] = pa.array([[str(layout) for layout, _ in one] for one in best], TEXTS)
    columns["probability"] = pa.array([[exp(score) for _, score in one] for one in best], NUMBERS)
    return pa.table(columns)


def layout_scores(table: pa.Table, metric: str) -> Scored:
    """All metrics of a table of `layout_table`, the main one first.

    Args:
        metric: the main one.
    """
    pairs = zip(*(map(_parsed, table[name].to_pylist()) for name in ("gold", "prediction")), strict=True)
    found = list(pairs)
    languages = texts(table, "language")
    points = {name: _points(found, measure) for name, measure in METRICS.items()}
    others = {name: one.by(languages) for name, one in points.items() if name != metric}
    types = {"structural": _by_type(points[metric], languages, texts(table, "structural"))}
    return scored(table, metric, points[metric], others, more={"types": types})


def _by_type(points: Points, languages: np.ndarray, types: np.ndarray) -> dict[str, dict[str, float]]:
    mine = {language: languages == language for language in sorted(set(languages))}
    return {language: points.take(rows).by(types[rows]) for language, rows in mine.items()}


@lru_cache(1 << 16)
def _parsed(text: str) -> Layout:
    return parse_layout(text)


Measure = Callable[[Layout, Layout], tuple[float, float]]  # gold and predicted layout: what was earned, and out of what


def _points(pairs: Sequence[tuple[Layout, Layout]], measure: Measure) -> Points:
    earned, of = zip(*(measure(*pair) for pair in pairs), strict=True)
    return Points(np.array(earned, float), np.array(of, float))


def _same(part: Callable[[Layout], object]) -> Measure:
    """1 where a part of both layouts is the same."""
    return lambda gold, own: (float(part(gold) == part(own)), 1.0)


def _concepts(gold: Layout, own: Layout) -> tuple[float, float]:
    """How many of the gold layout's objects, attributes and relations the other one has as well."""
    wanted, found = (Counter(slot.value for slot in one.slots if slot.type in OPEN) for one in (gold, own))
    return float((wanted & found).total()), float(wanted.total())


METRICS: dict[str, Measure] = {
    "exact_layout": _same(lambda layout: layout),
    "skeleton": _same(lambda layout: layout.skeleton),
    "structural_type": _same(lambda layout: layout.structural),
    "last_operation": _same(lambda layout: layout.steps[-1].form),
    "first_object": _same(lambda layout: next((step.values[0] for step in layout.steps if step.form == "select"), "")),
    "concepts": _concepts,
}
