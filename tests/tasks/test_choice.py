"""Multiple choice: what is read of every official layout, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import ChoiceExample

Read = Callable[..., Any]
Write = Callable[..., Path]
COPA = {"premise": "我掏空了口袋。", "choice1": "A。", "choice2": "B。", "question": "effect", "label": 1, "idx": 7}
HELLASWAG = {
    "ind": 24,
    "activity_label": "Roof shingle removal",
    "ctx_a": "A man is sitting on a roof.",
    "ctx_b": "he",
    "ctx": "A man is sitting on a roof. he",
    "endings": ["rips it.", "sits.", "jumps.", "eats."],
    "label": 3,
}
COSMOS = 'id,context,question,answer0,answer1,answer2,answer3,label\na##1,"He said\n""no"", twice .",Why ?,w,x,y,z,2\n'
COMMONSENSE = {
    "answerKey": "B",
    "id": "075e",
    "question": {
        "question_concept": "punishing",
        "choices": [{"label": "A", "text": "ignore"}, {"label": "B", "text": "enforce"}],
        "stem": "What did they do?",
    },
}
SOCIAL = {"context": "Tracy left.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c", "correct": "C"}


def test_copa_s_question_is_asked_in_english(write: Write, read: Read) -> None:
    path = write([COPA, {**COPA, "question": "cause", "idx": 8, "label": 0}], "test-zh.jsonl")
    examples = read("choice", "copa", path, language="zh", split="test").examples
    assert examples[0] == ChoiceExample(
        "test-7", "zh", "我掏空了口袋。 What happened as a result?", ("A。", "B。"), 1, asked="effect"
    )
    assert examples[1].text.endswith(" What was the cause?")


def test_hellaswag_goes_on_with_an_ending(write: Write, read: Read) -> None:
    example = read("choice", "hellaswag", write([HELLASWAG], "train.jsonl"), split="train").examples[0]
    assert example == ChoiceExample("train-1", "en", HELLASWAG["ctx"], tuple(HELLASWAG["endings"]), 3)


def test_cosmosqa_s_fields_may_hold_commas_quotes_and_line_breaks(write: Write, read: Read) -> None:
    example = read("choice", "cosmosqa", write(COSMOS, "valid.csv")).examples[0]
    assert example == ChoiceExample("a##1", "en", 'He said\n"no", twice . Why ?', ("w", "x", "y", "z"), 2)


def test_commonsenseqa_names_its_choices_by_letters(write: Write, read: Read) -> None:
    example = read("choice", "commonsenseqa", write([COMMONSENSE], "dev.jsonl")).examples[0]
    assert example == ChoiceExample("075e", "en", "What did they do?", ("ignore", "enforce"), 1)


def test_socialiqa_has_three_answers(write: Write, read: Read) -> None:
    example = read("choice", "socialiqa", write([SOCIAL], "dev.jsonl"), number=1).examples[0]
    assert example == ChoiceExample("dev1-1", "en", "Tracy left. Why?", ("a", "b", "c"), 2)


def telling(pairs: int, **image: Any) -> dict[str, Any]:
    """Visual7W's file with one training image and its questions."""
    asked = [
        {"qa_id": 100 + one, "question": f"What is {one}?", "answer": "right", "multiple_choices": ["a", "b", "c"]}
        for one in range(pairs)
    ]
    here = {"image_id": 1, "filename": "v7w_1.jpg", "split": "train", "qa_pairs": asked, **image}
    return {"dataset": "visual7w-telling", "images": [here, {**here, "split": "test", "qa_pairs": []}]}


def test_visual7w_s_right_answer_is_put_anywhere_among_the_wrong_ones(write: Write, read: Read) -> None:
    path = write(telling(400))
    examples = read("choice", "visual7w", path, split="train", images={"v7w_1"}).examples
    assert all(
        one.choices[one.label] == "right" and sorted(one.choices) == ["a", "b", "c", "right"] for one in examples
    )
    places = [one.label for one in examples]
    assert all(60 < places.count(place) < 140 for place in range(4))
    assert read("choice", "visual7w", path, split="train", images={"v7w_1"}).examples == examples
    assert (examples[0].id, examples[0].image, examples[0].text) == ("100", "v7w_1", "What is 0?")


def test_visual7w_s_images_are_in_a_split(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match="found no row of the split 'dev'"):
        read("choice", "visual7w", write(telling(1)), split="dev")
    with pytest.raises(DataError, match="row images 1: found split 'valid', expected one of train, val, test"):
        read("choice", "visual7w", write(telling(1, split="valid")), split="dev")


def test_rows_may_have_an_image(write: Write, read: Read) -> None:
    row = {"id": 1, "text": "a", "choices": ["x", "y"], "label": "1", "image": "2.png"}
    path = write([row], "rows.jsonl")
    assert read("choice", "rows", path, images={"2"}).examples == [ChoiceExample("1", "en", "a", ("x", "y"), 1, "2")]
    assert read("choice", "rows", path, features=None).examples[0].image is None


def test_labels_that_are_all_the_same_were_filled_in(write: Write, read: Read) -> None:
    rows = [{**COPA, "idx": number, "label": 0} for number in range(21)]
    with pytest.raises(DataError, match=r"found the label 0 in all 21 rows, .*; give the file with the real labels"):
        read("choice", "copa", write(rows, "test.jsonl"))
    assert len(read("choice", "copa", write([*rows, {**COPA, "idx": 21}], "test.jsonl")).examples) == 22


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("copa", [{**COPA, "question": "why"}], "row 1: found question 'why', expected cause or effect"),
        ("copa", [{**COPA, "label": 2}], "row 1: found label '2', expected a number from 0 to 1"),
        ("copa", [{**COPA, "label": -1}], "row 1: found label '-1', expected a number from 0 to 1"),
        ("copa", [COPA, COPA], "row 2: found id 'dev-7' again"),
        ("hellaswag", [{**HELLASWAG, "label": ""}], "row 1: found an empty label"),
        ("hellaswag", [{**HELLASWAG, "endings": ["a", " "]}], "row 1: found endings ['a', ' ']"),
        ("cosmosqa", COSMOS.replace(",2\n", "\n"), "row 1: found another number of columns, expected 8 columns"),
        ("cosmosqa", COSMOS + 'b,"c\n', "found broken CSV"),
        (
            "commonsenseqa",
            [{**COMMONSENSE, "answerKey": "C"}],
            "row 1: found answerKey 'C', expected the label of one of the choices",
        ),
        ("commonsenseqa", [{**COMMONSENSE, "question": "a"}], "row 1: found question 'a'"),
        ("socialiqa", [{**SOCIAL, "correct": "D"}], "row 1: found correct 'D', expected one of A, B, C"),
        ("visual7w", {"images": 3}, "found no list of objects under 'images'"),
        (
            "rows",
            [{"id": 1, "text": "a", "choices": ["x"], "label": 0}],
            "row 1: found 1 choices, expected two or more",
        ),
    ],
)
def test_a_bad_row_is_one_error_that_names_it(
    name: str, content: Any, complaint: str, write: Write, read: Read
) -> None:
    with pytest.raises(DataError) as error:
        read("choice", name, write(content, "f.jsonl" if isinstance(content, list) else "f"))
    assert complaint in str(error.value)
