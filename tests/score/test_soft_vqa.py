"""VQAv2 accuracy worked by hand from the official formula and the official normalisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.score.soft_vqa import annotator_accuracy, answer_scores, normalise_vqa_answer, soft_accuracy

# Of ten annotators, n agree with the prediction: (n sets with n - 1 matches + (10 - n) sets with n) / 10, each capped.
BY_AGREEMENT = {0: 0, 1: 0.3, 2: 0.6, 3: 0.9, 4: 1, 5: 1, 10: 1}


@pytest.mark.parametrize(("agree", "accuracy"), BY_AGREEMENT.items())
def test_accuracy_by_agreement(agree: int, accuracy: float) -> None:
    answers = ["dog"] * agree + [f"other {number}" for number in range(10 - agree)]
    assert annotator_accuracy("dog", answers) == pytest.approx(accuracy)
    assert annotator_accuracy("A dog.", answers) == pytest.approx(accuracy if agree < 10 else 0)


def test_unanimous_answers_are_compared_as_they_stand() -> None:
    """The official script normalises only where annotators differ."""
    assert annotator_accuracy("2", ["two"] * 10) == 0
    assert annotator_accuracy(" two\n", ["two\t"] * 10) == 1
    assert annotator_accuracy("2", ["two"] * 9 + ["2"]) == 1


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("The Dog", "dog"),
        ("two dogs", "2 dogs"),
        ("none", "0"),
        ("dont know", "don't know"),
        ("couldntve", "couldntve"),  # one apostrophe may be missing, not two
        ("couldnt've", "couldn't've"),
        ("its", "its"),  # not in the script's table
        ("yes.", "yes"),
        ("3.5", "3.5"),
        ("1,000", "1000"),
        ("red/white", "red white"),  # a sign between letters parts two words
        ("red/ white", "red white"),  # beside a space it vanishes
        ("t-shirt", "t shirt"),
        ("- shirt-", "shirt"),
        ("1,000-ish", "1000ish"),  # a thousands comma makes every sign vanish
        ("a/the", ""),
    ],
)
def test_normalisation(answer: str, normal: str) -> None:
    assert normalise_vqa_answer(answer) == normal


def test_scores_of_a_question() -> None:
    scores = answer_scores(["Yes", "yes", "yes.", "no", "no", "the yes", "maybe", "no.", "yes!", "unsure"])
    assert scores == pytest.approx({"yes": 1, "no": 0.9, "maybe": 0.3, "unsure": 0.3})
    assert list(scores)[:2] == ["yes", "no"]
    assert soft_accuracy("no", scores) == pytest.approx(0.9)
    assert soft_accuracy("dog", scores) == 0


@given(st.lists(st.sampled_from(["yes", "Yes.", "no", "a dog", "2", "two"]), min_size=2, max_size=10))
def test_scores_are_the_annotators_accuracy(answers: list[str]) -> None:
    for answer in answers:
        scored = soft_accuracy(normalise_vqa_answer(answer), answer_scores(answers))
        assert scored == pytest.approx(annotator_accuracy(answer, answers))
