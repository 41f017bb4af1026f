"""Score one target checkpoint in every language: predictions with points, scores, training, provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.files import CARD, whole_directory, write_json, write_table
from xstilts.base.kinds import KINDS, covers
from xstilts.score.image_text import RECALL, score_image_text
from xstilts.score.labels import score_labels
from xstilts.score.layouts import score_layouts
from xstilts.score.matching import PAIRWISE, score_pairs
from xstilts.score.provenance import provenance
from xstilts.score.retrieval import score_retrieval
from xstilts.score.scoring import Scored, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.spans import score_spans
from xstilts.score.tagging import score_tagging
from xstilts.score.training import read_training


def score_matching(scoring: Scoring) -> Scored:
    """Accuracy on the pairs of the test split, each judged alone or against the others of its caption, or recall at 1
    among many images: as the task's metric says."""
    by_metric = {RECALL: score_image_text, PAIRWISE: score_pairs}
    return by_metric.get(scoring.metric, score_labels)(scoring)


Scorer = Callable[[Scoring], Scored]
_SCORERS: dict[str, Scorer] = {
    "vqa": score_labels,
    "layout": score_layouts,
    "classification": score_labels,
    "choice": score_labels,
    "matching": score_matching,
    "span": score_spans,
    "tagging": score_tagging,
    "retrieval": score_retrieval,
}
TRANSDUCTIVE = {"centre": ("centring", "uncentred"), "prior": ("prior", "unmatched")}
MEANS_FROM = "the other half of the test questions"
SCORERS = covers(_SCORERS, "xstilts.score.target.SCORERS", needs=lambda kind: kind.is_scored)


def score_target(checkpoint: Path, public: Path, cell: Cell, settings: ScoreSettings) -> None:
    """Score the test rows of a cell's target as their kind of task is scored.

    Writes `predictions.arrow` (one row per example and language), `scores.json`, `training.json` and `provenance.json`
    into `cell.scores`. The scores say what the test data are (`data`: `pictograms` or `official`): the two never share
    a table.

    Args:
        checkpoint: of phase 2; not always `cell.target_checkpoint`, since a recipe may change scoring alone.
        public: phase 0.

    Raises:
        ParameterError: a kind of task that is no target, or a metric that it is not scored by.
        DataError: test rows of another target, or a checkpoint that does not say how it was trained.
    """
    scoring = open_scoring(checkpoint, public, cell.test_cache, settings)
    _check(scoring, cell)
    training = read_training(checkpoint)
    write_scores(scoring, cell, training, with_inductive(scoring, SCORERS[scoring.kind]))


def with_inductive(scoring: Scoring, scorer: Scorer, metric: str | None = None) -> Scored:
    """The result of scoring; with options that use unlabelled test questions, beside it the main metric without each.

    `centring` of scores.json then says from what the means are, and what the scores are `uncentred`; `prior` likewise,
    and what they are `unmatched`.

    Args:
        metric: what the scorer's result is judged by, where it is not the metric of `scoring`.
    """
    result, beside = scorer(scoring), dict[str, Any]()
    for option, (key, without) in TRANSDUCTIVE.items():
        if getattr(scoring.settings, option) != "none":
            off: dict[str, Any] = {option: "none"}
            plain = scorer(replace(scoring, settings=replace(scoring.settings, **off)))
            beside[key] = {"means_from": MEANS_FROM, without: plain.scores[metric or scoring.metric]}
    return replace(result, more={**result.more, **beside}) if beside else result


def write_scores(
    scoring: Scoring,
    cell: Cell,
    training: Mapping[str, Any],
    result: Scored,
    tables: Mapping[str, pa.Table] | None = None,
) -> None:
    """Write the folder `cell.scores`, whole or not at all.

    Args:
        training: what `read_training` says of the checkpoint.
        tables: further files, by name.
    """
    about = {"target": cell.target, "recipe": cell.recipe, "route": cell.route, "seed": cell.seed}
    about |= {"data": scoring.card["data"], "kind": scoring.kind, "metric": scoring.metric}
    found = {"rows": result.rows, "scores": result.scores, "controls": result.controls, **result.more}
    with whole_directory(cell.scores) as draft:
        for name, table in {"predictions.arrow": result.predictions, **(tables or {})}.items():
            write_table(draft / name, table)
        write_json(draft / "scores.json", {**about, **found})
        write_json(draft / "training.json", training)
        write_json(draft / "provenance.json", provenance(scoring.settings.precision))


def _check(scoring: Scoring, cell: Cell) -> None:
    """Refuse what cannot be scored before any model is loaded."""
    task, kind, metric = scoring.task, scoring.kind, scoring.metric
    if task != cell.target:
        raise DataError(scoring.cache / CARD, None, f"test rows of {task}", cell.target, "run `dvc repro`")
    if kind not in SCORERS:
        raise ParameterError(f"target {task}: no scores for task kind '{kind}'.{did_you_mean(kind, SCORERS)}")
    if scoring.settings.centre != "none" and not KINDS[kind].is_trained:
        found = f"target {task}: `centre` is for trained heads, and a {kind} task has none"
        raise ParameterError(f"{found}; set score.centre to none")
    facts = KINDS[kind]
    if scoring.settings.prior != "none" and not (
        facts.has_one_label and (facts.has_vocabulary or facts.has_listed_labels)
    ):
        found = f"target {task}: `prior` is of labels that all examples share, which a {kind} task has not"
        raise ParameterError(f"{found}; set score.prior to none")
    metrics = facts.metrics
    if metric not in metrics:
        raise ParameterError(f"target {task}: {kind} is not scored by '{metric}'.{did_you_mean(metric, metrics)}")
