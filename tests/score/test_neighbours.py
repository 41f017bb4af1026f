"""Nearest neighbours against scikit-learn, and the margin against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from xstilts.base.errors import XstiltsError
from xstilts.score import neighbours
from xstilts.score.neighbours import cosine_blocks, hits, k_nearest, margins_both_ways, nearest


def vectors(rows: int, seed: int, dim: int = 6) -> np.ndarray:
    """Random vectors of different lengths around a common direction, as sentence vectors are."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(rows, dim)) + 1) * random.uniform(0.1, 9, size=(rows, 1))


@pytest.mark.parametrize(("queries", "candidates", "k"), [(1, 1, 1), (30, 20, 1), (30, 20, 4), (20, 30, 30), (3, 2, 9)])
def test_k_nearest_against_scikit_learn(queries: int, candidates: int, k: int) -> None:
    left, right = vectors(queries, 0), vectors(candidates, 1)
    reference = NearestNeighbors(n_neighbors=min(k, candidates), metric="cosine", algorithm="brute").fit(right)
    distances, expected = reference.kneighbors(left)
    indices, scores = k_nearest(left, right, k)
    assert np.array_equal(indices, expected)
    assert np.allclose(scores, 1 - distances, atol=1e-6)


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left / np.linalg.norm(left, axis=1, keepdims=True)) @ (
        right / np.linalg.norm(right, axis=1, keepdims=True)
    ).T


def margins(left: np.ndarray, right: np.ndarray, k: int) -> np.ndarray:
    """Equation 2 of Artetxe & Schwenk, for every pair; -inf for pairs that are not among the k nearest of the left."""
    cosine = cosines(left, right)
    ranked = np.sort(cosine, axis=1)[:, ::-1][:, :k]
    means = ranked.mean(1)[:, None] + np.sort(cosine, axis=0)[::-1][:k].mean(0)
    return np.where(cosine >= ranked[:, -1:], cosine / (means / 2), -np.inf)


@pytest.mark.parametrize(("left_rows", "right_rows", "k"), [(40, 30, 4), (30, 40, 2), (5, 3, 4)])
def test_margin_by_its_definition(left_rows: int, right_rows: int, k: int) -> None:
    left, right = vectors(left_rows, 2), vectors(right_rows, 3)
    (to_right, forward), (to_left, backward) = margins_both_ways(left, right, k)
    for indices, scores, expected in (
        (to_right, forward, margins(left, right, k)),
        (to_left, backward, margins(right, left, k)),
    ):
        assert np.array_equal(indices, expected.argmax(1))
        assert np.allclose(scores, expected.max(1), atol=1e-5)
    assert np.array_equal(nearest(left, right, "margin", k)[0], to_right)


def test_margin_passes_over_a_sentence_that_is_near_to_everything() -> None:
    """The last query lies between two candidates, a little nearer to the one that the other queries lie at."""
    directions = np.radians([0, 0, 19, 0, 40])
    points = np.stack([np.cos(directions), np.sin(directions)], axis=1)
    queries, candidates = points[:3], points[3:]
    assert nearest(queries, candidates, "cosine")[0].tolist() == [0, 0, 0]
    indices, scores = nearest(queries, candidates, "margin", k=2)
    assert indices.tolist() == [0, 0, 1]
    own, other = (np.cos(np.radians([[21, 19], [21, 40]]))).mean(axis=1)
    assert scores[2] == pytest.approx(np.cos(np.radians(21)) / ((own + other) / 2), abs=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = vectors(50, 4), vectors(35, 5)
    whole = nearest(left, right, "margin")
    monkeypatch.setattr(neighbours, "_BLOCK", 100)
    assert len(list(cosine_blocks(left, right))) == 25  # two rows of 35 each
    pieces = nearest(left, right, "margin")
    assert np.array_equal(whole[0], pieces[0])
    assert np.allclose(whole[1], pieces[1], atol=1e-6)


def test_the_first_of_equal_candidates_is_found() -> None:
    candidates = vectors(6, 6)[[0, 1, 2, 1, 2, 2]]
    assert nearest(candidates, candidates)[0].tolist() == [0, 1, 2, 1, 2, 2]


def test_hits() -> None:
    assert hits(np.array([0, 2, 1, 3]), [{0}, {1}, [4, 1], np.array([5])]).tolist() == [1, 0, 1, 0]
    with pytest.raises(XstiltsError, match="no right candidate of query 1"):
        hits(np.array([0, 0]), [{0}, set()])
    with pytest.raises(XstiltsError, match="found 1 queries with 2 sets"):
        hits(np.array([0]), [{0}, {1}])


@pytest.mark.parametrize(
    ("queries", "candidates", "message"),
    [
        (np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones((2, 2)), "query 1 is zero or not finite"),
        (np.ones((2, 2)), np.array([[np.nan, 1.0]]), "candidate 0 is zero or not finite"),
        (np.ones((2, 2)), np.ones((2, 3)), r"shapes \[2, 2\] and \[2, 3\]"),
        (np.ones((2, 2)), np.ones((0, 2)), "no candidate"),
    ],
)
def test_refusals(queries: np.ndarray, candidates: np.ndarray, message: str) -> None:
    with pytest.raises(XstiltsError, match=message):
        nearest(queries, candidates)
