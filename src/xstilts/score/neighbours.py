"""Nearest neighbours of sentence vectors, by cosine or by ratio margin, exactly and in bounded memory.

The margin (Artetxe & Schwenk 2019, equation 2) divides the cosine of two sentences by the mean cosine of each with its
k nearest neighbours on the other side, so that a sentence that is near to everything is no longer near to all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import numpy as np

from xstilts.base.errors import XstiltsError

Measure = Literal["cosine", "margin"]
Nearest = tuple[np.ndarray, np.ndarray]  # indices int64 and scores float32, best first

_BLOCK = 1 << 24  # similarities held at once: 64 MiB


def nearest(queries: np.ndarray, candidates: np.ndarray, measure: Measure = "cosine", k: int = 4) -> Nearest:
    """Find the nearest candidate of every query.

    With the margin, it is looked for among the k candidates of the highest cosine, as in the LASER and XTREME code.

    Args:
        queries: float `[n, dim]`, of any length; cosines need no unit vectors.
        candidates: float `[m, dim]`.
        k: neighbours that the margin is taken over (all, if there are fewer).

    Returns:
        indices int64 `[n]` into the candidates (of equally near ones the first) and scores float32 `[n]`.

    Raises:
        XstiltsError: no vectors, vectors of different sizes, or one that is zero or not finite.
    """
    if measure == "margin":
        forward, _ = margins_both_ways(queries, candidates, k)
        return forward
    indices, scores = k_nearest(queries, candidates, 1)
    return indices[:, 0], scores[:, 0]


def margins_both_ways(left: np.ndarray, right: np.ndarray, k: int = 4) -> tuple[Nearest, Nearest]:
    """Find the nearest one on the other side by ratio margin, for every vector of both sides.

    Args:
        left: float `[n, dim]`.
        right: float `[m, dim]`.

    Returns:
        indices and margins of the left ones' nearest, `[n]`, and those of the right ones', `[m]`.
    """
    forward, backward = k_nearest(left, right, k), k_nearest(right, left, k)
    left_means, right_means = forward[1].mean(axis=1), backward[1].mean(axis=1)
    return _best_margin(forward, left_means, right_means), _best_margin(backward, right_means, left_means)


def k_nearest(queries: np.ndarray, candidates: np.ndarray, k: int) -> Nearest:
    """Find the k candidates of the highest cosine (all, if there are fewer): indices and cosines `[n, k]`."""
    k = min(k, len(candidates))
    found = [_top(block, k) for block in cosine_blocks(queries, candidates)]
    indices, scores = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(scores)


def cosine_blocks(queries: np.ndarray, candidates: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the cosines of some queries after the others with all candidates: float32 `[rows, m]`."""
    if queries.ndim != 2 or candidates.ndim != 2 or queries.shape[1] != candidates.shape[1]:
        found = f"{list(queries.shape)} and {list(candidates.shape)}"
        raise XstiltsError(f"sentence vectors: found shapes {found}, expected [n, dim] and [m, dim]")
    left, right = _unit(queries, "query"), _unit(candidates, "candidate").T
    rows = max(1, _BLOCK // right.shape[1])
    for start in range(0, len(left), rows):
        yield left[start : start + rows] @ right


def hits(indices: np.ndarray, gold: Sequence[Collection[int]]) -> np.ndarray:
    """Return 1 for each query whose found candidate is a right one, else 0: float64 `[queries]`.

    Args:
        indices: int `[n]`, the candidate found for each query.
        gold: of each query, the right candidates.

    Raises:
        XstiltsError: another number of queries, none, or one without a right candidate.
    """
    check_relevant(gold, len(indices), "retrieval accuracy")
    return np.array([int(index) in right for index, right in zip(indices, gold, strict=True)], float)


def check_relevant(gold: Sequence[Collection[int] | np.ndarray], queries: int, what: str) -> None:
    """Refuse gold candidates that do not go with the queries; one without any would silently count as wrong."""
    if len(gold) != queries or not queries:
        raise XstiltsError(f"{what}: found {queries} queries with {len(gold)} sets of right candidates, expected some")
    for number, right in enumerate(gold):
        if not len(right):
            raise XstiltsError(f"{what}: found no right candidate of query {number}, expected at least one")


def _best_margin(found: Nearest, own_means: np.ndarray, other_means: np.ndarray) -> Nearest:
    indices, cosines = found
    margins = cosines / ((own_means[:, None] + other_means[indices]) / 2)
    rows, best = np.arange(len(indices)), margins.argmax(axis=1)
    return indices[rows, best], margins[rows, best]


def _top(block: np.ndarray, k: int) -> Nearest:
    """The k highest of each row, in descending order."""
    if k == 1:
        best = block.argmax(axis=1)[:, None]
        return best, np.take_along_axis(block, best, axis=1)
    top = np.sort(np.argpartition(block, block.shape[1] - k, axis=1)[:, -k:], axis=1)
    scores = np.take_along_axis(block, top, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _unit(vectors: np.ndarray, what: str) -> np.ndarray:
    """The vectors in float32 with length 1."""
    if not len(vectors):
        raise XstiltsError(f"sentence vectors: found no {what}, expected at least one")
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        raise XstiltsError(f"sentence vectors: {what} {bad[0]} is zero or not finite, expected a direction")
    unit: np.ndarray = vectors / lengths
    return unit
