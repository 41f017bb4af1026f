"""Scores of ranked candidates: mean average precision and recall at a cutoff.

They take the similarities of all queries with all candidates, as one matrix or block after block of its rows (as
`neighbours.cosine_blocks` yields them). Of equally similar candidates the earlier one ranks higher.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from xstilts.base.errors import XstiltsError
from xstilts.score.neighbours import check_relevant

Similarity = np.ndarray | Iterable[np.ndarray]
Relevant = Sequence[Collection[int] | np.ndarray]


def average_precisions(similarity: Similarity, relevant: Relevant, cutoff: int | None = None) -> np.ndarray:
    """Return the average precision of each query, float64 `[queries]` in 0..1; its mean is the score.

    The average precision is the sum of the precisions at the ranks of the relevant candidates, over the number of
    those, or over `cutoff` if it is smaller. XTREME-R (Ruder et al. 2021) scores both LAReQA, where a question has a
    right answer in every language, and Mewsli-X, with one right entity per mention, at a cutoff of 20; LAReQA's own
    paper (Roy et al. 2020) at none.

    Args:
        similarity: float `[queries, candidates]`, or its rows in blocks `[some, candidates]`.
        relevant: of each query, the indices of the right candidates; at least one.
        cutoff: rank beyond which nothing counts, None: all ranks count.

    Raises:
        XstiltsError: another number of queries, one without a relevant candidate, a similarity that is not a number.
    """
    ranks = _ranks_of_relevant(similarity, relevant, "mean average precision")
    return np.array([_average_precision(found, cutoff) for found in ranks])


def hits_at(cutoff: int, similarity: Similarity, relevant: Relevant) -> np.ndarray:
    """Return 1 for each query with a relevant candidate among the `cutoff` most similar ones, else 0.

    Float64 `[queries]`, whose mean is the recall at `cutoff`; errors as above.
    """
    ranks = _ranks_of_relevant(similarity, relevant, f"recall at {cutoff}")
    return np.array([found[0] <= cutoff for found in ranks], float)


def _average_precision(ranks: np.ndarray, cutoff: int | None) -> float:
    """Average precision given the ranks of the relevant candidates, ascending from 1."""
    total = len(ranks)
    if cutoff is not None:
        total, ranks = min(total, cutoff), ranks[ranks <= cutoff]
    return float(np.sum(np.arange(1, len(ranks) + 1) / ranks)) / total


def _ranks_of_relevant(similarity: Similarity, relevant: Relevant, what: str) -> list[np.ndarray]:
    """Ranks (from 1, ascending) of each query's relevant candidates."""
    check_relevant(relevant, len(relevant), what)
    blocks = [similarity] if isinstance(similarity, np.ndarray) else similarity
    ranks, queries = [], 0
    for row in (row for block in blocks for row in block):
        if queries < len(relevant):
            ranks.append(_ranks(row, relevant[queries], what))
        queries += 1
    check_relevant(relevant, queries, what)
    return ranks


def _ranks(row: np.ndarray, relevant: Collection[int] | np.ndarray, what: str) -> np.ndarray:
    if np.isnan(row).any():
        raise XstiltsError(f"{what}: found a similarity that is not a number, expected finite ones")
    places = np.array(sorted({int(place) for place in relevant}))[:, None]
    own = row[places]
    higher = (row > own).sum(axis=1)
    equal_before = ((row == own) & (np.arange(len(row)) < places)).sum(axis=1)
    return np.sort(1 + higher + equal_before)
