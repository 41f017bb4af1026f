"""Scoring of a decoder: predictions, controls and scores as of every other cell."""

from __future__ import annotations

from pathlib import Path

from xstilts.base.cells import PUBLIC, Cell
from xstilts.base.errors import ParameterError
from xstilts.decoder.answering import answer_rows, trie_of
from xstilts.decoder.model import ADAPTER, open_decoder
from xstilts.decoder.rows import RAW, Rows, only_task
from xstilts.decoder.settings import DecoderSettings
from xstilts.decoder.training import check_same
from xstilts.score.labels import label_scores
from xstilts.score.predictions import Answers, prediction_table
from xstilts.score.scoring import SHOWN, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import write_scores
from xstilts.score.training import read_training


def score_decoder(
    checkpoint: Path, cell: Cell, settings: DecoderSettings, score: ScoreSettings, raw: Path = RAW
) -> None:
    """Answer the test questions of a cell's target in every language, and write `cell.scores`.

    With the pictures; and as controls without them, and with those of other questions.

    Args:
        checkpoint: of phase 2; without adapters, the public model answers.
        score: of which `batch_size`, `top` and `precision` are used.
        raw: the folder of the raw sets.

    Raises:
        ParameterError: a target that a decoder does not answer, or a setting that is for encoders.
        DataError: a checkpoint of another model, or pictures that are missing.
    """
    scoring = open_scoring(checkpoint, PUBLIC, cell.test_cache, score)
    only_task({"name": cell.target, "tasks": {scoring.task: scoring.card}})
    if score.centre != "none":
        raise ParameterError(f"target {cell.target}: a decoder has no states to centre; set score.centre to none")
    decoder = open_decoder(settings.model, score.precision)
    check_same(checkpoint, decoder)
    if (checkpoint / ADAPTER).is_file():
        decoder.load_adapters(checkpoint, trained=False)
    answers: dict[str, Answers] = {}
    for shown in (SHOWN, *scoring.controls):
        rows = Rows.of(examples := scoring.examples(shown), settings, raw)
        trie = trie_of(decoder, rows)
        answers[shown] = answer_rows(decoder, rows, trie, score.batch_size, score.top, f"{cell.target} {shown}")
    table = prediction_table(examples, answers)
    training = read_training(checkpoint)
    write_scores(scoring, cell, training, label_scores(table, scoring.metric, scoring.controls))
