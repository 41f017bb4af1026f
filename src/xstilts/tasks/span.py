"""Extractive question answering: SQuAD v1.1's JSON, which XQuAD, MLQA and TyDiQA-GoldP share."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.tasks.examples import Reading, SpanExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content
from xstilts.tasks.schema import TaskSpec


def read_span(path: Path, language: str, task: TaskSpec, images: Collection[str] | None = None) -> Reading[SpanExample]:
    """Read one file: `{"data": [{"paragraphs": [{"context", "qas": [{"id", "question", "answers"}]}]}]}`.

    The first gold answer is kept; every one is checked against the context.

    Raises:
        DataError: naming the file and the question's id.
    """
    ids = Unique()
    examples = [_example(row, ids, language) for row in _questions(path)]
    if not examples:
        raise DataError(path, None, "no questions", "at least one", ANOTHER_FILE)
    return Reading(examples)


def _questions(path: Path) -> Iterator[Row]:
    """The questions, each with its paragraph's context."""
    content = json_content(path)
    number = 0
    for article in _list(path, content, "data", "file"):
        for paragraph in _list(path, article, "paragraphs", "article"):
            for question in _list(path, paragraph, "qas", "paragraph"):
                number += 1
                if not isinstance(question, dict):
                    raise DataError(path, number, f"a {type(question).__name__}", "a question's object", ANOTHER_FILE)
                place = question.get("id", number)
                yield Row(path, place, {**question, "context": paragraph.get("context")})


def _list(path: Path, content: Any, key: str, what: str) -> list[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise DataError(path, None, f"a {what} without the list '{key}'", "SQuAD v1.1's layout", ANOTHER_FILE)
    return found


def _example(row: Row, ids: Unique, language: str) -> SpanExample:
    row.check_language(language)
    identifier, question, context = ids.check(row, row.key("id")), row.text("question"), row.text("context")
    answers = row.content.get("answers")
    if not isinstance(answers, list) or not answers:
        todo = "leave unanswerable questions (SQuAD v2) and unlabelled test files out"
        raise row.error("no answers", "at least one answer", todo)
    checked = [_answer(row, answer, context) for answer in answers]
    start, text = checked[0]
    return SpanExample(identifier, language, question, context, start, text)


def _answer(row: Row, answer: Any, context: str) -> tuple[int, str]:
    """Start and text of one gold answer, which must stand in the context at its start."""
    start, text = (answer.get("answer_start"), answer.get("text")) if isinstance(answer, dict) else (None, None)
    if not isinstance(start, int) or not isinstance(text, str) or not text.strip():
        raise row.error(f"the answer {answer!r}", "a text and its answer_start", "mend the answer")
    there = context[start : start + len(text)] if start >= 0 else ""
    if there != text:
        todo = "count answer_start in characters from 0"
        raise row.error(f"'{there}' at answer_start {start}", f"the answer '{text}'", todo)
    return start, text
