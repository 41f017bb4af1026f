"""Batches of questions with their images' features, without a model: how fast each side can feed one."""

from __future__ import annotations

import time
from collections.abc import Sequence

from torch.utils.data import DataLoader

from xstilts.bench.job import Job, Measured
from xstilts.bench.ours import settings_of
from xstilts.bench.sample import examples_of
from xstilts.bench.vqa_recipe import Questions
from xstilts.train.loop import update_plan


def read_ours(job: Job) -> Measured:
    """The pipeline's batches of the job's rows, after the warm-up rows; `tokens` counts region vectors."""
    if job.warmup:
        _read_ours(job, job.warmup)
    return _read_ours(job, job.rows)


def _read_ours(job: Job, chosen: Sequence[int]) -> Measured:
    rows, settings = examples_of(job, chosen), settings_of(job)
    began = time.perf_counter()
    for number, update in enumerate(update_plan(rows, settings, job.seed)):
        for batch in update:
            rows.batch(batch, number)
    return Measured(len(rows), int(rows.pictures.counts.sum()), time.perf_counter() - began)


def read_recipe(job: Job) -> Measured:
    """The recipe's batches, likewise; region vectors that only pad are not counted."""
    if job.warmup:
        _read_recipe(job, job.warmup)
    return _read_recipe(job, job.rows)


def _read_recipe(job: Job, chosen: Sequence[int]) -> Measured:
    questions = Questions(job, chosen)
    began = time.perf_counter()
    for _ in DataLoader(questions, settings_of(job).batch_size, shuffle=True):
        pass
    return Measured(len(questions), int(questions.regions.sum()), time.perf_counter() - began)
