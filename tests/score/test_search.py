"""Searches among vectors whose neighbours are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.base.errors import DataError, XstiltsError
from xstilts.score.search import NONE, pools_of, search_answers, search_pairs, search_translations

PATH = Path("test.arrow")


def text(name: str, language: str, side: str, *golds: str) -> dict[str, Any]:
    return {"id": name, "language": language, "structural": side, "answers": list(golds)}


def translations(language: str, count: int, missing: int = 0) -> list[dict[str, Any]]:
    """Queries q0, q1, ... each with its candidate, the two sides in turn; the last `missing` queries have none."""
    rows = []
    for i in range(count):
        golds = [f"c{i}"] if i < count - missing else []
        rows += [text(f"q{i}", language, "query", *golds), text(f"c{i}", language, "candidate")]
    return rows


def vectors_of(table: pa.Table, nearest: dict[str, str]) -> np.ndarray:
    """Unit vectors: candidate n is axis n, a query lies at the axis of the candidate that `nearest` names."""
    names = [name if side == "candidate" else nearest[name] for name, side in zip(*_columns(table), strict=True)]
    vectors = np.eye(16, dtype=np.float32)[[int(name[1:]) for name in names]]
    return vectors + np.float32(0.01)  # no right angles: a margin divides by cosines


def _columns(table: pa.Table) -> tuple[list[str], list[str]]:
    return table["id"].to_pylist(), table["structural"].to_pylist()


def test_each_language_is_searched_alone() -> None:
    """Ids are the same in both languages; of the German queries one of four finds another one's candidate."""
    rows = [*translations("de", 4), *translations("fr", 2)]
    table = pa.Table.from_pylist(rows[::2] + rows[1::2])
    german, french = pools_of(PATH, table, joint=False)
    assert set(german.languages) == {"de"}
    assert set(french.languages) == {"fr"}
    assert german.golds == [[0], [1], [2], [3]]
    vectors = vectors_of(table, {"q0": "c0", "q1": "c1", "q2": "c3", "q3": "c3"})
    found = search_translations(german, vectors[german.rows])
    assert found.points.earned.tolist() == [1, 1, 0, 1]
    assert found.others == {"accuracy_margin": {"de": 0.75}}
    assert found.best.tolist() == [0, 1, 3, 3]
    assert search_translations(french, vectors[french.rows]).points.by(french.languages) == {"fr": 1.0}


def test_pairs_are_mined() -> None:
    """Six of eight sentences have a translation; the other two are far from everything and are not mined."""
    table = pa.Table.from_pylist(translations("de", 8, missing=2))
    (pool,) = pools_of(PATH, table, joint=False)
    vectors = vectors_of(table, {f"q{i}": f"c{i if i < 6 else 15}" for i in range(8)})
    found = search_pairs(pool, vectors)
    assert found.points.score() == 1
    assert found.others == {"f1_oracle": {"de": 1.0}}
    assert found.best.tolist() == [0, 1, 2, 3, 4, 5, NONE, NONE]


def test_vectors_that_are_all_the_same_mine_nothing() -> None:
    """As the first token's at the embeddings: a layer that is worth nothing scores 0, and is no error."""
    (pool,) = pools_of(PATH, pa.Table.from_pylist(translations("de", 8)), joint=False)
    found = search_pairs(pool, np.ones((16, 4), np.float32))
    assert found.points.score() == 0
    assert found.others["f1_oracle"]["de"] <= 2 * 1 / (1 + 8)
    assert set(found.best) == {NONE}


def test_answers_are_ranked_among_those_of_all_languages() -> None:
    """The English query has its right answers at ranks 1 and 3, the German one its own at rank 2."""
    rows = [
        text("en q", "en", "query", "en c", "de c"),
        text("de q", "de", "query", "de c"),
        *(text(f"{language} c", language, "candidate") for language in ("en", "de", "ko")),
    ]
    (pool,) = pools_of(PATH, pa.Table.from_pylist(rows), joint=True)
    angles = np.deg2rad([0, 50, 10, 40, -20])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    english, german = (1 + 2 / 3) / 2, 1.0
    assert search_answers(None)(pool, vectors).points.earned == pytest.approx([english, german])
    found = search_answers(1)(pool, vectors)
    assert found.points.earned.tolist() == [1, 1]
    assert found.best.tolist() == [0, 1]


def test_what_cannot_be_searched() -> None:
    rows = translations("de", 2)
    with pytest.raises(DataError, match="found 2 queries and 0 candidates in de, expected some of both"):
        pools_of(PATH, pa.Table.from_pylist([row for row in rows if row["structural"] == "query"]), joint=False)
    with pytest.raises(DataError, match="found 3 candidates with 2 ids in all languages"):
        pools_of(PATH, pa.Table.from_pylist([*rows, text("c0", "fr", "candidate")]), joint=True)
    with pytest.raises(DataError, match="row 0: found gold 'c7', expected the id of a candidate"):
        pools_of(PATH, pa.Table.from_pylist([text("q0", "de", "query", "c7"), *rows]), joint=False)
    (pool,) = pools_of(PATH, pa.Table.from_pylist(translations("de", 4, missing=1)), joint=False)
    with pytest.raises(XstiltsError, match="found no right candidate of query 3"):
        search_translations(pool, np.random.default_rng(0).normal(size=(8, 4)))
