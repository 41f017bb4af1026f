"""The score on English dev by which a checkpoint is chosen: one number per task, and their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from xstilts.base.kinds import covers
from xstilts.model.batch import Batch
from xstilts.model.layouts import layout_accuracy
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches
from xstilts.train.prefetch import loaders, made_ahead
from xstilts.train.processes import ALONE, Processes
from xstilts.train.spans import span_points, span_score

Found = TypeVar("Found")


def label_accuracy(logits: Tensor, batch: Batch) -> Tensor:
    """Points of the best label, float32 `[batch]`: 1 if it is the gold one, or its score where answers have scores.

    An answer outside the vocabulary is an error.
    """
    best = logits.argmax(-1)
    if batch.soft is not None:
        return batch.soft.gather(1, best[:, None])[:, 0]
    return (best == batch.label).float()


def token_accuracy(logits: Tensor, batch: Batch) -> Tensor:
    """1.0 where the best tag of a word, or the best token at a mask, is the gold one: float32 `[targets]`."""
    if batch.labels is None:
        raise ValueError(f"a batch of {batch.task} without labels of its tokens")
    where = batch.labels >= 0
    best = logits.argmax(-1)  # of tags at every token, of masked tokens at the masks alone
    return ((best[where] if best.ndim == 2 else best) == batch.labels[where]).float()


def match_points(logits: Tensor, batch: Batch) -> Tensor:
    """Of every pair, float32 `[batch, 2]`: the logit of "match" minus that of "no match", and whether it is a match."""
    return torch.stack([logits[:, 1] - logits[:, 0], batch.label], dim=1).float()


def pairwise_accuracy(points: np.ndarray, ids: Sequence[str]) -> float:
    """The share of captions that fit their own image better than each of its hard negatives.

    Of images that fit equally well each earns its share. Unlike accuracy it does not depend on where the logits are
    cut between match and no match, which moves while the encoder is trained.

    Args:
        points: `[2 * rows]`, the points of `match_points`, row after row.
        ids: the rows' ids: that of the caption with its own image; with a negative, that and `#<number>`.
    """
    fits, own = points.reshape(-1, 2)[:, 0], points.reshape(-1, 2)[:, 1] > 0
    known = set(ids)
    own_pair = [pair if pair in known else name for name in ids for pair in [name.rpartition("#")[0]]]
    _, captions = np.unique(np.array(own_pair, dtype=object).astype(str), return_inverse=True)
    best = np.full(captions.max() + 1, -np.inf)
    np.maximum.at(best, captions, fits)
    is_best = fits == best[captions]
    return float((np.bincount(captions, is_best & own) / np.bincount(captions, is_best)).mean())


def _mean(points: np.ndarray, ids: Sequence[str]) -> float:
    return float(points.mean())


@dataclass(frozen=True)
class DevMetric:
    """How a kind of task is judged on dev.

    Attributes:
        points: what a batch's logits earn, float32 `[examples or targets, ...]`.
        total: the score of all points of a task, one after the other in one flat array, and their rows' ids.
    """

    points: Callable[[Tensor, Batch], Tensor]
    total: Callable[[np.ndarray, Sequence[str]], float] = _mean


METRICS = covers(
    {
        "vqa": DevMetric(label_accuracy),
        "layout": DevMetric(layout_accuracy),
        "classification": DevMetric(label_accuracy),
        "matching": DevMetric(match_points, pairwise_accuracy),
        "choice": DevMetric(label_accuracy),
        "span": DevMetric(span_points, span_score),
        "tagging": DevMetric(token_accuracy),
        "mlm": DevMetric(token_accuracy),
    },
    "xstilts.train.dev.METRICS",
    lambda kind: kind.is_trained,
)


def dev_scores(
    model: MultitaskModel,
    examples: Examples,
    token_budget: int,
    precision: str,
    pool: Executor | None = None,
    processes: Processes = ALONE,
) -> dict[str, float]:
    """Score of each task's dev rows, and `mean` over the tasks (fractions, 0..1).

    Accuracy over examples (of layouts, exact ones), words (tagging) or masked tokens (mlm, whose masks are the same
    every time); for a span task the mean F1 of token spans over examples; for matching, `pairwise_accuracy`. A
    checkpoint is chosen by these; the task's own metric is for scoring.
    Several processes take turns at the batches, and all of them return the whole scores. All have equally many batches:
    one that has none left repeats an early one without using it, since sharded layers need all processes at once.
    """
    points: dict[str, list[Tensor]] = defaultdict(list)
    ids: dict[str, list[str]] = defaultdict(list)
    batches = sorted_batches(examples, 4 * token_budget, 128)
    mine = batches[processes.index :: processes.count]
    rounds = -(-len(batches) // processes.count)

    def judge(batch: Batch, logits: Tensor) -> Tensor:
        return METRICS[model.cards[batch.task]["kind"]].points(logits, batch).flatten().cpu()

    found = list(each_batch(model, examples, [*mine, *batches[: rounds - len(mine)]], precision, pool, judge))
    for rows, flat in zip(batches, processes.dealt(found[: len(mine)], len(batches)), strict=True):
        task = str(examples.tasks[rows[0]])
        points[task].append(flat)
        ids[task] += [examples.ids[row] for row in rows]
    scores = {
        task: METRICS[model.cards[task]["kind"]].total(torch.cat(parts).numpy(), ids[task])
        for task, parts in sorted(points.items())
    }
    return {**scores, "mean": sum(scores.values()) / max(len(scores), 1)}


def all_logits(
    model: MultitaskModel,
    examples: Examples,
    batches: Sequence[np.ndarray],
    precision: str,
    pool: Executor | None = None,
) -> Iterator[tuple[Batch, Tensor]]:
    """Every batch with the logits of its head, in order: dropout off, nothing kept for gradients."""
    return each_batch(model, examples, batches, precision, pool, lambda batch, logits: (batch, logits))


def each_batch(
    model: MultitaskModel,
    examples: Examples,
    batches: Sequence[np.ndarray],
    precision: str,
    pool: Executor | None,
    finding: Callable[[Batch, Tensor], Found],
) -> Iterator[Found]:
    """The result of `finding` for every batch and its logits, in order; so large logits need not be kept."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()

    def make(rows: np.ndarray) -> Batch:
        return model.encoder.ready(examples.batch(rows))

    def judge(batch: Batch) -> Found:
        batch = batch.to(device)
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            return finding(batch, model.logits(batch))

    try:
        if pool and device.type == "cpu":
            yield from pool.map(lambda rows: judge(make(rows)), batches)
        else:
            yield from map(judge, made_ahead(make, batches, loaders(None, device)))
    finally:
        model.train(was_training)
