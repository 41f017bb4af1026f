"""Extractive question answering: SQuAD's JSON, which XQuAD, MLQA and TyDiQA-GoldP share."""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Reading, SpanExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, json_content
from xstilts.tasks.source import Source, reads


@reads(lambda source: questions(source.path))
def read_squad(row: Row, source: Source) -> SpanExample:
    """SQuAD's layout: `{"data": [{"paragraphs": [{"context", "qas": [{"id", "question", "answers"}]}]}]}`.

    Every gold answer is checked against the context and kept, without repetition. A question is unanswerable only if
    the file says so (v2.0: `"is_impossible": true`, no answers); otherwise a question without an answer is an error,
    because a file without answers cannot be scored.
    """
    return _example(row, row.key("id"), source)


def read_tydiqa(source: Source) -> Reading[SpanExample]:
    """TyDiQA-GoldP's layout: SQuAD's, but some releases have a number within its article as id, which is not unique:
    those ids are replaced by the question's number in the file, with the split before it."""
    numbers = count(1)

    def make(row: Row) -> SpanExample:
        number, found = next(numbers), row.key("id")
        return _example(row, source.own_id(number) if found.isdecimal() else found, source)

    return source.each(questions(source.path), make)


def questions(path: Path) -> Iterator[Row]:
    """The questions, each with its paragraph's context; its place is its id, or its number in the file."""
    number = 0
    for paragraph in paragraphs(path):
        for question in _list(path, paragraph, "qas", "paragraph"):
            number += 1
            if not isinstance(question, dict):
                raise DataError(path, number, f"a {type(question).__name__}", "a question's object", ANOTHER_FILE)
            place = question.get("id")
            known = place if isinstance(place, (int, str)) and place != "" else number
            yield Row(path, known, {**question, "context": paragraph.get("context")})
    if not number:
        raise DataError(path, None, "no questions", "at least one", ANOTHER_FILE)


def paragraphs(path: Path) -> list[Mapping[str, Any]]:
    """The paragraphs of a file in SQuAD's layout, of all articles."""
    articles = _list(path, json_content(path), "data", "file")
    found = [paragraph for article in articles for paragraph in _list(path, article, "paragraphs", "article")]
    if wrong := [one for one in found if not isinstance(one, dict)]:
        raise DataError(path, None, f"the paragraph {wrong[0]!r}", "an object with a context", ANOTHER_FILE)
    return found


def _list(path: Path, content: Any, key: str, what: str) -> list[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise DataError(path, None, f"a {what} without the list '{key}'", "SQuAD's layout", ANOTHER_FILE)
    return found


def _example(row: Row, identifier: str, source: Source) -> SpanExample:
    row.check_language(source.language)
    question, context, answers = row.text("question"), row.text("context"), row.content.get("answers")
    if row.content.get("is_impossible") is True:
        if answers:
            raise row.error("answers to an impossible question", "none", "correct is_impossible or the answers")
        return SpanExample(identifier, source.language, question, context, -1, "")
    if not isinstance(answers, list) or not answers:
        todo = "give the file with the answers, or say is_impossible if there is none in the context"
        raise row.error("no answers", "at least one answer", todo)
    return _answered(identifier, source, question, context, [answer_of(row, one, context) for one in answers])


def _answered(
    identifier: str, source: Source, question: str, context: str, checked: list[tuple[int, str]]
) -> SpanExample:
    start, answer = checked[0] if checked else (-1, "")
    answers = tuple(dict.fromkeys(text for _, text in checked))
    return SpanExample(identifier, source.language, question, context, start, answer, answers)


def answer_of(row: Row, answer: Any, context: str) -> tuple[int, str]:
    """Start and text of one gold answer; the context must have the text at that start.

    Starts are not moved to where the text is: no official file needs it, and a start that is off by some characters
    is the sign of a file that was cut or decoded wrongly.
    """
    start, text = (answer.get("answer_start"), answer.get("text")) if isinstance(answer, dict) else (None, None)
    if isinstance(start, bool) or not isinstance(start, int) or not isinstance(text, str) or not text.strip():
        todo = "give the file with the answers: some releases blank them out"
        raise row.error(f"the answer {answer!r}", "a text and its answer_start", todo)
    there = context[start : start + len(text)] if start >= 0 else ""
    if there != text:
        todo = "count answer_start in characters from 0"
        found = f"'{there}' at answer_start {start}, where the answer is '{text}'"
        raise row.error(found, "the answer itself there", todo)
    return start, text


@reads()
def read_rows(row: Row, source: Source) -> SpanExample:
    """The fields id, question, context, answers {text: [...], answer_start: [...]} as JSON lines; empty lists: the
    context has no answer."""
    row.check_language(source.language)
    identifier, question, context = row.key("id"), row.text("question"), row.text("context")
    checked = [answer_of(row, pair, context) for pair in _row_answers(row)]
    return _answered(identifier, source, question, context, checked)


def _row_answers(row: Row) -> list[dict[str, Any]]:
    found = row.content.get("answers")
    texts, starts = (found.get("text"), found.get("answer_start")) if isinstance(found, dict) else (None, None)
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        raise row.error(f"answers {found!r}", "the lists text and answer_start, equally long", "correct the row")
    return [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
