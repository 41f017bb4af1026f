"""Scoring of a system in place of an answer head: predictions as of every other cell, and the traces beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.programs.layout import Layout
from xstilts.programs.scene import Scene, read_scenes
from xstilts.score.beams import Beams, BeamSettings
from xstilts.score.labels import EARNED, label_scores
from xstilts.score.points import Points, texts
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, each_batch, gold_columns
from xstilts.score.scoring import CONTROLS, SHOWN, Scored, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import with_uncentred, write_scores
from xstilts.score.training import read_training
from xstilts.systems.modules import Modules, Solved
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
        ("rank", pa.int32()),  # of the layout that was run, 0 for the likeliest
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
Beam = Sequence[tuple[Layout, float]]


def score_modules(
    parser: Path,
    public: Path,
    cell: Cell,
    layout_cache: Path,
    perception: Path,
    settings: SystemSettings,
    score: ScoreSettings,
) -> None:
    """Answer the test questions of a cell's target by modules, and write `cell.scores` with `traces.arrow` in it.

    The controls are those of every target with pictures: `shuffled`, the layouts run on another question's picture, and
    `blind`, on a picture without objects.

    Args:
        parser: a checkpoint of the layout task.
        public: phase 0.
        layout_cache: the layout task's cache, with the same test questions as the target's.
        perception: of the target's images.

    Raises:
        DataError: a test question that the layout task does not have, or an image that perception does not have.
    """
    training = read_training(parser)
    parsing = open_scoring(parser, public, layout_cache / "test", score)
    target = open_scoring(parser, public, cell.test_cache, score)
    modules = Modules.of_training(open_rows(layout_cache / "learn/train.arrow"), settings)
    scenes = read_scenes(perception)
    examples = {pictures: target.examples(pictures) for pictures in (SHOWN, *CONTROLS)}
    shown = {pictures: pictured(some, scenes, perception) for pictures, some in examples.items()}
    traces: dict[str, pa.Table] = {}

    def answered(parsing: Scoring) -> Scored:
        beams = asked(target, examples[SHOWN], parsed(parsing, settings))
        solved = {pictures: solve_all(modules, beams, some) for pictures, some in shown.items()}
        traces.setdefault(TRACES, trace_table(examples[SHOWN], solved[SHOWN]))
        return system_scores(examples[SHOWN], solved, target.metric, settings.fallback)

    write_scores(target, cell, training, with_uncentred(parsing, answered, target.metric), traces)


def parsed(parsing: Scoring, settings: SystemSettings) -> dict[tuple[str, str], Beam]:
    """The layouts of every test question by language and id."""
    model, examples = parsing.model(), parsing.examples()
    beams = Beams(parsing.card["labels"], BeamSettings(settings.templates, settings.concepts, settings.layouts))
    found: dict[tuple[str, str], Beam] = {}
    for rows, _, logits in each_batch(model, examples, parsing.settings, parsing.task):
        for row, scores in zip(rows, logits.float().cpu().numpy(), strict=True):
            found[examples.languages[row], examples.ids[row]] = list(beams.layouts(scores))
    return found


def asked(target: Scoring, examples: Examples, beams: Mapping[tuple[str, str], Beam]) -> list[Beam]:
    """The layouts of the target's test rows; `DataError` for a question that was not parsed."""
    found = []
    for key in zip(examples.languages, examples.ids, strict=True):
        if key not in beams:
            expected = "the same test questions in the layout task"
            raise DataError(target.path, key[1], f"a question in '{key[0]}' without a layout", expected, "compare both")
        found.append(beams[key])
    return found


def pictured(examples: Examples, scenes: Mapping[str, Scene], perception: Path) -> list[Scene]:
    """The scene that each row is shown, an empty one where it is shown none."""
    (features,) = examples.pictures.features.values()
    names = [features.images[image] if image >= 0 else "" for image in examples.pictures.images[:, 0]]
    if missing := sorted(set(names) - set(scenes) - {""}):
        found, expected = f"no scene of image {missing[0]}", "one of every image of the target"
        raise DataError(perception, None, found, expected, "run `dvc repro`")
    return [scenes[name] if name else Scene("", ()) for name in names]


def solve_all(modules: Modules, beams: Sequence[Beam], scenes: Sequence[Scene]) -> list[Solved]:
    """Answer every question about its scene."""
    return [modules.solve(beam, scene) for beam, scene in zip(beams, scenes, strict=True)]


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
