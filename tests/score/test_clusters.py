"""Which spans and which queries stand or fall together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from xstilts.score.clusters import common_candidates, paragraphs
from xstilts.tasks.source import Source
from xstilts.tasks.span import read_tydiqa

Row = tuple[str, str, str]  # language, id, paragraph
NAMES = ("language", "id", "context")


def clusters_of(rows: Sequence[Row]) -> list[str]:
    """The clusters of questions."""
    return paragraphs(pa.table({name: list(own) for name, own in zip(NAMES, zip(*rows, strict=True), strict=True)}))


def test_a_parallel_set_has_one_cluster_per_paragraph() -> None:
    """XQuAD: two paragraphs of two questions in three languages."""
    rows = [(code, f"{n}{m}", f"text {n} in {code}") for code in ("en", "de", "zh") for n in "ab" for m in (0, 1)]
    assert clusters_of(rows) == ["en a0", "en a0", "en b0", "en b0"] * 3


def test_languages_that_share_some_questions() -> None:
    """MLQA: the German paragraph has a question of either English one, and the Hindi one none of these."""
    rows = [("en", "1", "first"), ("en", "2", "first"), ("en", "3", "second"), ("de", "2", "erster")]
    rows += [("de", "3", "erster"), ("hi", "4", "another"), ("en", "4", "third"), ("en", "5", "fourth")]
    assert clusters_of(rows) == ["en 1"] * 5 + ["hi 4", "hi 4", "en 5"]


def tydiqa(folder: Path, language: str, texts: Sequence[str], names: Sequence[str]) -> list[Row]:
    """A file of TyDiQA's with one question per paragraph, as its reader gives it."""
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
    """TyDiQA lists a paragraph once per question; ids that only number them must not chain the languages together."""
    rows = []
    for language, order in (("ko", "aabc"), ("fi", "abbc")):
        names = ["0"] * 4 if numbered else [f"{language}-{n}" for n in range(4)]
        rows += tydiqa(tmp_path, language, [f"{language} text {letter}" for letter in order], names)
    assert {name for _, name, _ in rows[:4]}.isdisjoint(name for _, name, _ in rows[4:]) != numbered
    found = clusters_of(rows)
    assert [found.index(own) for own in found] == [0, 0, 2, 3, 4, 5, 5, 7]


def test_queries_with_a_right_candidate_in_common() -> None:
    """Questions on one sentence, one of them in two languages; and one on another sentence."""
    golds = [["en-1", "de-1"], ["en-1", "de-1"], ["en-1", "de-1"], ["en-2", "de-2"]]
    assert common_candidates(pa.table({"id": ["a", "b", "a", "c"], "golds": golds})) == ["a", "a", "a", "c"]
