"""Searching a pool of sentence vectors as the retrieval tasks do: translations, pairs to be mined, ranked answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.score.mining import FOLDS, candidate_pairs, mine, pair_points, threshold_search
from xstilts.score.neighbours import cosine_blocks, hits, nearest
from xstilts.score.points import DIGITS, Points
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
        points: of each query, by the main metric.
        best, similarity: of each query a candidate (or `NONE`) and how similar it is, `[queries]`.
        others: {further metric: {language: value}}.
    """

    points: Points
    best: np.ndarray
    similarity: np.ndarray
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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
        found, expected = f"{len(candidates)} candidates with {len(place)} ids in {name}", "one id per candidate"
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
    best, similarity = nearest(queries, candidates, "cosine")
    by_margin = Points.each(hits(nearest(queries, candidates, "margin")[0], pool.golds))
    others = {"accuracy_margin": by_margin.by(pool.languages)}
    return Found(Points.each(hits(best, pool.golds)), best, similarity, others)


def search_pairs(pool: Pool, vectors: np.ndarray) -> Found:
    """BUCC: F1 of the pairs mined by margin, and the F1 at the threshold that these labels like best (`f1_oracle`).

    Where nearly all vectors are the same (the first token's at the embeddings, say), hardly any sentences pair up, and
    none on which to choose a threshold for the others: then nothing is mined.
    """
    pairs, margins = candidate_pairs(vectors[pool.queries], vectors[pool.candidates])
    gold = {(query, right) for query, golds in enumerate(pool.golds) for right in golds}
    enough = len(set(pairs[:, 0] % FOLDS)) == FOLDS
    kept = mine(margins, pairs, gold).kept if enough else np.zeros(len(pairs), bool)
    best, margin = np.full(len(pool.queries), NONE), np.zeros(len(pool.queries), np.float32)
    best[pairs[kept, 0]], margin[pairs[kept, 0]] = pairs[kept, 1], margins[kept]
    (language,) = set(pool.languages)
    others = {"f1_oracle": {language: round(threshold_search(margins, pairs, gold).f1, DIGITS)}}
    return Found(pair_points(pairs[kept], gold, len(pool.queries)), best, margin, others)


def search_answers(cutoff: int | None) -> Callable[[Pool, np.ndarray], Found]:
    """LAReQA and Mewsli-X: mean average precision of each language's queries in the candidates of all languages."""

    def search(pool: Pool, vectors: np.ndarray) -> Found:
        queries, candidates = vectors[pool.queries], vectors[pool.candidates]
        earned = average_precisions(cosine_blocks(queries, candidates), pool.golds, cutoff)
        return Found(Points.each(earned), *nearest(queries, candidates, "cosine"))

    return search
