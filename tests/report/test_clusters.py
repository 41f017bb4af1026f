"""Which spans and which queries stand or fall together, and what it costs not to know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import write_table
from xstilts.report.bootstrap import Interval
from xstilts.report.cells.clusters import common_candidates, paragraphs
from xstilts.report.cells.items import SCHEMA
from xstilts.report.side_by_side import pair_up
from xstilts.tasks.source import Source
from xstilts.tasks.span import read_tydiqa

Row = tuple[str, str, str]  # language, id, paragraph
NAMES = ("language", "id", "context")


def clusters_of(folder: Path, rows: Sequence[Row]) -> list[str]:
    """The clusters of questions that a cache with these rows has; a question may have several rows, its windows."""
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    folder.mkdir(exist_ok=True)
    write_table(folder / "test.arrow", pa.table({name: list(own) for name, own in columns.items()}))
    asked = list(dict.fromkeys((language, name) for language, name, _ in rows))
    return paragraphs(folder, pa.table({"language": [one for one, _ in asked], "id": [name for _, name in asked]}))


def test_a_parallel_set_has_a_cluster_a_paragraph(tmp_path: Path) -> None:
    """XQuAD: two paragraphs of two questions in three languages; the first question has two windows."""
    rows = [(code, f"{n}{m}", f"text {n} in {code}") for code in ("en", "de", "zh") for n in "ab" for m in (0, 0, 1)]
    assert clusters_of(tmp_path, rows) == ["en a0", "en a0", "en b0", "en b0"] * 3


def test_languages_that_share_some_questions(tmp_path: Path) -> None:
    """MLQA: the German paragraph has a question of either English one, and the Hindi one none of these."""
    rows = [("en", "1", "first"), ("en", "2", "first"), ("en", "3", "second"), ("de", "2", "erster")]
    rows += [("de", "3", "erster"), ("hi", "4", "another"), ("en", "4", "third"), ("en", "5", "fourth")]
    assert clusters_of(tmp_path, rows) == ["en 1"] * 5 + ["hi 4", "hi 4", "en 5"]


def tydiqa(folder: Path, language: str, texts: Sequence[str], names: Sequence[str]) -> list[Row]:
    """A file of TyDiQA's with a question a paragraph, as its reader gives it."""
    asked = [
        {"id": name, "question": "what?", "answers": [{"text": text[:3], "answer_start": 0}]}
        for name, text in zip(names, texts, strict=True)
    ]
    content = [{"context": text, "qas": [one]} for text, one in zip(texts, asked, strict=True)]
    path = folder / f"{language}.json"
    path.write_text(json.dumps({"data": [{"paragraphs": content}]}))
    source: Any = Source((path,), language, "test", SimpleNamespace())  # type: ignore[arg-type]
    return [(one.language, one.id, one.context) for one in read_tydiqa(source).examples]


@pytest.mark.parametrize("numbered", [False, True])
def test_independent_languages_share_no_cluster(numbered: bool, tmp_path: Path) -> None:
    """TyDiQA lists a paragraph once a question; ids that only number them must not chain the languages together."""
    rows = []
    for language, order in (("ko", "aabc"), ("fi", "abbc")):
        names = ["0"] * 4 if numbered else [f"{language}-{n}" for n in range(4)]
        rows += tydiqa(tmp_path, language, [f"{language} text {letter}" for letter in order], names)
    assert {name for _, name, _ in rows[:4]}.isdisjoint(name for _, name, _ in rows[4:]) != numbered
    found = clusters_of(tmp_path / "cache", rows)
    assert [found.index(own) for own in found] == [0, 0, 2, 3, 4, 5, 5, 7]


def test_a_question_that_the_cache_lacks(tmp_path: Path) -> None:
    clusters_of(tmp_path, [("en", "1", "text")])
    with pytest.raises(DataError, match=r"test\.arrow: found no question '2' in en, expected every question that was"):
        paragraphs(tmp_path, pa.table({"language": ["en", "en"], "id": ["1", "2"]}))


def test_queries_with_a_right_candidate_in_common() -> None:
    """Questions on one sentence, one of them in two languages; and one on another sentence."""
    golds = [["en-1", "de-1"], ["en-1", "de-1"], ["en-1", "de-1"], ["en-2", "de-2"]]
    assert common_candidates(pa.table({"id": ["a", "b", "a", "c"], "golds": golds})) == ["a", "a", "a", "c"]


LANGUAGES, QUESTIONS = ("en", "de"), 6


def span_items(right: np.ndarray, known: bool) -> pa.Table:
    """Items of `[paragraphs, questions]` answers, alike in both languages; `known`: with their paragraphs."""
    rows = [(p, q, code) for code in LANGUAGES for p in range(len(right)) for q in range(QUESTIONS)]
    score = np.array([right[p, q] for p, q, _ in rows], np.float32)
    columns: dict[str, Any] = {name: [""] * len(rows) for name in ("image_id", "part", "structural")}
    columns |= {"id": [f"{p}-{q}" for p, q, _ in rows], "language": [code for _, _, code in rows]}
    columns |= {"cluster": [f"{p}" if known else "" for p, _, _ in rows], "score": score, "of": np.ones_like(score)}
    columns |= {"blind": [None] * len(rows), "shuffled": [None] * len(rows)}
    return pa.table({one.name: pa.array(columns[one.name], one.type) for one in SCHEMA}, schema=SCHEMA)


def interval(right: np.ndarray, known: bool) -> Interval:
    about: Any = {"xquad": {"none": [{}]}}
    paired = pair_up({("xquad", 0, 0): span_items(right, known)}, about, ["none"], [0])
    assert paired.clusters["xquad"] == right.size // (QUESTIONS if known else 1)
    return paired.interval({"none": paired.zero_shot("xquad")})


def test_questions_that_are_right_together_say_no_more_than_one() -> None:
    """Known answer: the standard error is that of as many questions as paragraphs, and else too small by root 6."""
    right = np.repeat(np.random.default_rng(0).random((120, 1)) < 0.6, QUESTIONS, axis=1)
    expected = float(np.sqrt(right.mean() * (1 - right.mean()) / 120))
    assert interval(right, known=True).error == pytest.approx(expected, rel=0.03)
    assert interval(right, known=False).error == pytest.approx(expected / np.sqrt(QUESTIONS), rel=0.03)


@pytest.mark.slow
def test_coverage_with_paragraphs_and_without() -> None:
    """Paragraphs that differ in difficulty: the interval holds the truth as often as it says only by paragraph."""
    rng, hits, simulations = np.random.default_rng(1), {True: 0, False: 0}, 200
    for _ in range(simulations):
        chance = rng.beta(1, 1, (60, 1))  # the mean is a half
        right = rng.random((60, QUESTIONS)) < chance
        for known in hits:
            found = interval(right, known)
            hits[known] += found.low <= 0.5 <= found.high
    assert 0.91 <= hits[True] / simulations <= 0.98  # the standard error of the share is 1.5 points
    assert hits[False] / simulations < 0.85
