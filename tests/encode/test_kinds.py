"""What each kind's rows hold: soft answers, two images, choices, retrieval and plain text."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.encode.kinds import answer_vocabulary
from xstilts.tasks.examples import ChoiceExample, ClassificationExample, RetrievalExample, TextExample, VqaExample


def soft(scores: dict[str, float], best: str) -> VqaExample:
    return VqaExample("q", "en", "is the cat red?", "i3", best, scores=scores)


def test_answers_with_scores_are_parallel_the_best_first(encoded: Any) -> None:
    example = soft({"no": 0.3, "maybe": 1.0, "yes": 1.0, "cat": 0.6}, "yes")
    ((row,), _) = encoded("vqa", [example], labels=["yes", "no", "cat"], features="gqa")
    assert row["answers"] == ["yes", "maybe", "cat", "no"]
    assert row["scores"] == pytest.approx([1.0, 1.0, 0.6, 0.3])
    assert row["labels"] == [0, -1, 2, 1]
    assert (row["label"], row["answer"], row["image"], row["image_id"]) == (0, "yes", 3, "i3")


def test_a_question_whose_images_are_not_available_is_encoded_blind(encoded: Any) -> None:
    ((row,), _) = encoded("vqa", [soft({}, "no")], labels=["yes", "no"])
    assert (row["image"], row["image_id"]) == (-1, "i3")


def test_without_scores_there_is_only_the_answer(encoded: Any) -> None:
    (inside, outside), _ = encoded("vqa", [soft({}, "no"), soft({}, "maybe")], labels=["yes", "no"])
    assert [(row["label"], row["answer"]) for row in (inside, outside)] == [(1, "no"), (-1, "maybe")]
    assert all(row["answers"] == row["scores"] == row["labels"] == [] for row in (inside, outside))


def test_the_best_answer_outside_the_vocabulary_leaves_the_others(encoded: Any) -> None:
    ((row,), _) = encoded("vqa", [soft({"maybe": 1.0, "no": 0.3}, "maybe")], labels=["yes", "no"])
    assert (row["label"], row["labels"]) == (-1, [-1, 1])


def test_the_vocabulary_counts_the_best_answers() -> None:
    training = [soft({"yes": 1.0, "no": 0.9}, "yes"), soft({"no": 0.6}, "no"), soft({"yes": 1.0}, "yes")]
    assert answer_vocabulary(training, 1) == ["yes", "no"]
    assert answer_vocabulary(training, 2) == ["yes"]


@pytest.mark.parametrize(
    ("images", "expected"),
    [((), (-1, -1, "")), (("i4",), (4, -1, "i4")), (("i4", "i2"), (4, 2, "i4 i2"))],
)
def test_a_text_is_about_no_one_or_two_images(images: tuple[str, ...], expected: Any, encoded: Any) -> None:
    example = ClassificationExample("c", "en", "the cat sleeps", "true", images=images)
    ((row,), _) = encoded("classification", [example], labels=["false", "true"])
    assert (row["image"], row["second_image"], row["image_id"]) == expected
    assert (row["label"], row["answer"]) == (1, "true")


def test_a_class_that_the_task_does_not_have_is_an_error(encoded: Any) -> None:
    example = ClassificationExample("c7", "en", "the cat sleeps", "ture")
    with pytest.raises(DataError, match=r"row c7: found label 'ture'.*Did you mean 'true'"):
        encoded("classification", [example], labels=["false", "true"])


CHOICE = ChoiceExample("h", "en", "the cat", ("sleeps", "is a dog", "rests on the card"), 2)


def test_the_sequences_of_choices_follow_one_another(encoded: Any) -> None:
    (row, other), columns = encoded("choice", [CHOICE, ChoiceExample("g", "en", "a dog", ("no", "yes"), 0, "i5")])
    pairs, _ = encoded("classification", [pair(CHOICE.text, choice) for choice in CHOICE.choices], labels=["a"])
    assert row["lengths"] == [len(one["input_ids"]) for one in pairs]
    assert row["input_ids"] == [token for one in pairs for token in one["input_ids"]]
    assert (row["label"], row["answer"], row["answers"]) == (2, "rests on the card", list(CHOICE.choices))
    assert (row["image"], other["image"], other["image_id"], len(other["lengths"])) == (-1, 5, "i5", 2)
    assert columns.truncated == 0


def pair(text: str, second: str) -> ClassificationExample:
    return ClassificationExample("p", "en", text, "a", second=second)


def test_each_choice_has_the_whole_length(encoded: Any) -> None:
    ((row,), columns) = encoded("choice", [CHOICE], max_length=8)
    assert max(row["lengths"]) == 8
    assert sum(row["lengths"]) == len(row["input_ids"])
    assert columns.truncated == 1


def test_queries_know_their_candidates(encoded: Any) -> None:
    examples = [
        RetrievalExample("q1", "de", "the cat", "query", ("c2", "c3")),
        RetrievalExample("c2", "de", "a cat", "candidate"),
    ]
    rows, _ = encoded("retrieval", examples, split="test")
    assert [(row["structural"], row["answers"], row["label"]) for row in rows] == [
        ("query", ["c2", "c3"], -1),
        ("candidate", [], -1),
    ]
    assert [row["language"] for row in rows] == ["de", "de"]


def test_text_to_be_masked_is_nothing_but_text(encoded: Any) -> None:
    ((row,), columns) = encoded(
        "mlm", [TextExample("t", "en", "the cat sleeps on the red card beside a dog")], max_length=8
    )
    assert len(row["input_ids"]) == 8
    assert columns.truncated == 1
    empty = {"label": -1, "image": -1, "second_image": -1, "start": -1, "end": -1, "answer": "", "labels": []}
    assert {key: row[key] for key in empty} == empty
