"""Visual question answering: GQA's and xGQA's question files, LXMERT's list layout of them, and HaVQA's pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Reading, VqaExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content, json_lines
from xstilts.tasks.source import Source

HAVQA_SPLITS = {"train": "train", "dev": "dev", "test": "test"}
Read = Reading[VqaExample]


def read_gqa(source: Source) -> Read:
    """GQA's layout: `{id: {"question", "imageId", "answer", "types": {"structural", "semantic"}, ...}}`.

    Raises:
        DataError: naming the file and the question's id.
    """
    content = json_content(source.path)
    if not isinstance(content, dict) or not content:
        expected = "a JSON object with a question an id (a list: name the format lxmert)"
        raise DataError(source.path, None, f"{_size(content)} in a {type(content).__name__}", expected, ANOTHER_FILE)
    ids, examples = Unique(), []
    for identifier, question in content.items():
        row = Row(source.path, identifier, _object(source.path, identifier, question))
        row.check_language(source.language)
        types, image = row.content.get("types") or {}, row.image("imageId", source.images)
        answer = row.text("answer", "give the answer, or leave the question out of training and scoring")
        structural, semantic = types.get("structural") or "", types.get("semantic") or ""
        asked, name = row.text("question"), ids.check(row, identifier)
        examples.append(VqaExample(name, source.language, asked, image, answer, structural, semantic))
    return Reading(examples)


def _size(content: Any) -> str:
    return "no questions" if not content else "questions"


def _object(path: Path, place: int | str, content: Any) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise DataError(path, place, f"a {type(content).__name__}", "a question's JSON object", ANOTHER_FILE)
    return content


def read_lxmert(source: Source) -> Read:
    """LXMERT's layout: `[{"question_id", "sent", "img_id", "label": {answer: score}}]`, without question types."""
    content = json_content(source.path)
    if not isinstance(content, list) or not content:
        raise DataError(source.path, None, "no list of questions", "LXMERT's JSON list", ANOTHER_FILE)
    ids, examples = Unique(), []
    for number, question in enumerate(content, start=1):
        row = Row(source.path, number, _object(source.path, number, question))
        identifier, asked = ids.check(row, row.key("question_id")), row.text("sent")
        image, scores = row.image("img_id", source.images), row.content.get("label") or {}
        examples.append(scored(row, source, identifier, asked, image, scores))
    return Reading(examples)


def scored(
    row: Row,
    source: Source,
    identifier: str,
    question: str,
    image: str,
    scores: Any,
    structural: str = "",
    semantic: str = "",
) -> VqaExample:
    """An example with `scores` {answer: 0..1}, the best first; a single answer with the full score needs none.

    Raises:
        DataError: no answer, a blank one, or a score outside 0..1.
    """
    if not isinstance(scores, dict) or not scores:
        raise row.error("no answer", "at least one answer", "leave the question out of training and scoring")
    for answer, score in scores.items():
        if not answer.strip() or isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
            raise row.error(f"the answer '{answer}' with score {score!r}", "an answer and a score 0..1", "mend the row")
    ordered = {answer: float(scores[answer]) for answer in sorted(scores, key=lambda one: -scores[one])}
    best = next(iter(ordered))
    kept = {} if ordered == {best: 1.0} else ordered
    return VqaExample(identifier, source.language, question, image, best, structural, semantic, kept)


def read_havqa(source: Source) -> Read:
    """HaVQA's pairs: qa_id, image_id, question_en, question_ha, answer_en, answer_ha, split.

    Answers are English in both languages, as xGQA's are, so that one vocabulary serves both; in lower case and
    without the full stop at their end.
    """
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        identifier = ids.check(row, row.key("qa_id"))
        if source.of_split(row, "split", HAVQA_SPLITS):
            question, image = row.text(f"question_{source.language}"), row.image("image_id", source.images)
            answer = plain_answer(row.text("answer_en"))
            examples.append(VqaExample(identifier, source.language, question, image, answer))
    return Reading(examples)


def plain_answer(answer: str) -> str:
    """An answer in lower case, without spaces around it and the full stop at its end."""
    return answer.strip().lower().removesuffix(".").rstrip() or answer.strip().lower()


def read_rows(source: Source) -> Read:
    """The fields id, question, image, answer, scores?, structural?, semantic? as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        identifier, image = ids.check(row, row.key("id")), row.image("image", source.images)
        question, answer = row.text("question"), row.text("answer")
        types = [row.content.get(key) or "" for key in ("structural", "semantic")]
        scores = row.content.get("scores") or {answer: 1.0}
        examples.append(scored(row, source, identifier, question, image, scores, *types))
    return Reading(examples)


def check_parallel(first: Path, examples: Sequence[VqaExample], other: Path, others: Sequence[VqaExample]) -> None:
    """Check that two languages' files ask the same questions: the same ids on the same images with the same
    answers.

    Scores in two languages can be compared only then.

    Raises:
        DataError: naming the file `other` and the question.
    """
    wanted = {example.id: example for example in examples}
    todo = "give every language the same ids"
    for example in others:
        twin = wanted.pop(example.id, None)
        if twin is None:
            raise DataError(other, example.id, "a question", f"only ids that {first} has", todo)
        for what in ("image", "answer"):
            found, expected = getattr(example, what), getattr(twin, what)
            if found != expected:
                mend = f"mend the file: only the question's wording may differ from {first}"
                raise DataError(other, example.id, f"{what} '{found}'", f"'{expected}'", mend)
    if wanted:
        raise DataError(other, min(wanted), "no such question", f"every id that {first} has", todo)
