"""Bitext mining (BUCC): which sentences of two corpora are translations of each other.

Pairs are scored by ratio margin in both directions and taken greedily, each sentence once (`max` retrieval of Artetxe &
Schwenk 2019); those above a threshold are the answer. The threshold that suits the labels best depends on them: an F1
at that threshold is an oracle, and is named so. `mine` applies thresholds that were chosen on other sentences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from xstilts.base.errors import XstiltsError
from xstilts.score.neighbours import margins_both_ways
from xstilts.score.points import Points

Gold = Collection[tuple[int, int]]  # source and target index of the pairs that are right

FOLDS = 2


@dataclass(frozen=True)
class Threshold:
    """A threshold on scores, and the F1, 0..1, of the pairs that reach it."""

    threshold: float
    f1: float


@dataclass(frozen=True)
class Mined:
    """Which pairs are the answer.

    Attributes:
        kept: bool `[pairs]`, the pairs that reach the threshold of their fold.
        thresholds: of each fold, the threshold applied to it (chosen on the other fold).
    """

    kept: np.ndarray
    thresholds: tuple[float, ...]


def candidate_pairs(source: np.ndarray, target: np.ndarray, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Pair sentences by ratio margin: the best of both directions, from the highest score down, each sentence once.

    Args:
        source: float `[n, dim]` sentence vectors.
        target: float `[m, dim]`.
        k: neighbours that the margin is taken over.

    Returns:
        pairs int64 `[pairs, 2]` of source and target indices, and margins float32 `[pairs]`, highest first.
    """
    (to_target, forward), (to_source, backward) = margins_both_ways(source, target, k)
    pairs = np.concatenate(
        [
            np.stack([np.arange(len(source)), to_target], axis=1),
            np.stack([to_source, np.arange(len(target))], axis=1),
        ]
    )
    scores = np.concatenate([forward, backward])
    kept = _each_once(pairs[order := np.argsort(-scores, kind="stable")])
    return pairs[order][kept], scores[order][kept]


def threshold_search(scores: np.ndarray, pairs: np.ndarray, gold: Gold) -> Threshold:
    """Find the threshold with the highest F1 in one sweep from the highest score down.

    It lies halfway between the last score let in and the first one left out; pairs of equal score stand or fall
    together. Of several thresholds with the same F1 the highest is taken.

    Args:
        scores: float `[pairs]`, in any order.
        pairs: int `[pairs, 2]`, source and target.
        gold: the pairs that are right.

    Raises:
        XstiltsError: no pair, no gold pair, or another number of scores than of pairs.
    """
    _check(scores, pairs, gold)
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order].astype(np.float64), np.cumsum(_are_gold(pairs, gold)[order])
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + len(gold))
    last_of_equals = np.append(ranked[:-1] > ranked[1:], True)
    best = int(np.argmax(np.where(last_of_equals, f1, -1.0)))
    below = ranked[best + 1] if best + 1 < len(ranked) else ranked[best]
    return Threshold(float((ranked[best] + below) / 2), float(f1[best]))


def mine(scores: np.ndarray, pairs: np.ndarray, gold: Gold) -> Mined:
    """Choose pairs by thresholds that no label took part in choosing which they are scored on.

    The source sentences are dealt out into two folds (at random, always the same way); the pairs of one are cut at the
    best threshold of the other.

    Args:
        scores: float `[pairs]`.
        pairs: int `[pairs, 2]`, source and target index.
        gold: the pairs that are right.

    Raises:
        XstiltsError: as `threshold_search`, also where it is one fold that has no pair or no gold pair.
    """
    _check(scores, pairs, gold)
    folds = source_folds(1 + max(int(pairs[:, 0].max()), max(source for source, _ in gold)))
    thresholds = np.array([_other_threshold(scores, pairs, gold, folds != fold) for fold in range(FOLDS)])
    return Mined(scores >= thresholds[folds[pairs[:, 0]]], tuple(thresholds.tolist()))


def pair_points(pairs: np.ndarray, gold: Gold, sources: int) -> Points:
    """Points of each source sentence by the F1 of pairs: two per right pair, out of one per mined and one per gold one.

    Args:
        pairs: int `[pairs, 2]`, those that were mined.
        sources: how many source sentences there are.
    """
    right = _by_source(pairs[_are_gold(pairs, gold), 0], sources)
    return Points(2 * right, _by_source(pairs[:, 0], sources) + _by_source((source for source, _ in gold), sources))


def _by_source(found: Iterable[int], sources: int) -> np.ndarray:
    """How often each source sentence is among some: int64 `[sources]`."""
    return np.bincount(np.fromiter(found, np.int64), minlength=sources)


def source_folds(sources: int) -> np.ndarray:
    """Return the fold of each source sentence, int64 `[sources]`: always the same, of whatever order the corpus is."""
    return np.random.default_rng(0).integers(FOLDS, size=sources)


def _other_threshold(scores: np.ndarray, pairs: np.ndarray, gold: Gold, other: np.ndarray) -> float:
    """The best threshold for the source sentences of which `other` (bool `[sources]`) holds."""
    among = other[pairs[:, 0]]
    return threshold_search(scores[among], pairs[among], [pair for pair in gold if other[pair[0]]]).threshold


def _each_once(pairs: np.ndarray) -> list[int]:
    """The places of pairs neither sentence of which is in an earlier one."""
    sources, targets, kept = set(), set(), []
    for place, (source, target) in enumerate(pairs.tolist()):
        if source not in sources and target not in targets:
            sources.add(source)
            targets.add(target)
            kept.append(place)
    return kept


def _are_gold(pairs: np.ndarray, gold: Gold) -> np.ndarray:
    right = {(int(source), int(target)) for source, target in gold}
    return np.array([tuple(pair) in right for pair in pairs.tolist()], dtype=bool)


def _check(scores: np.ndarray, pairs: np.ndarray, gold: Gold) -> None:
    if len(scores) != len(pairs):
        raise XstiltsError(f"bitext mining: found {len(scores)} scores of {len(pairs)} pairs, expected one per pair")
    if not len(pairs) or not len(gold):
        found = f"{len(pairs)} pairs and {len(gold)} gold pairs"
        raise XstiltsError(
            f"bitext mining: found {found}, expected some of both (in each half of the source sentences)"
        )
