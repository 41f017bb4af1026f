"""Visual question answering: GQA's and xGQA's question files, and LXMERT's list layout of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.tasks.examples import Reading, VqaExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content
from xstilts.tasks.schema import TaskSpec


def read_vqa(path: Path, language: str, task: TaskSpec, images: Collection[str] | None = None) -> Reading[VqaExample]:
    """Read one question file.

    Layouts: GQA `{id: {"question", "imageId", "answer", "types": {"structural", "semantic"}, ...}}`, and
        LXMERT's
    `[{"question_id", "sent", "img_id", "label": {answer: score}}]`, which has no question types.

    Args:
        language: the language of the file's questions.
        images: the ids of the images there are; None skips the check.

    Raises:
        DataError: naming the file and the row.
    """
    content = json_content(path)
    if not isinstance(content, (dict, list)) or not content:
        raise DataError(path, None, "no questions", "a JSON object with a question an id", ANOTHER_FILE)
    rows = _gqa_rows(path, content) if isinstance(content, dict) else _lxmert_rows(path, content)
    ids = Unique()
    return Reading([_example(row, ids, language, images) for row in rows])


def _example(row: Row, ids: Unique, language: str, images: Collection[str] | None) -> VqaExample:
    row.check_language(language)
    types = row.content.get("types") or {}
    return VqaExample(
        id=ids.check(row, row.key("id")),
        language=language,
        question=row.text("question"),
        image=row.image("imageId", images),
        answer=row.text("answer", "give the answer, or leave the question out of training and scoring"),
        structural=types.get("structural") or "",
        semantic=types.get("semantic") or "",
    )


def _gqa_rows(path: Path, content: Mapping[str, Any]) -> Iterator[Row]:
    for identifier, question in content.items():
        if not isinstance(question, dict):
            raise DataError(path, identifier, f"a {type(question).__name__}", "a question's JSON object", ANOTHER_FILE)
        yield Row(path, identifier, {**question, "id": identifier})


def _lxmert_rows(path: Path, content: Sequence[Any]) -> Iterator[Row]:
    """The list layout under GQA's keys; of several answers the one with the highest score."""
    for number, question in enumerate(content, start=1):
        if not isinstance(question, dict):
            raise DataError(path, number, f"a {type(question).__name__}", "a question's JSON object", ANOTHER_FILE)
        scores = question.get("label") or {}
        answer = max(scores, key=lambda one: scores[one]) if scores else None
        keys = {"id": "question_id", "question": "sent", "imageId": "img_id"}
        yield Row(path, number, {**{new: question.get(old) for new, old in keys.items()}, "answer": answer})


def check_parallel(first: Path, examples: Sequence[VqaExample], other: Path, others: Sequence[VqaExample]) -> None:
    """Check that two languages' files ask the same questions: the same ids on the same images with the same
    answers.

    Scores in two languages can be compared only then.

    Raises:
        DataError: naming the file `other` and the question.
    """
    wanted = {example.id: example for example in examples}
    for example in others:
        twin = wanted.pop(example.id, None)
        if twin is None:
            raise DataError(
                other,
                example.id,
                "a question",
                f"only ids that {first} has",
                "give every language the same ids",
            )
        for what in ("image", "answer"):
            found, expected = getattr(example, what), getattr(twin, what)
            if found != expected:
                todo = f"mend the file: only the question's wording may differ from {first}"
                raise DataError(other, example.id, f"{what} '{found}'", f"'{expected}'", todo)
    if wanted:
        missing = min(wanted)
        raise DataError(
            other,
            missing,
            "no such question",
            f"every id that {first} has",
            "give every language the same ids",
        )
