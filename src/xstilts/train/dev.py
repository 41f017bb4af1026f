"""The score on English dev that picks the best checkpoint: one number a task, and their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
import torch
from torch import Tensor

from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches


def label_accuracy(logits: Tensor, batch: Batch) -> Tensor:
    """1.0 where the best label is the gold one, float32 `[batch]`; an answer outside the vocabulary is an error."""
    return (logits.argmax(-1) == batch.label).float()


def span_overlap(logits: Tensor, batch: Batch) -> Tensor:
    """F1 of predicted and gold token span, float32 `[batch]`: the tokens' positions are compared, not their text."""
    start, end = best_span(logits)
    inside = torch.minimum(end, batch.end) - torch.maximum(start, batch.start) + 1
    total = (end - start + 1) + (batch.end - batch.start + 1)
    return 2 * inside.clamp(min=0).float() / total


def best_span(logits: Tensor, longest: int = 30) -> tuple[Tensor, Tensor]:
    """First and last token, int64 `[batch]` each, of the best span of at most `longest` tokens."""
    scores = logits[:, 0, :, None] + logits[:, 1, None, :]
    size = scores.shape[-1]
    allowed = torch.ones(size, size, dtype=torch.bool, device=logits.device).triu().tril(longest - 1)
    best = scores.masked_fill(~allowed, -torch.inf).flatten(1).argmax(-1)
    return best // size, best % size


METRICS: dict[str, Callable[[Tensor, Batch], Tensor]] = {
    "vqa": label_accuracy,
    "classification": label_accuracy,
    "span": span_overlap,
}


def dev_scores(
    model: MultitaskModel, examples: Examples, token_budget: int, precision: str, pool: Executor | None = None
) -> dict[str, float]:
    """Mean score of each task's dev rows, and `mean` over the tasks (fractions, 0..1)."""
    points: dict[str, list[Tensor]] = defaultdict(list)
    batches = sorted_batches(examples, 4 * token_budget, 128)
    for batch, logits in all_logits(model, examples, batches, precision, pool):
        points[batch.task].append(METRICS[model.cards[batch.task]["kind"]](logits, batch))
    scores = {task: float(torch.cat(parts).mean()) for task, parts in sorted(points.items())}
    return {**scores, "mean": sum(scores.values()) / max(len(scores), 1)}


def all_logits(
    model: MultitaskModel,
    examples: Examples,
    batches: Sequence[np.ndarray],
    precision: str,
    pool: Executor | None = None,
) -> Iterator[tuple[Batch, Tensor]]:
    """Every batch with the logits of its head, in order: dropout off, nothing kept for gradients."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()

    def one(rows: np.ndarray) -> tuple[Batch, Tensor]:
        batch = examples.batch(rows).to(device)
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            return batch, model.logits(batch)

    yield from pool.map(one, batches) if pool and device.type == "cpu" else map(one, batches)
    model.train(was_training)
