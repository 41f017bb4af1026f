"""The training loop: one encoder, batches of one task each, the best state on English dev."""

from __future__ import annotations

import math
from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import ExitStack, closing

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from xstilts.base.errors import XstiltsError
from xstilts.base.threads import workers
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import trained_weights
from xstilts.model.multitask import MultitaskModel
from xstilts.model.sharding import split_sharded
from xstilts.model.tuning import choose_trained
from xstilts.train.dev import dev_scores
from xstilts.train.examples import Examples
from xstilts.train.order import cut, epoch_batches
from xstilts.train.prefetch import loaders, made_ahead
from xstilts.train.processes import Processes
from xstilts.train.progress import Progress
from xstilts.train.resume import StateFile, Stopped, stop_requests
from xstilts.train.run import Run, Trained
from xstilts.train.schedule import Schedule
from xstilts.train.settings import TrainSettings
from xstilts.train.sharded import ShardedUpdater, shard_and_move
from xstilts.train.update import Updater

OTHER_SEED = 1_000_003  # between the seeds of processes, whose dropout must not be the same


def train(
    model: MultitaskModel,
    rows: Examples,
    dev: Examples,
    settings: TrainSettings,
    seed: int,
    title: str,
    state: StateFile | None = None,
) -> Trained:
    """Train `model` and return the state with the best mean score on English dev.

    Args:
        rows: training rows; `dev`: English dev rows of the same tasks. Nothing else is ever scored here.
        seed: of the order of examples and of dropout. The masks of an mlm task have that of `rows.masking`.
        title: shown before the progress.
        state: the run's state on disk, from which it resumes if it was stopped before; None: none is kept.

    Raises:
        NotFinite: at a loss that is not finite, with the update and the ids of the batch.
        Stopped: the process was asked to stop (Ctrl-C, SIGTERM); its state was written.
    """
    refuse_empty(title, rows, dev)
    processes, plan = Processes.here(), update_plan(rows, settings, seed)
    accelerator = Accelerator(mixed_precision="bf16" if settings.precision == "bf16" else "no")
    own_seed = seed + OTHER_SEED * processes.index
    schedule = Schedule(len(plan), len(epoch_batches(rows, settings, seed, 0)), settings)
    run = start_run(shard_and_move(model, settings, processes), schedule, own_seed)
    processes.same_start(split_sharded(weight for weight in model.parameters() if weight.requires_grad)[0])
    model.train().encoder.choose_attention(settings.attention, settings.precision, settings.compile)
    if settings.compile:
        model.encoder.compile_layers()
    if state:
        state.restore(run, processes)
    shown = Progress(title, len(plan), processes.is_main)
    with workers(processes.threads) as pool, shown as progress, stop_requests() as asked, ExitStack() as stack:
        updater = make_updater(accelerator, run, rows, settings, pool, processes)
        progress.resume(run.result.updates, run.result.examples, run.result.tokens)
        plan = plan[: schedule.end(run.result.curve)]  # nothing is left of one that was asked to stop at its end
        inputs = stack.enter_context(closing(batches_of(plan, run.result.updates, updater, settings.loader_workers)))
        for step, update, made in inputs:
            loss = updater.step(step, update, made)
            count(run.result, rows, update)
            if schedule.scores_dev(step, run.result.curve):
                evaluate(model, dev, settings, pool, run.result, step, updater.settle(), processes)
                progress.note(f"dev {run.result.curve[-1]['dev']:.3f}")
            run.schedule.step()
            progress.updates = schedule.end(run.result.curve)
            progress.advance(step, loss, run.result.examples, run.result.tokens)
            where = f"{title}: stopped after update {step} of {progress.updates}"
            write_or_stop(run, state, processes, asked(), where, updater)
            if step == progress.updates:
                break
    return run.result


def refuse_empty(title: str, rows: Examples, dev: Examples) -> None:
    """Raise `XstiltsError` where there is nothing to train on, or nothing to choose a checkpoint by."""
    for name, part in (("train", rows), ("dev", dev)):
        if not len(part):
            raise XstiltsError(f"{title}: found no {name} rows, expected some; look at its raw files")


def make_updater(
    accelerator: Accelerator, run: Run, rows: Examples, settings: TrainSettings, pool: Executor, processes: Processes
) -> Updater:
    """What does the run's steps; on processors its threads share every batch where they can."""
    # Threads would draw dropout's random numbers in an order of their own, and compile one layer at once.
    shared = accelerator.device.type == "cpu" and not settings.dropout and not settings.compile
    shared = shared and all(term.over == "examples" for _, term in run.model.terms)
    threads = (pool, settings.batch_threads) if shared and not processes.sharded else (None, 1)
    kind = ShardedUpdater if processes.sharded else Updater
    return kind(accelerator, run.model, run.optimizer, rows, settings.clip, *threads)


def batches_of(
    plan: list[list[np.ndarray]], done: int, updater: Updater, chosen: int | None
) -> Generator[tuple[int, list[np.ndarray], list[list[Batch]]]]:
    """Number, rows and batches of every remaining update; `chosen` is the setting `loader_workers`."""
    steps = list(enumerate(plan[done:], start=done + 1))
    workers = loaders(chosen, updater.accelerator.device)
    with closing(made_ahead(lambda one: updater.batches(*one), steps, workers)) as made:
        for (step, update), batches in zip(steps, made, strict=True):
            yield step, update, batches


def start_run(model: MultitaskModel, schedule: Schedule, seed: int) -> Run:
    """A run before its first update, with random numbers from the seed."""
    torch.manual_seed(seed)
    optimizer, result = make_optimizer(model, schedule.settings), Trained(weights={})
    rates = LambdaLR(optimizer, lambda step: schedule.rate(step, result.curve))
    return Run(model, optimizer, rates, result)


def write_or_stop(
    run: Run, state: StateFile | None, processes: Processes, asked: bool, where: str, updater: Updater
) -> None:
    """Between two updates: write the run's state when it is time to, and stop if any process was asked to."""
    stop = processes.any(asked)
    if state and (processes.any(state.due()) or stop):
        updater.settle()
        state.write(run, processes)
    if stop:
        raise Stopped(f"{where}; {'the same command resumes from there' if state else 'nothing of it was kept'}")


def update_plan(rows: Examples, settings: TrainSettings, seed: int) -> list[list[np.ndarray]]:
    """Every update of the run as its list of batches; a fractional last epoch is cut short, and so is a limited run.

    Which examples an update has depends on the products of `accumulation` with `batch_size` and with `token_budget`
    alone; how they are cut into batches changes memory and speed, but no number beyond its rounding.
    """
    updates: list[np.ndarray] = []
    for epoch in range(math.ceil(settings.epochs)):
        part = min(1.0, settings.epochs - epoch)
        order = epoch_batches(rows, settings, seed, epoch)
        updates += order[: max(1, round(part * len(order)))]
    updates = updates[: _within_limits(updates, rows, settings)]
    return [cut(update, rows, settings.token_budget, settings.batch_size) for update in updates]


def _within_limits(updates: list[np.ndarray], rows: Examples, settings: TrainSettings) -> int:
    """How many of the updates `max_updates` and `max_tokens` allow; the one that reaches the latter is included."""
    count = len(updates) if settings.max_updates is None else settings.max_updates
    if settings.max_tokens is None:
        return count
    seen = np.cumsum([rows.tokens[update].sum() for update in updates])
    return min(count, 1 + int(np.searchsorted(seen, settings.max_tokens)))


def make_optimizer(model: MultitaskModel, settings: TrainSettings) -> AdamW:
    """AdamW in groups: the encoder, its visual prefix, and what belongs to tasks; each with and without decay.

    Vectors have none, nor have word embeddings: those of words that no text uses must stay as they are.
    """
    choose_trained(model.encoder, settings.tune, settings.train_inputs, settings.frozen_layers)
    model.encoder.set_dropout(settings.dropout)
    groups, words = [], model.encoder.words.weight
    text, prefix, own = model.encoder.text, model.encoder.prefix, nn.ModuleList([model.heads, model.inputs])
    if settings.projector_learning_rate:
        prefix.requires_grad_(True)
    of_prefix = settings.projector_learning_rate or settings.learning_rate
    rates = ((text, settings.learning_rate), (prefix, of_prefix), (own, settings.head_learning_rate))
    for part, peak in rates:
        trained = [weight for weight in part.parameters() if weight.requires_grad]
        for matrices, decay in ((True, settings.weight_decay), (False, 0.0)):
            chosen = [weight for weight in trained if (weight.ndim > 1 and weight is not words) == matrices]
            groups += [{"params": alike, "lr": peak, "weight_decay": decay} for alike in split_sharded(chosen)]
    return AdamW([group for group in groups if group["params"]], fused=True)


def count(result: Trained, rows: Examples, update: list[np.ndarray]) -> None:
    """Add an update's examples and real tokens to the cost of the run."""
    result.updates += 1
    for indices in update:
        result.examples += len(indices)
        result.tokens += int(rows.tokens[indices].sum())


def evaluate(
    model: MultitaskModel,
    dev: Examples,
    settings: TrainSettings,
    pool: Executor,
    result: Trained,
    step: int,
    loss: float,
    processes: Processes,
) -> None:
    """Score English dev, add a point to the curve, and keep the weights if they are the best so far."""
    threads = None if settings.compile or processes.sharded else pool  # such layers are for one thread
    scores = dev_scores(model, dev, settings.token_budget, settings.precision, threads, processes)
    result.curve.append({"update": step, "loss": round(loss, 4), "dev": round(scores["mean"], 4)})
    if not result.best or scores["mean"] > result.best["mean"]:
        result.best, result.weights = scores, trained_weights(model, processes.is_main)
