"""English statements of layouts and answers."""

from __future__ import annotations

import pytest
from hypothesis import given

from random_layouts import layouts
from xstilts.programs.layout import Layout, fill
from xstilts.programs.operations import FORMS
from xstilts.programs.statements import STATEMENTS, options, statement

SAID = [
    ("select[]>exist[0]", ["owl"], "yes", "There is an owl in the picture."),
    ("select[]>verify[0]", ["car", "color", "red"], "no", "The car is red."),
    ("select[]>count[0]", ["dog"], "1", "The picture shows exactly one dog."),
    ("select[]>count[0]", ["dog"], "3", "The picture shows exactly three dogs."),
    ("select[]>query name[0]", ["animal"], "owl", "The animal is an owl."),
    ("select[]>relate any subject[0]>query name[1]", ["sink", "on"], "cup", "The thing on the sink is a cup."),
    ("select[]>query[0]", ["car", "color"], "red", "The color of the car is red."),
    ("select[]>query position[0]", ["car", "hposition"], "left", "The car is on the left."),
    ("select[]>select[]>choose more[0,1]", ["man", "door", "bigger"], "door", "The door is bigger than the man."),
    ("select[]>exist[0]>select[]>exist[2]>or[1,3]", ["dog", "owl"], "yes", "There is a dog or an owl in the picture."),
    (
        "select[]>choose subject[0]",
        ["bus", "man", "to the left of", "to the right of"],
        "to the left of",
        "The man is to the left of the bus.",
    ),
]


@pytest.mark.parametrize(("skeleton", "values", "answer", "expected"), SAID)
def test_what_an_answer_claims(skeleton: str, values: list[str], answer: str, expected: str) -> None:
    assert statement(fill(skeleton, values), answer) == expected


def test_every_form_that_ends_a_question_is_worded() -> None:
    assert {*STATEMENTS, "and", "or"} == {name for name, form in FORMS.items() if form.structural}


@given(layouts())
def test_every_layout_has_a_statement_for_each_of_its_answers(layout: Layout) -> None:
    for answer in options(layout) or ("thing",):
        text = statement(layout, answer)
        assert text.endswith(".")
        assert text[0] == text[0].upper()
        assert "{" not in text


def test_a_world_words_its_layouts_as_it_does() -> None:
    wordings = {"select {}>query color": "the {0} is on a {answer} card.", "select {}>count ?": "Exactly {number}."}
    assert statement(fill("select[]>query[0]", ["hen", "color"]), "olive", wordings) == "The hen is on an olive card."
    assert statement(fill("select[]>count[0]", ["hen"]), "2", wordings) == "Exactly two hens."
    assert statement(fill("select[]>exist[0]", ["hen"]), "yes", wordings) == "There is a hen in the picture."


def test_a_layout_names_the_answers_that_it_chooses_from() -> None:
    assert options(fill("select[]>exist[0]", ["owl"])) == ("yes", "no")
    assert options(fill("select[]>choose position[0]", ["car", "hposition", "left", "right"])) == ("left", "right")
    assert options(fill("select[]>select[]>choose more[0,1]", ["man", "door", "bigger"])) == ("man", "door")
    assert options(fill("select[]>query[0]", ["car", "color"])) == ()
