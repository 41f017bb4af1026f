"""Score one target checkpoint in every language, with its blind control."""

from __future__ import annotations

from pathlib import Path

import torch

from xstilts.cache import CARD, read_json, whole_directory, write_json, write_table
from xstilts.errors import ParameterError
from xstilts.model.checkpoint import load_model
from xstilts.score.accuracy import scores
from xstilts.score.predictions import answer_all, prediction_table
from xstilts.score.provenance import provenance
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import open_examples


def score_target(
    checkpoint: Path, public: Path, cache: Path, out: Path, settings: ScoreSettings, route: str, seed: int, data: str
) -> None:
    """Answer the test questions of `cache` twice, with the pictures and without, and write what came of it.

    Writes `predictions.arrow` (a row a question and language), `scores.json` and `provenance.json` into `out`.

    Args:
        data: what the data are, `pictograms` or `official`; scores of the two never share a table.
    """
    card = read_json(cache / CARD)
    (task,) = card["tasks"]
    if card["tasks"][task]["kind"] == "span":
        raise ParameterError(f"target {task}: found kind span, expected one that answers with a label")
    model = load_model(public, checkpoint).to("cuda" if torch.cuda.is_available() else "cpu")
    examples = open_examples(cache, "test")
    seen = answer_all(model, examples, settings, f"{task} seen")
    blind = answer_all(model, open_examples(cache, "test", masked=True), settings, f"{task} blind")
    table = prediction_table(examples, model.cards[task]["labels"], seen, blind)
    about = {"target": task, "route": route, "seed": seed, "data": data, "metric": card["tasks"][task]["metric"]}
    with whole_directory(out) as draft:
        write_table(draft / "predictions.arrow", table)
        write_json(draft / "scores.json", {**about, **scores(table)})
        write_json(draft / "provenance.json", provenance(settings.precision))
