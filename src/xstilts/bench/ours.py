"""The pipeline's own side: xstilts called as its stages call it, and timed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from xstilts.base.machine import processors
from xstilts.bench.clock import Positions, Stopwatch, TrainingClock, device
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import pipeline_cost, pipeline_model
from xstilts.bench.rows import examples_of, read_card
from xstilts.model.multitask import MultitaskModel
from xstilts.score.predictions import answer_all
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import open_examples
from xstilts.train.loop import train
from xstilts.train.phase import make_ready
from xstilts.train.settings import TrainSettings


@dataclass(frozen=True)
class Pipeline:
    """xstilts, on caches of one task with one label per example.

    Attributes:
        all_weights: whether every weight is trained, instead of those that the task file says.
        trimmed: whether word embeddings that no text uses stay out of memory, as the task file may say; a peer that
            trains every weight updates them too.
    """

    all_weights: bool = False
    trimmed: bool = True

    def train(self, job: Job) -> Measured:
        """Train on the job's rows once."""
        (task, _), settings = read_card(job), self.settings(job)
        model, rows = self._ready(job), examples_of(job, job.rows)
        dev = examples_of(job, job.dev or (0,), "dev")  # training scores dev at its end, after the last step
        with Positions(model.encoder.text, training=True) as seen, TrainingClock() as clock:
            trained = train(model, rows, dev, settings, job.seed, job.side)
        cost = pipeline_cost(model, task, settings.frozen_layers, settings.train_inputs)
        flops = cost.training(rows.tokens, int(rows.pictures.counts.sum()))
        accuracy = trained.best["mean"] if job.dev else None
        return Measured(
            trained.examples,
            trained.tokens,
            clock.seconds,
            seen.total,
            flops,
            accuracy,
            clock.processor_seconds,
            {"updates": clock.updates},
        )

    def score(self, job: Job) -> Measured:
        """Answer the job's rows once, with a fresh head."""
        (task, card), rows = read_card(job), examples_of(job, job.rows)
        torch.manual_seed(job.seed)
        model = pipeline_model(job, card["tasks"]).eval().to(device())
        with Positions(model.encoder.text, training=False) as seen, Stopwatch() as watch:
            answer_all(model, rows, ScoreSettings(), job.side)
        flops = pipeline_cost(model, task, 0, False).scoring(rows.tokens, int(rows.pictures.counts.sum()))
        used = watch.processor_seconds
        return Measured(len(rows), int(rows.tokens.sum()), watch.seconds, seen.total, flops, processor_seconds=used)

    def settings(self, job: Job) -> TrainSettings:
        """One epoch with the task's settings and the job's rate."""
        settings = replace(TrainSettings(**job.settings), epochs=1.0, evaluations=1, accumulation=1)
        settings = replace(settings, batch_threads=processors())  # nothing else is trained beside it
        if rate := job.learning_rate:
            settings = replace(settings, learning_rate=rate, head_learning_rate=rate)
        settings = settings if self.trimmed else replace(settings, trim_vocabulary=False)
        return replace(settings, frozen_layers=0, train_inputs=True) if self.all_weights else settings

    def _ready(self, job: Job) -> MultitaskModel:
        """A fresh model as a stage starts to train it: for all rows of the cache, of which some are measured."""
        torch.manual_seed(job.seed)
        model = pipeline_model(job, read_card(job)[1]["tasks"])
        rows, dev = (open_examples(Path(job.cache), split) for split in ("train", "dev"))
        make_ready(model, rows, dev, self.settings(job))
        return model


PIPELINE, ALL_WEIGHTS = Pipeline(), Pipeline(all_weights=True)
UNTRIMMED = Pipeline(all_weights=True, trimmed=False)
