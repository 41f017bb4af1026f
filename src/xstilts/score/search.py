"""Searching a pool of sentence vectors as the retrieval tasks do: translations, pairs to be mined, ranked answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.score.mining import FOLDS, candidate_pairs, mining_f1, threshold_search
from xstilts.score.neighbours import cosine_blocks, nearest, retrieval_accuracy
from xstilts.score.ranking import average_precisions

NONE = -1  # no candidate was found


@dataclass(frozen=True)
class Pool:
    """Texts that are searched among one another.

    Attributes:
        rows: rows of the test table, int64 `[texts]`; `queries` and `candidates` are positions in it.
        languages: of the queries, object `[queries]`.
        golds: of each query, the right candidates as positions in `candidates`.
    """

    rows: np.ndarray
    queries: np.ndarray
    candidates: np.ndarray
    languages: np.ndarray
    golds: list[list[int]]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        scores: {metric: {language: value}}.
        best, score: of each query a candidate (or `NONE`) and its score, `[queries]`.
        average_precision: of each query, float64 `[queries]`; None where the metric is no mean of it.
    """

    scores: dict[str, dict[str, float]]
    best: np.ndarray
    score: np.ndarray
    average_precision: np.ndarray | None = None


def pools_of(path: Path, table: pa.Table, joint: bool) -> list[Pool]:
    """The texts of each language as a pool of their own, or those of all languages as a single one (`joint`).

    Args:
        path: of the table, named in errors.

    Raises:
        DataError: a pool without queries or candidates, two candidates of one id, or a gold id without its candidate.
    """
    languages = np.array(table["language"].to_pylist(), dtype=object)
    if joint:
        return [_pool(path, table, np.arange(len(table)), "all languages")]
    return [_pool(path, table, np.flatnonzero(languages == own), own) for own in sorted(set(languages))]


def _pool(path: Path, table: pa.Table, rows: np.ndarray, name: str) -> Pool:
    own = table.select(["id", "language", "structural", "answers"]).take(pa.array(rows)).to_pydict()
    side = np.array(own["structural"], dtype=object)
    queries, candidates = np.flatnonzero(side == "query"), np.flatnonzero(side == "candidate")
    if not len(queries) or not len(candidates):
        found = f"{len(queries)} queries and {len(candidates)} candidates in {name}"
        raise DataError(path, None, found, "some of both", "look at the raw files of the target")
    place = {own["id"][row]: number for number, row in enumerate(candidates)}
    if len(place) < len(candidates):
        found, expected = f"{len(candidates)} candidates with {len(place)} ids in {name}", "an id each"
        raise DataError(path, None, found, expected, "look at the raw files of the target")
    golds = [[_place(path, place, gold, int(rows[row])) for gold in own["answers"][row]] for row in queries]
    return Pool(rows, queries, candidates, np.array(own["language"], dtype=object)[queries], golds)


def _place(path: Path, place: dict[str, int], gold: str, row: int) -> int:
    if gold not in place:
        expected, todo = "the id of a candidate", "look at the raw files of the target"
        raise DataError(path, row, f"gold '{gold}'", expected, todo)
    return place[gold]


def search_translations(pool: Pool, vectors: np.ndarray) -> Found:
    """Tatoeba: the share of queries whose nearest candidate is right, by cosine and, beside it, by ratio margin."""
    queries, candidates = vectors[pool.queries], vectors[pool.candidates]
    best, score = nearest(queries, candidates, "cosine")
    by_margin, _ = nearest(queries, candidates, "margin")
    (language,) = set(pool.languages)
    found = {"accuracy": best, "accuracy_margin": by_margin}
    scores = {name: {language: retrieval_accuracy(own, pool.golds)} for name, own in found.items()}
    return Found(scores, best, score)


def search_pairs(pool: Pool, vectors: np.ndarray) -> Found:
    """BUCC: F1 of the pairs mined by margin, and the F1 at the threshold that these labels like best (`f1_oracle`).

    Where nearly all vectors are the same (the first token's at the embeddings, say), hardly any sentences pair up, and
    none on which to choose a threshold for the others: then nothing is mined.
    """
    pairs, margins = candidate_pairs(vectors[pool.queries], vectors[pool.candidates])
    gold = {(query, right) for query, golds in enumerate(pool.golds) for right in golds}
    kept, f1, best_f1 = np.zeros(len(pairs), bool), 0.0, threshold_search(margins, pairs, gold).f1
    if len(set(pairs[:, 0] % FOLDS)) == FOLDS:
        mined = mining_f1(margins, pairs, gold)
        kept, f1 = mined.kept, mined.f1
    best, score = np.full(len(pool.queries), NONE), np.zeros(len(pool.queries), np.float32)
    best[pairs[kept, 0]], score[pairs[kept, 0]] = pairs[kept, 1], margins[kept]
    (language,) = set(pool.languages)
    return Found({"f1": {language: f1}, "f1_oracle": {language: best_f1}}, best, score)


def search_answers(cutoff: int | None, name: str) -> Callable[[Pool, np.ndarray], Found]:
    """LAReQA and Mewsli-X: mean average precision of each language's queries in the candidates of all languages."""

    def search(pool: Pool, vectors: np.ndarray) -> Found:
        queries, candidates = vectors[pool.queries], vectors[pool.candidates]
        earned = np.zeros(len(queries))
        scores = {}
        for language in sorted(set(pool.languages)):
            own = np.flatnonzero(pool.languages == language)
            blocks = cosine_blocks(queries[own], candidates)
            earned[own] = average_precisions(blocks, [pool.golds[query] for query in own], cutoff)
            scores[language] = float(np.mean(earned[own]))
        return Found({name: scores}, *nearest(queries, candidates, "cosine"), earned)

    return search
