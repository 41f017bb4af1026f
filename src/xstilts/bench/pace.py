"""How long one cache takes to tokenise, train on and score: a sample of its rows, as the stages do it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer

from xstilts.base.files import CARD, open_rows, read_json
from xstilts.base.threads import workers
from xstilts.bench.clock import Stopwatch
from xstilts.bench.job import Job, Measured
from xstilts.model.multitask import MultitaskModel
from xstilts.score.controls import SHOWN, controls_of
from xstilts.score.predictions import each_batch
from xstilts.score.settings import ScoreSettings
from xstilts.train.dev import dev_scores
from xstilts.train.examples import Examples
from xstilts.train.loop import train
from xstilts.train.masking import read_masking
from xstilts.train.phase import fresh_model, make_ready
from xstilts.train.pictures import Shown
from xstilts.train.settings import TrainSettings


def pace_of_training(job: Job) -> Measured:
    """Train on the job's rows of any cache, a mixture's too; `more` has the seconds of a dev row and of a text.

    Returns:
        Measured: examples and seconds of training. `more`: `dev_seconds` and `encode_seconds` of one row each.
    """
    model, rows, settings = _model(job), _rows(job, "train", job.rows), _settings(job)
    make_ready(model, _rows(job, "train", None), _rows(job, "dev", None), settings)
    if job.warmup:
        train(model, _rows(job, "train", job.warmup), _rows(job, "dev", (0,)), settings, job.seed, job.side)
    with Stopwatch() as watch:
        watch.start()
        trained = train(model, rows, _rows(job, "dev", (0,)), settings, job.seed, job.side)
    dev = _rows(job, "dev", job.dev)
    more = {"dev_seconds": _dev(model, dev, settings), "encode_seconds": _encoding(job, rows) / len(rows)}
    return Measured(trained.examples, trained.tokens, watch.seconds, more=more)


def pace_of_scoring(job: Job) -> Measured:
    """Answer the job's rows with a fresh head, once for each control that the task has."""
    card, model = read_json(Path(job.cache) / CARD), _model(job)
    passes: list[Shown] = [SHOWN, *controls_of(next(iter(card["tasks"].values())))]
    table = open_rows(Path(job.cache) / f"{job.split}.arrow").take(pa.array(job.rows, pa.int64()))
    parts = [Examples(table, card, shown) for shown in passes]
    seconds = sum(_timed(lambda part=part: _answer(model.eval(), part)) for part in parts)  # type: ignore[misc]
    return Measured(len(table), int(parts[0].tokens.sum()), seconds, more={"passes": len(passes)})


def _answer(model: MultitaskModel, part: Examples) -> None:
    for _ in each_batch(model, part, ScoreSettings(), "pace"):
        pass


def _dev(model: MultitaskModel, dev: Examples, settings: TrainSettings) -> float:
    """Seconds that a dev row takes."""
    with workers() as pool:
        scoring: Callable[[], object] = lambda: dev_scores(model, dev, settings.token_budget, settings.precision, pool)  # noqa: E731
        return _timed(scoring) / len(dev)


def _encoding(job: Job, rows: Examples) -> float:
    """Seconds that a tokenizer takes for the rows' texts."""
    tokenizer = Tokenizer.from_file(str(Path(job.public) / "encoder" / "tokenizer.json"))
    texts = tokenizer.decode_batch([list(rows.lists["input_ids"][row]) for row in range(len(rows))])
    return _timed(lambda: tokenizer.encode_batch(texts))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _model(job: Job) -> MultitaskModel:
    torch.manual_seed(job.seed)
    return fresh_model(Path(job.public), None, read_json(Path(job.cache) / CARD)["tasks"])


def _settings(job: Job) -> TrainSettings:
    return replace(TrainSettings(**job.settings), epochs=1.0, evaluations=1)


def _rows(job: Job, split: str, chosen: Sequence[int] | None) -> Examples:
    """Rows of a split of the job's cache, or all of them."""
    card = read_json(Path(job.cache) / CARD)
    hidden = any(entry["kind"] == "mlm" for entry in card["tasks"].values())
    masking = read_masking(Path(job.public) / "encoder", job.seed) if hidden else None
    table = open_rows(Path(job.cache) / f"{split}.arrow")
    table = table if chosen is None else table.take(pa.array(np.array(chosen), pa.int64()))
    return Examples(table, card, masking=masking)
