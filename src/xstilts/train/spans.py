"""Spans from logits: the best answer of a row, or none, and the score on dev."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from xstilts.model.batch import Batch

LONGEST = 30  # tokens of an answer


def best_answer(logits: Tensor, allowed: Tensor | None = None, longest: int = LONGEST) -> tuple[Tensor, Tensor, Tensor]:
    """The best span that is an answer, and how much better it is than none.

    Args:
        logits: float32 `[batch, 2, tokens]`, of first and last token; token 0 means no answer.
        allowed: bool `[batch, tokens]`, true at the tokens that an answer may consist of (`Batch.context_mask`); None:
            all. Token 0 is never one.
        longest: tokens of an answer, at most.

    Returns:
        First and last token, int64 `[batch]`, and the margin, float32 `[batch]`: score(best span) - score(0, 0), where
        a score is the sum of both logits. Where no span is allowed, 0, 0 and -inf. The answer
        to a long context is that of the window with the greatest margin; a margin below 0 means that there is none.
    """
    scores = logits[:, 0, :, None] + logits[:, 1, None, :]
    size = scores.shape[-1]
    possible = torch.ones(size, size, dtype=torch.bool, device=logits.device).triu().tril(longest - 1)
    possible[0] = False
    if allowed is not None:
        possible = possible & allowed[:, :, None] & allowed[:, None, :]
    best, place = scores.masked_fill(~possible, -torch.inf).flatten(1).max(-1)
    place = torch.where(best > -torch.inf, place, 0)
    return place // size, place % size, best - scores[:, 0, 0]


def span_points(logits: Tensor, batch: Batch) -> Tensor:
    """What dev needs for every row, float32 `[batch, 3]`.

    The margin of the best answer (see `best_answer`), its F1 with the gold span (the tokens' positions are compared,
    not their text; 0 where the row has no answer), and whether the row has one.
    """
    start, end, margin = best_answer(logits, batch.context_mask)
    inside = torch.minimum(end, batch.end) - torch.maximum(start, batch.start) + 1
    total = (end - start + 1) + (batch.end - batch.start + 1)
    answerable = (batch.start > 0).float()
    overlap = 2 * inside.clamp(min=0).float() / total * answerable
    return torch.stack([margin, overlap, answerable], dim=1)


def span_score(points: np.ndarray, ids: Sequence[str]) -> float:
    """Mean F1 over the examples of a dev set, each judged by the window whose answer has the greatest margin.

    An example without an answer counts 1 if its margin is below 0, else 0. Where every example has an answer, none is
    ever predicted, as in SQuAD 1.1.

    Args:
        points: `[3 * rows]`, the points of `span_points`, row after row.
        ids: the rows' ids; the windows of an example share it.
    """
    points = points.reshape(-1, 3)
    _, examples = np.unique(np.array(ids, dtype=object).astype(str), return_inverse=True)
    order = np.lexsort((-points[:, 0], examples))  # each example's best window first
    _, first = np.unique(examples[order], return_index=True)
    best = points[order[first]]
    answerable = np.zeros(len(first), bool)
    np.logical_or.at(answerable, examples, points[:, 2] > 0)
    silent = (best[:, 0] <= 0) & (not answerable.all())
    return float(np.where(silent, ~answerable, best[:, 1]).mean())
