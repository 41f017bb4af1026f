"""Rankings against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, top_k_accuracy_score

from xstilts.base.errors import XstiltsError
from xstilts.score.neighbours import cosine_blocks
from xstilts.score.ranking import average_precisions, hits_at

# One query; the candidates rank 3, 0, 2, 1.
ROW = np.array([[0.8, 0.1, 0.5, 0.9]])


@pytest.mark.parametrize("seed", range(5))
def test_map_against_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    similarity, relevant = random.normal(size=(12, 30)), random.random((12, 30)) < 0.2
    relevant[:, 0] = True
    sets = [set(np.flatnonzero(row).tolist()) for row in relevant]
    expected = [average_precision_score(*rows) for rows in zip(relevant, similarity, strict=True)]
    assert average_precisions(similarity, sets) == pytest.approx(expected)
    assert average_precisions(iter([similarity[:5], similarity[5:]]), sets) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("relevant", "cutoff", "expected"),
    [
        ({3}, None, 1),
        ({1}, None, 1 / 4),
        ({0, 1}, None, (1 / 2 + 2 / 4) / 2),
        ({0, 1}, 2, (1 / 2) / 2),  # candidate 1 lies beyond the cutoff, and still counts as one to be found
        ({0, 1, 2}, 1, 0),
        ({0, 1, 3}, 1, 1),  # no more than one can be found at a cutoff of one
        ({1}, 3, 0),
    ],
)
def test_average_precision_by_hand(relevant: set[int], cutoff: int | None, expected: float) -> None:
    assert average_precisions(ROW, [relevant], cutoff) == pytest.approx([expected])


def test_with_one_right_candidate_it_is_the_reciprocal_rank() -> None:
    """Mewsli-X: XTREME-R's code computes mAP@20 as the mean reciprocal rank of the one right entity."""
    similarity = -np.arange(40.0)[None].repeat(3, axis=0)
    assert average_precisions(similarity, [[0], [3], [20]], 20) == pytest.approx([1, 1 / 4, 0])


@pytest.mark.parametrize("k", [1, 3])
def test_recall_against_scikit_learn(k: int) -> None:
    random = np.random.default_rng(7)
    similarity, right = random.normal(size=(25, 10)), random.integers(10, size=25)
    expected = top_k_accuracy_score(right, similarity, k=k, labels=range(10))
    assert hits_at(k, similarity, [[one] for one in right]).mean() == pytest.approx(expected)


def test_of_equal_candidates_the_earlier_ranks_higher() -> None:
    assert hits_at(1, np.zeros((2, 3)), [{0}, {1}]).tolist() == [1, 0]
    assert average_precisions(np.zeros((1, 3)), [{2}]) == pytest.approx([1 / 3])


def test_vectors_are_ranked_by_cosine() -> None:
    queries, candidates = np.array([[1.0, 0.0]]), np.array([[9.0, 9.0], [0.1, 0.0], [-5.0, 0.0]])
    assert average_precisions(cosine_blocks(queries, candidates), [{0}]).tolist() == [0.5]


def test_refusals() -> None:
    with pytest.raises(XstiltsError, match="mean average precision: found no right candidate of query 0"):
        average_precisions(ROW, [[]])
    with pytest.raises(XstiltsError, match="recall at 1: found 1 queries with 2 sets"):
        hits_at(1, ROW, [[0], [1]])
    with pytest.raises(XstiltsError, match="not a number"):
        hits_at(1, ROW * np.nan, [[0]])
    with pytest.raises(XstiltsError, match="recall at 1: found no right candidate of query 1"):
        hits_at(1, np.ones((2, 2)), [[0], []])
