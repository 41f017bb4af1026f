"""The pipeline's own side: xstilts called as its stages call it, and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from xstilts.base.files import CARD, read_json
from xstilts.base.machine import processors
from xstilts.base.threads import workers
from xstilts.bench.clock import Positions, Stopwatch, TrainingClock, device
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import pipeline_cost, pipeline_model
from xstilts.bench.rows import examples_of, read_card, table_of, tokenizer_file
from xstilts.model.multitask import MultitaskModel
from xstilts.score.predictions import answer_all, each_batch
from xstilts.score.scoring import SHOWN, controls_of
from xstilts.score.settings import ScoreSettings
from xstilts.train.dev import dev_scores
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import train, update_plan
from xstilts.train.masking import read_masking
from xstilts.train.phase import fresh_model, make_ready
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


def pace_training(job: Job) -> Measured:
    """Train on the job's rows of any cache, a mixture's too, once and with its own settings.

    Returns:
        Measured: `more` has `dev_seconds` and `encode_seconds` of one row each, and `whole`: the examples that the
            stage would train on.
    """
    settings, whole = TrainSettings(**job.settings), {split: _any_rows(job, split, None) for split in ("train", "dev")}
    rows, dev, model = _any_rows(job, "train", job.rows), _any_rows(job, "dev", job.dev), _any_model(job)
    make_ready(model, whole["train"], whole["dev"], settings)
    once = replace(settings, epochs=1.0, evaluations=1)
    with TrainingClock() as clock:
        trained = train(model, rows, _any_rows(job, "dev", (0,)), once, job.seed, job.side)
    planned = sum(len(batch) for update in update_plan(whole["train"], settings, job.seed) for batch in update)
    more = {"dev_seconds": _dev_seconds(model, dev, settings), "encode_seconds": _encode_seconds(job, rows)}
    return Measured(trained.examples, trained.tokens, clock.seconds, more={**more, "whole": planned})


def pace_scoring(job: Job) -> Measured:
    """Answer the job's rows of any cache with a fresh head, once for each control that the task has."""
    card, model = read_json(Path(job.cache) / CARD), _any_model(job).eval()
    passes = [SHOWN, *controls_of(next(iter(card["tasks"].values())))]
    table = table_of(job, job.rows)
    parts = [Examples(table, card, shown) for shown in passes]
    with Stopwatch() as watch:
        for part in parts:
            for _ in each_batch(model, part, ScoreSettings(**job.settings), job.side):
                pass
    return Measured(len(table), int(parts[0].tokens.sum()), watch.seconds, more={"passes": len(passes)})


def _dev_seconds(model: MultitaskModel, dev: Examples, settings: TrainSettings) -> float:
    """Seconds that scoring takes per dev row."""
    with workers() as pool, Stopwatch() as watch:
        dev_scores(model, dev, settings.token_budget, settings.precision, pool)
    return watch.seconds / len(dev)


def _encode_seconds(job: Job, rows: Examples) -> float:
    """Seconds that a tokenizer takes per row, from the text of all of its tokens."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file(job)))
    texts = tokenizer.decode_batch([list(rows.lists["input_ids"][row]) for row in range(len(rows))])
    with Stopwatch() as watch:
        tokenizer.encode_batch(texts)
    return watch.seconds / len(rows)


def _any_model(job: Job) -> MultitaskModel:
    torch.manual_seed(job.seed)
    return fresh_model(Path(job.public), None, read_json(Path(job.cache) / CARD)["tasks"])


def _any_rows(job: Job, split: str, chosen: Sequence[int] | None) -> Examples:
    """Rows of a split of the job's cache, or all of them."""
    card = read_json(Path(job.cache) / CARD)
    hidden = any(entry["kind"] == "mlm" for entry in card["tasks"].values())
    masking = read_masking(Path(job.public) / "encoder", job.seed) if hidden else None
    if chosen is None:
        return open_examples(Path(job.cache), split, masking=masking)
    return Examples(table_of(job, chosen, split), card, masking=masking)
