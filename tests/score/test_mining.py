"""Bitext mining: pairs, thresholds by one sweep against all thresholds tried, and folds that see no label of theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve

from xstilts.base.errors import XstiltsError
from xstilts.score.mining import FOLDS, candidate_pairs, mine, pair_points, source_folds, threshold_search

GOLD = {(0, 0), (1, 1), (2, 2), (3, 3)}
PAIRS = np.array([(0, 0), (1, 1), (2, 9), (3, 3), (4, 8)])
SCORES = np.array([1.4, 1.3, 1.2, 1.1, 1.0])


def test_threshold_by_hand() -> None:
    """Down to (3, 3): 3 of 4 are right, and 3 of 4 gold pairs are found."""
    best = threshold_search(SCORES[::-1], PAIRS[::-1], GOLD)
    assert best.threshold == pytest.approx(1.05)
    assert best.f1 == pytest.approx(0.75)


def test_the_last_pair_may_be_let_in() -> None:
    assert threshold_search(SCORES[:2], PAIRS[:2], GOLD).threshold == pytest.approx(1.3)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30), st.integers(0, 3))
def test_threshold_against_scikit_learn(ranked: list[tuple[int, bool]], unfound: int) -> None:
    """The best F1 over all thresholds, gold pairs that were never proposed included; equal scores are not parted."""
    scores = np.array([score for score, _ in ranked], dtype=float)
    right = np.array([label for _, label in ranked])
    pairs = np.stack([np.arange(len(ranked))] * 2, axis=1)
    gold = {(int(row), int(row)) for row in np.flatnonzero(right)} | {(100 + row, 0) for row in range(unfound)}
    if not right.any():
        return
    precision, recall, _ = precision_recall_curve(right, scores)
    found = recall * right.sum()
    f1 = 2 * found / np.maximum(1e-9, np.where(precision > 0, found / np.maximum(precision, 1e-9), 0) + len(gold))
    best = threshold_search(scores, pairs, gold)
    assert best.f1 == pytest.approx(f1.max())
    kept = scores >= best.threshold
    assert 2 * right[kept].sum() / (kept.sum() + len(gold)) == pytest.approx(best.f1)


def corpora(seed: int, shared: int = 60, alone: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Two corpora whose first `shared` sentences are translations of each other."""
    random = np.random.default_rng(seed)
    source, target = (random.normal(size=(shared + alone, 16)) + 0.5 for _ in range(2))
    target[:shared] = source[:shared] + 0.3 * random.normal(size=(shared, 16))
    return source, target


def test_translations_are_mined_each_sentence_once() -> None:
    source, target = corpora(0)
    pairs, scores = candidate_pairs(source, target)
    assert (np.diff(scores) <= 0).all()
    assert all(len(set(side)) == len(side) for side in pairs.T.tolist())
    gold = {(row, row) for row in range(60)}
    mined = mine(scores, pairs, gold)
    f1 = pair_points(pairs[mined.kept], gold, len(source)).score()
    assert 0.95 < f1 <= threshold_search(scores, pairs, gold).f1
    assert mined.kept.sum() == pytest.approx(60, abs=3)


def test_no_fold_sees_its_own_labels() -> None:
    """Other labels for the pairs of one fold leave its threshold where it was, and move that of the other."""
    random = np.random.default_rng(1)
    pairs, scores, folds = np.stack([np.arange(200)] * 2, axis=1), random.normal(size=200), source_folds(200)
    gold = {(row, row) for row in range(200) if scores[row] + random.normal() > 1}
    before = mine(scores, pairs, gold)
    for fold in range(FOLDS):
        others = {pair for pair in gold if folds[pair[0]] != fold}
        after = mine(scores, pairs, others | {(row, row) for row in range(200) if folds[row] == fold})
        assert after.thresholds[fold] == before.thresholds[fold]
        assert after.thresholds[1 - fold] != before.thresholds[1 - fold]


def test_points_of_each_source_sentence() -> None:
    """Sentence 0 is right, 1 is wrong and its own pair missed, 2 is one too many, 3 is missed, 4 says nothing."""
    points = pair_points(np.array([(0, 0), (1, 5), (2, 7)]), {(0, 0), (1, 1), (3, 3)}, 5)
    assert points.earned.tolist() == [2, 0, 0, 0, 0]
    assert points.of.tolist() == [2, 2, 1, 1, 0]


def test_f1_against_precision_and_recall() -> None:
    random = np.random.default_rng(2)
    pairs, scores = np.stack([np.arange(300)] * 2, axis=1), random.normal(size=300)
    gold = {(row, row) for row in range(0, 300, 2)} | {(900, 1)}
    kept = pairs[mine(scores, pairs, gold).kept]
    right = sum(tuple(pair) in gold for pair in kept.tolist())
    precision, recall = right / len(kept), right / len(gold)
    assert pair_points(kept, gold, 901).score() == pytest.approx(2 * precision * recall / (precision + recall))


def test_refusals() -> None:
    with pytest.raises(XstiltsError, match="5 pairs and 0 gold pairs"):
        threshold_search(SCORES, PAIRS, set())
    with pytest.raises(XstiltsError, match="4 scores of 5 pairs"):
        threshold_search(SCORES[:4], PAIRS, GOLD)
    with pytest.raises(XstiltsError, match="in each half of the source sentences"):
        mine(SCORES, PAIRS, {(0, 0)})
