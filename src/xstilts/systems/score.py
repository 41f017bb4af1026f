"""Scoring of a system in place of an answer head: predictions as of every other cell, and the traces beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.cells import Cell
from xstilts.programs.scene import Scene
from xstilts.score.labels import EARNED, label_scores
from xstilts.score.points import Points, texts
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, gold_columns
from xstilts.score.scoring import CONTROLS, SHOWN, Scored, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import with_inductive, write_scores
from xstilts.score.training import read_training
from xstilts.systems.choosing import System
from xstilts.systems.modules import Solved
from xstilts.systems.naming import Parsed, rows_by_scene
from xstilts.systems.questions import Parser, Questions
from xstilts.systems.settings import SystemSettings
from xstilts.train.examples import Examples
from xstilts.train.pictures import Shown

TRACES = "traces.arrow"
FALLBACKS = ("none", "usual")
TRACE = pa.schema(
    [
        ("id", TEXT),
        ("language", TEXT),
        ("layout", TEXT),
        ("rank", pa.int32()),  # of the layout that was run, see `Solved`
        ("step", pa.int32()),
        ("operation", TEXT),
        ("argument", TEXT),
        ("inputs", pa.list_(pa.int32())),  # steps whose results it took
        ("boxes", pa.list_(pa.list_(pa.float32()))),  # of what it found: left, top, right, bottom
        ("value", TEXT),
        ("score", pa.float32()),
        ("failed", TEXT),  # why; "" if it did not
    ]
)
LEARNED_FROM = "the other half of the test questions, with their pictures"


def score_modules(parser: Parser, cell: Cell, settings: SystemSettings, score: ScoreSettings) -> None:
    """Answer the test questions of a cell's target by modules, and write `cell.scores` with `traces.arrow` in it.

    The controls are those of every target with pictures: `shuffled`, the layouts run on another question's picture, and
    `blind`, on a picture without objects.

    Raises:
        DataError: a test question that the layout task does not have, or an image that perception does not have.
    """
    training = read_training(parser.checkpoint)
    target = open_scoring(parser.checkpoint, parser.public, cell.test_cache, score)
    questions = Questions.open(target, parser, settings, score, (SHOWN, *CONTROLS))
    traces: dict[str, pa.Table] = {}

    def answered(parsing: Scoring) -> Scored:
        plain = questions.parse(parsing)
        renamed = questions.renamed(plain)
        found = _solved(questions, renamed or plain)
        traces.setdefault(TRACES, trace_table(questions.examples[SHOWN], found[SHOWN]))
        result = system_scores(questions.examples[SHOWN], found, target.metric, settings.fallback)
        if renamed is None:
            return result
        before = system_scores(questions.examples[SHOWN], _solved(questions, plain), target.metric, settings.fallback)
        about = {"learned_from": LEARNED_FROM, "unlearned": before.scores[target.metric]}
        return replace(result, more={**result.more, "naming": about})

    write_scores(target, cell, training, with_inductive(questions.parsing, answered, target.metric), traces)


def _solved(questions: Questions, parsed: Parsed) -> dict[Shown, list[Solved]]:
    return {one: solve_all(questions.system, parsed.scores, some) for one, some in questions.scenes.items()}


def solve_all(system: System, scores: np.ndarray, scenes: Sequence[Scene]) -> list[Solved]:
    """Answer every question about its scene."""
    found: dict[int, Solved] = {}
    for rows in rows_by_scene(scenes):
        found.update(zip(rows.tolist(), system.solve(scores[rows], scenes[rows[0]]), strict=True))
    return [found[row] for row in range(len(scenes))]


def system_scores(examples: Examples, solved: Mapping[Shown, Sequence[Solved]], metric: str, fallback: str) -> Scored:
    """Scores as of an answer head, and beside them, by language and all in 0..1, under `modules`:

    - `likeliest_ran`: for how many questions the likeliest layout ran; `none_ran`: for how many none did.
    - `none`, `usual`: the main metric with either fallback.
    """
    shown = solved[SHOWN]
    columns = gold_columns(examples)
    columns["prediction"] = pa.array([one.answer(fallback) for one in shown], TEXT)
    columns["top"] = pa.array([[one.answer(fallback)] for one in shown], TEXTS)
    columns["probability"] = pa.array([[one.probability] for one in shown], NUMBERS)
    columns |= {name: pa.array([one.answer(fallback) for one in solved[name]], TEXT) for name in CONTROLS}
    columns |= {name: pa.array([one.answer(name) for one in shown], TEXT) for name in FALLBACKS}
    table = pa.table(columns)
    result = label_scores(table.drop_columns(list(FALLBACKS)), metric, CONTROLS)
    beside = {name: EARNED[metric](table, name) for name in FALLBACKS}
    beside["likeliest_ran"] = np.array([float(one.ran and one.rank == 0) for one in shown])
    beside["none_ran"] = np.array([float(not one.ran) for one in shown])
    languages = texts(table, "language")
    rates = {name: Points.each(values).by(languages) for name, values in beside.items()}
    return replace(result, more={**result.more, "modules": rates})


def trace_table(examples: Examples, solved: Sequence[Solved]) -> pa.Table:
    """One row per question and step, with the columns of `TRACE`."""
    rows: list[dict[str, Any]] = []
    for language, name, one in zip(examples.languages, examples.ids, solved, strict=True):
        about = {"id": name, "language": language, "layout": str(one.layout), "rank": one.rank}
        rows += [{**about, **step.to_json()} for step in one.outcome.trace]
    return pa.Table.from_pylist(rows, TRACE)
