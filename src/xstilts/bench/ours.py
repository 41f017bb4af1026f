"""The pipeline's own training and scoring, called as its stages call them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from xstilts.base.errors import ParameterError
from xstilts.bench.clock import Positions, Stopwatch
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import own_cost, own_model
from xstilts.bench.sample import examples_of, labels_of, read_card, table_of, whole
from xstilts.score.predictions import answer_all
from xstilts.score.settings import ScoreSettings
from xstilts.train.loop import train
from xstilts.train.phase import make_ready
from xstilts.train.settings import TrainSettings

ALL_WEIGHTS = "all_weights"  # ends the name of a side that trains every weight, as the peers do


def settings_of(job: Job) -> TrainSettings:
    """One epoch with the task's settings and the job's rate; a side named `..._all_weights` freezes nothing.

    Raises:
        ParameterError: a task that trains adapters or a head alone, whose operations are not counted here.
    """
    settings = replace(TrainSettings(**job.settings), epochs=1.0, evaluations=1, accumulation=1)
    if settings.tune != "full":
        raise ParameterError(f"{job.cache}: its task has tune: {settings.tune}, expected full; measure another task")
    if rate := job.learning_rate:
        settings = replace(settings, learning_rate=rate, head_learning_rate=rate)
    return replace(settings, frozen_layers=0, train_inputs=True) if job.side.endswith(ALL_WEIGHTS) else settings


def train_rows(job: Job) -> Measured:
    """Train on the job's rows once, after a run on the warm-up rows that is thrown away."""
    if job.warmup:
        _train(job, job.warmup)
    return _train(job, job.rows)


def _train(job: Job, chosen: Sequence[int]) -> Measured:
    (task, card), settings = read_card(job), settings_of(job)
    torch.manual_seed(job.seed)
    model, rows = own_model(job, card["tasks"]), examples_of(job, chosen, "train")
    dev = examples_of(job, job.dev or (0,), "dev")  # training scores dev at its end, after the last step
    make_ready(model, whole(job, "train"), whole(job, "dev"), settings)
    with Positions(model.encoder.text, training=True) as seen, Stopwatch() as watch:
        watch.start()
        trained = train(model, rows, dev, settings, job.seed, job.side)
    flops = own_cost(model, task, settings.frozen_layers, settings.train_inputs).training(
        rows.tokens, int(rows.pictures.counts.sum())
    )
    accuracy = trained.best["mean"] if job.dev else None
    return Measured(trained.examples, trained.tokens, watch.seconds, seen.total, flops, accuracy)


def score_rows(job: Job) -> Measured:
    """Answer the job's rows once, after the warm-up rows."""
    task, card = read_card(job)
    torch.manual_seed(job.seed)
    model, settings = own_model(job, card["tasks"]).eval(), ScoreSettings()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if job.warmup:
        answer_all(model, examples_of(job, job.warmup), settings, job.side)
    with Positions(model.encoder.text, training=False) as seen:
        began = time.perf_counter()
        rows = examples_of(job, job.rows)
        answers = answer_all(model, rows, settings, job.side)
        seconds = time.perf_counter() - began
    flops = own_cost(model, task, 0, False).scoring(rows.tokens, int(rows.pictures.counts.sum()))
    right = float((answers.labels[:, 0] == labels_of(table_of(job, job.rows))).mean())
    return Measured(len(rows), int(rows.tokens.sum()), seconds, seen.total, flops, more={"agreement": right})
