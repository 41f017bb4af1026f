"""SQuAD's file: what is read, and one clear error for everything that is wrong."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.tasks.examples import SpanExample
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.span import read_span

TASK = TaskSpec("squad", "span", EncodeSection(["en"], "f1", {}))
CONTEXT = "Oxygen is a chemical element with symbol O."
QUESTIONS = [
    {
        "id": "q1",
        "question": "What is oxygen?",
        "answers": [
            {"answer_start": 10, "text": "a chemical element"},
            {"answer_start": 12, "text": "chemical element"},
        ],
    },
    {"id": "q2", "question": "Which symbol has it?", "answers": [{"answer_start": 41, "text": "O"}]},
]
SQUAD = {
    "version": "1.1",
    "data": [{"title": "Oxygen", "paragraphs": [{"context": CONTEXT, "qas": QUESTIONS}]}],
}


def test_official_questions_are_read_with_their_first_answer(write: Callable[..., Path]) -> None:
    examples = read_span(write(SQUAD), "en", TASK).examples
    assert examples == [
        SpanExample("q1", "en", "What is oxygen?", CONTEXT, 10, "a chemical element"),
        SpanExample("q2", "en", "Which symbol has it?", CONTEXT, 41, "O"),
    ]


def test_answer_start_counts_characters_not_bytes(write: Callable[..., Path]) -> None:
    context = "Ægir 😀 鴨 swims"
    question = {"id": "1", "question": "Who?", "answers": [{"answer_start": 7, "text": "鴨"}]}
    path = write({"data": [{"paragraphs": [{"context": context, "qas": [question]}]}]})
    assert read_span(path, "en", TASK).examples[0].answer == "鴨"


def changed(**fields: Any) -> dict[str, Any]:
    """The fixture with fields of the second question changed; None takes the field away."""
    content: dict[str, Any] = copy.deepcopy(SQUAD)
    questions = content["data"][0]["paragraphs"][0]["qas"]
    questions[1] = {key: value for key, value in {**questions[1], **fields}.items() if value is not None}
    return content


BAD = {
    "empty file": ("", None, "an empty file"),
    "broken JSON": ('{"data": [\n}', "line 2", "broken JSON"),
    "another layout": ("[]", None, "a file without the list 'data'"),
    "no articles": ({"data": []}, None, "no questions"),
    "no paragraphs": ({"data": [{"title": "a"}]}, None, "a article without the list 'paragraphs'"),
    "a question that is no object": (
        {"data": [{"paragraphs": [{"context": "a", "qas": ["b"]}]}]},
        1,
        "a str",
    ),
    "no answers": (changed(answers=None), "q2", "no answers"),
    "an unanswerable question": (changed(answers=[], is_impossible=True), "q2", "no answers"),
    "an empty answer": (changed(answers=[{"answer_start": 0, "text": ""}]), "q2", "the answer"),
    "an answer elsewhere": (
        changed(answers=[{"answer_start": 40, "text": "O"}]),
        "q2",
        "' ' at answer_start 40",
    ),
    "a later answer elsewhere": (
        changed(answers=[{"answer_start": 41, "text": "O"}, {"answer_start": 0, "text": "O."}]),
        "q2",
        "'Ox' at answer_start 0",
    ),
    "an answer before the text": (
        changed(answers=[{"answer_start": -2, "text": "O"}]),
        "q2",
        "'' at answer_start -2",
    ),
    "a start that is no number": (changed(answers=[{"answer_start": "41", "text": "O"}]), "q2", "the answer"),
    "an id twice": (changed(id="q1"), "q1", "id 'q1' again"),
    "no id": (changed(id=None), 2, "no id"),
    "no question": (changed(question=""), "q2", "an empty question"),
    "another language": (changed(language="ko"), "q2", "language 'ko'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Callable[..., Path]) -> None:
    content, row, found = BAD[case]
    path = write(content)
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read_span(path, "en", TASK)
