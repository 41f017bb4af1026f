"""SQuAD's file: what is read, and one clear error for everything that is wrong."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import SpanExample

Read = Callable[..., Any]
Write = Callable[..., Path]
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


def test_official_questions_are_read_with_all_their_answers(write: Write, read: Read) -> None:
    assert read("span", "squad", write(SQUAD)).examples == [
        SpanExample(
            "q1", "en", "What is oxygen?", CONTEXT, 10, "a chemical element", ("a chemical element", "chemical element")
        ),
        SpanExample("q2", "en", "Which symbol has it?", CONTEXT, 41, "O", ("O",)),
    ]


def test_an_answer_that_several_people_gave_is_kept_once(write: Write, read: Read) -> None:
    twice = [{"answer_start": 41, "text": "O"}, {"answer_start": 0, "text": "O"}]
    example = read("span", "squad", write(changed(answers=twice))).examples[1]
    assert (example.start, example.answers) == (41, ("O",))


def test_answer_start_counts_characters_not_bytes(write: Write, read: Read) -> None:
    context = "Ægir 😀 鴨 swims"
    question = {"id": "1", "question": "Who?", "answers": [{"answer_start": 7, "text": "鴨"}]}
    path = write({"data": [{"paragraphs": [{"context": context, "qas": [question]}]}]})
    assert read("span", "squad", path).examples[0].answer == "鴨"


def test_an_impossible_question_has_no_answer(write: Write, read: Read) -> None:
    path = write(changed(answers=[], is_impossible=True, plausible_answers=[{"answer_start": 0, "text": "Oxygen"}]))
    example = read("span", "squad", path).examples[1]
    assert (example.start, example.answer, example.answers) == (-1, "", ())


def test_tydiqa_s_numbers_are_not_ids(write: Write, read: Read) -> None:
    """The English training file of XTREME's release has 3,696 questions with 89 different ids."""
    path = write(changed(id="12"))
    assert [one.id for one in read("span", "tydiqa", path, split="train").examples] == ["q1", "train-2"]


def test_rows_have_two_equally_long_lists_of_answers(write: Write, read: Read) -> None:
    answers = {"text": ["O", "symbol O"], "answer_start": [41, 34]}
    row = {"id": "1", "question": "Which?", "context": CONTEXT, "answers": answers}
    none = {**row, "id": "2", "answers": {"text": [], "answer_start": []}}
    examples = read("span", "rows", write([row, none], "rows.jsonl")).examples
    assert [(one.start, one.answer, one.answers) for one in examples] == [
        (41, "O", ("O", "symbol O")),
        (-1, "", ()),
    ]
    with pytest.raises(DataError, match=r"row 1: found answers .* equally long"):
        read("span", "rows", write([{**row, "answers": {"text": ["O"], "answer_start": []}}], "rows.jsonl"))


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
    "a question that is not an object": (
        {"data": [{"paragraphs": [{"context": "a", "qas": ["b"]}]}]},
        1,
        "a str",
    ),
    "no answers": (changed(answers=None), "q2", "no answers"),
    "no answers, but not impossible": (changed(answers=[], is_impossible=False), "q2", "no answers"),
    "answers to an impossible question": (changed(is_impossible=True), "q2", "answers to an impossible question"),
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
    "a start that is not a number": (changed(answers=[{"answer_start": "41", "text": "O"}]), "q2", "the answer"),
    "an id twice": (changed(id="q1"), "q1", "id 'q1' again"),
    "no id": (changed(id=None), 2, "no id"),
    "no question": (changed(question=""), "q2", "an empty question"),
    "another language": (changed(language="ko"), "q2", "language 'ko'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Write, read: Read) -> None:
    content, row, found = BAD[case]
    path = write(content)
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read("span", "squad", path)
