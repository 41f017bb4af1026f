"""Sentences to be found across languages: Tatoeba, BUCC, LAReQA, Mewsli-X; and text without labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import RetrievalExample, TextExample
from xstilts.tasks.sentences import pool_gold

Read = Callable[..., Any]
Write = Callable[..., Path]


def test_tatoeba_s_lines_are_translations_of_each_other(write: Write, read: Read) -> None:
    files = write("Ja.\nNein.\n", "t.deu"), write("Yes.\nNo.\n", "t.eng")
    assert read("retrieval", "tatoeba", *files, language="de").examples == [
        RetrievalExample("de-en-2", "de", "No.", "query", ("de-2",)),  # sorted by text
        RetrievalExample("de-en-1", "de", "Yes.", "query", ("de-1",)),
        RetrievalExample("de-1", "de", "Ja.", "candidate"),
        RetrievalExample("de-2", "de", "Nein.", "candidate"),
    ]


def test_files_of_different_length_are_an_error(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match=r"t\.eng: found 1 sentences, expected the 2 of t\.deu"):
        read("retrieval", "tatoeba", write("Ja.\nNein.\n", "t.deu"), write("Yes.\n", "t.eng"), language="de")


def test_a_blank_line_is_not_a_sentence(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match=r"t\.eng, row 2: found an empty sentence"):
        read("retrieval", "tatoeba", write("a\nb\nc", "t.deu"), write("a\n \nc", "t.eng"), language="de")


ZH, EN = "zh-1\t一。\nzh-2\t二。\n", "en-1\tTwo.\nen-2\tThree.\n"


def test_most_of_bucc_s_sentences_have_no_translation(write: Write, read: Read) -> None:
    files = write(ZH, "zh"), write(EN, "en"), write("zh-2\ten-1\n", "gold")
    examples = read("retrieval", "bucc", *files, language="zh").examples
    assert [(one.id, one.side, one.gold) for one in examples] == [
        ("zh-1", "query", ()),
        ("zh-2", "query", ("en-1",)),
        ("en-1", "candidate", ()),
        ("en-2", "candidate", ()),
    ]


@pytest.mark.parametrize(
    ("zh", "en", "gold", "complaint"),
    [
        (ZH, EN, "zh-3\ten-1\n", "gold, row zh-3: found a gold pair without a sentence"),
        (ZH, EN, "zh-1\ten-3\n", "gold, row zh-1: found gold 'en-3', expected the id of a candidate"),
        (ZH + "zh-1\t三。\n", EN, "zh-1\ten-1\n", "zh, row 3: found id 'zh-1' again"),
        (ZH, EN + "en-3\n", "zh-1\ten-1\n", "en, row 3: found 1 columns, expected 2: id, sentence"),
    ],
)
def test_what_does_not_join_is_an_error(zh: str, en: str, gold: str, complaint: str, write: Write, read: Read) -> None:
    with pytest.raises(DataError) as error:
        read("retrieval", "bucc", write(zh, "zh"), write(en, "en"), write(gold, "gold"), language="zh")
    assert complaint in str(error.value)


def xquad_r(context: str, breaks: list[list[int]], start: int, text: str) -> dict[str, Any]:
    question = {"id": "q1", "question": f"{context[0]}?", "answers": [{"answer_start": start, "text": text}]}
    return {"data": [{"paragraphs": [{"context": context, "sentence_breaks": breaks, "qas": [question]}]}]}


def test_an_answer_is_the_sentence_that_holds_it_in_every_language(write: Write, read: Read) -> None:
    english = read("retrieval", "lareqa", write(xquad_r("A is. B was.", [[0, 5], [6, 12]], 6, "B"), "en.json")).examples
    german = read(
        "retrieval", "lareqa", write(xquad_r("B war, A ist.", [[0, 13]], 0, "B"), "de.json"), language="de"
    ).examples
    assert english == [
        RetrievalExample("q1", "en", "A?", "query", ("en-1-2",)),
        RetrievalExample("en-1-1", "en", "A is.", "candidate"),
        RetrievalExample("en-1-2", "en", "B was.", "candidate"),
    ]
    pooled = pool_gold([*english, *german])
    assert [one.gold for one in pooled if one.side == "query"] == [("en-1-2", "de-1-1")] * 2
    assert [one for one in pooled if one.side == "candidate"] == [
        one for one in [*english, *german] if one.side == "candidate"
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (xquad_r("A is.", [], 0, "A"), "row paragraph 1: found no sentence_breaks"),
        (xquad_r("A is.", [[0, 5], [5, 9]], 0, "A"), "row paragraph 1: found the sentence [5, 9]"),
        (xquad_r("A is. B", [[0, 5]], 6, "B"), "row q1: found an answer at 6 between the sentences"),
        (xquad_r("A is.", [[0, 5]], 1, "A"), "row q1: found ' ' at answer_start 1"),
    ],
)
def test_a_bad_paragraph_of_xquad_r_is_an_error(content: Any, complaint: str, write: Write, read: Read) -> None:
    with pytest.raises(DataError) as error:
        read("retrieval", "lareqa", write(content))
    assert complaint in str(error.value)


def test_mewslix_says_what_it_needs(tmp_path: Path, read: Read, write: Write) -> None:
    with pytest.raises(DataError, match=r"mewslix-ta\.jsonl: found no such file, .*; make Mewsli-X with") as error:
        read("retrieval", "mewslix", tmp_path / "mewslix-ta.jsonl", language="ta")
    assert "\n" not in str(error.value)
    rows = [{"id": "m1", "text": "a", "side": "query", "gold": ["Q1"]}, {"id": "Q1", "text": "b", "side": "candidate"}]
    examples = read("retrieval", "mewslix", write(rows, "mewslix-ta.jsonl"), language="ta").examples
    assert [(one.id, one.gold) for one in examples] == [("m1", ("Q1",)), ("Q1", ())]


def test_a_row_is_a_query_or_a_candidate(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match="row 1: found side 'both', expected query or candidate"):
        read("retrieval", "rows", write([{"id": "1", "text": "a", "side": "both"}], "rows.jsonl"))


def test_a_line_is_a_text_and_a_blank_one_none(write: Write, read: Read) -> None:
    path = write("One.\n\n  Two.  \r\n", "train-en.txt")
    assert read("mlm", "lines", path, split="train").examples == [
        TextExample("train-1", "en", "One."),
        TextExample("train-3", "en", "Two."),
    ]
    row = write([{"id": "1", "text": "a", "language": "de"}], "rows.jsonl")
    assert read("mlm", "rows", row, language="de").examples == [TextExample("1", "de", "a")]
