"""Score one target checkpoint in every language: predictions, scores with controls, provenance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.files import whole_directory, write_json, write_table
from xstilts.score.answers import score_answers
from xstilts.score.cell import Cell, Scored, open_cell
from xstilts.score.matching import score_matching
from xstilts.score.provenance import provenance
from xstilts.score.retrieval import score_retrieval
from xstilts.score.settings import ScoreSettings
from xstilts.score.spans import score_spans
from xstilts.score.tagging import score_tagging

SCORERS: dict[str, Callable[[Cell], Scored]] = {
    "vqa": score_answers,
    "classification": score_answers,
    "choice": score_answers,
    "matching": score_matching,
    "span": score_spans,
    "tagging": score_tagging,
    "retrieval": score_retrieval,
}


def score_target(
    checkpoint: Path, public: Path, cache: Path, out: Path, settings: ScoreSettings, route: str, seed: int
) -> None:
    """Score the test rows of `cache` as their kind of task is scored, and write what came of it.

    Writes `predictions.arrow` (a row an example and language), `scores.json` and `provenance.json` into `out`.

    The scores say what the test data are (`data`: `pictograms` or `official`): the two never share a table.

    Raises:
        ParameterError: a kind of task that is no target.
    """
    cell = open_cell(checkpoint, public, cache, settings)
    kind = str(cell.card["kind"])
    if kind not in SCORERS:
        raise ParameterError(f"target {cell.task}: no scores for task kind '{kind}'.{did_you_mean(kind, SCORERS)}")
    scored = SCORERS[kind](cell)
    data = cell.card["data"]
    about = {"target": cell.task, "route": route, "seed": seed, "data": data, "kind": kind, "metric": cell.metric}
    found = {"rows": scored.rows, "scores": scored.scores, "controls": scored.controls, **scored.more}
    with whole_directory(out) as draft:
        write_table(draft / "predictions.arrow", scored.predictions)
        write_json(draft / "scores.json", {**about, **found})
        write_json(draft / "provenance.json", provenance(settings.precision))
