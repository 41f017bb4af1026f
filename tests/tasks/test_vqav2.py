"""VQAv2: two files joined, and the score of ten people's answers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.vqa import soft_scores

Read = Callable[..., Any]
Write = Callable[..., Path]
ANSWERS = ["Down", "down", "at table", "skateboard", "down", "table", "down", "down", "down", "down"]
QUESTION = {"image_id": 262148, "question": "Where is he looking?", "question_id": 262148000}
ANNOTATION = {
    "question_type": "none of the above",
    "multiple_choice_answer": "down",
    "answers": [
        {"answer": answer, "answer_confidence": "yes", "answer_id": number}
        for number, answer in enumerate(ANSWERS, start=1)
    ],
    "image_id": 262148,
    "answer_type": "other",
    "question_id": 262148000,
}


def files(write: Write, questions: list[Any], annotations: list[Any]) -> tuple[Path, Path]:
    head = {"data_subtype": "val2014", "task_type": "Open-Ended"}
    return (
        write({**head, "questions": questions}, "questions.json"),
        write({**head, "annotations": annotations}, "annotations.json"),
    )


def test_questions_and_annotations_are_joined(write: Write, read: Read) -> None:
    image = "COCO_val2014_000000262148"
    example = read("vqa", "vqav2", *files(write, [QUESTION], [ANNOTATION]), images={image}).examples[0]
    assert (example.id, example.question, example.image) == ("262148000", "Where is he looking?", image)
    assert (example.answer, example.structural, example.semantic) == ("down", "other", "none of the above")
    assert example.scores == {"down": 1.0, "at table": 0.3, "skateboard": 0.3, "table": 0.3}


def leave_one_out(answer: str, people: list[str]) -> float:
    """VQA's accuracy as its paper words it: averaged over all subsets of all people but one."""
    subsets = list(itertools.combinations(people, len(people) - 1))
    return sum(min(1.0, subset.count(answer) / 3) for subset in subsets) / len(subsets)


@pytest.mark.parametrize("count", range(1, 11))
def test_the_score_is_the_mean_over_all_subsets_of_nine(count: int) -> None:
    people = ["yes"] * count + [f"other {number}" for number in range(10 - count)]
    known = {1: 0.3, 2: 0.6, 3: 0.9}
    assert soft_scores(people)["yes"] == pytest.approx(leave_one_out("yes", people), abs=1e-6)
    assert soft_scores(people)["yes"] == pytest.approx(known.get(count, 1.0), abs=1e-6)


@pytest.mark.parametrize(
    ("questions", "annotations", "complaint"),
    [
        ([QUESTION], [], "row 262148000: found no annotation, expected one in annotations.json"),
        ([QUESTION], [ANNOTATION, {**ANNOTATION, "question_id": 9}], "row 9: found an annotation without a question"),
        ([QUESTION], [ANNOTATION, ANNOTATION], "row 2: found id '262148000' again (first in row 1)"),
        ([QUESTION], [{**ANNOTATION, "answers": []}], "row 262148000: found no answers"),
        ([QUESTION], [{**ANNOTATION, "answers": [{"answer": " "}]}], "found an empty answer"),
    ],
)
def test_what_does_not_join_is_an_error(
    questions: list[Any], annotations: list[Any], complaint: str, write: Write, read: Read
) -> None:
    with pytest.raises(DataError) as error:
        read("vqa", "vqav2", *files(write, questions, annotations))
    assert complaint in str(error.value)
