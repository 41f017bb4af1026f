"""Canonical English questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from random_layouts import layouts
from xstilts.programs.canonical import canonical_question, pattern
from xstilts.programs.layout import Layout, fill, read_layout

QUESTIONS = [
    ("select[]>exist[0]", ["owl"], "Is there an owl in the picture?"),
    ("select[]>filter not[0]>exist[1]", ["racket", "size", "small"], "Is there a racket that is not small?"),
    (
        "select[]>relate subject[0]>query name[1]",
        ["dress", "person", "wearing"],
        "Which person is wearing the dress?",
    ),
    ("select[]>relate any subject[0]>query name[1]", ["sink", "on"], "What is on the sink?"),
    ("select[]>relate any object[0]>query name[1]", ["woman", "using"], "What is the woman using?"),
    (
        "select[]>filter[0]>relate object[1]>query[2]",
        ["cable", "color", "red", "furniture", "on", "color"],
        "What color is the furniture that the red cable is on?",
    ),
    (
        "select[]>relate same[0]>query name[1]",
        ["wall", "chair", "material"],
        "Which chair has the same material as the wall?",
    ),
    ("select[]>filter[0]>query name[1]", ["person", "pose", "sitting"], "Which person is sitting?"),
    ("select[]>query[0]", ["child", "activity"], "What is the child doing?"),
    ("select[]>query[0]", ["scene", "weather"], "Which weather does the picture show?"),
    (
        "select[]>filter position[0]>verify[1]",
        ["car", "hposition", "left", "color", "red"],
        "Is the car on the left red?",
    ),
    ("select[]>choose name[0]", ["this", "bus", "apple"], "Is this a bus or an apple?"),
    ("select[]>query name[0]", ["animal"], "Which animal is in the picture?"),
    (
        "select[]>exist[0]>select[]>exist[2]>or[1,3]",
        ["dog", "owl"],
        "Is there a dog or an owl in the picture?",
    ),
    (
        "select[]>verify[0]>verify[0]>and[1,2]",
        ["sand", "hardness", "soft", "color", "white"],
        "Is the sand soft and white?",
    ),
    (
        "select[]>verify[0]>select[]>verify[2]>and[1,3]",
        ["tap", "color", "gray", "soap", "color", "gray"],
        "Is the tap gray and is the soap gray?",
    ),
    ("select[]>select[]>choose more[0,1]", ["man", "door", "bigger"], "Which is bigger, the man or the door?"),
    (
        "select[]>choose subject[0]",
        ["bus", "man", "to the left of", "to the right of"],
        "Is the man to the left of or to the right of the bus?",
    ),
    ("select[]>choose position[0]", ["dog", "vposition", "top", "bottom"], "Is the dog at the top or at the bottom?"),
]


@pytest.mark.parametrize(("skeleton", "values", "question"), QUESTIONS)
def test_a_layout_is_asked_in_plain_english(skeleton: str, values: list[str], question: str) -> None:
    assert canonical_question(fill(skeleton, values)) == question


def test_a_world_with_an_idiom_brings_its_wordings() -> None:
    wordings = {"select {}>verify color {}": "Is the {} on a {} card?"}
    layout = fill("select[]>verify[0]", ["dog", "color", "red"])
    assert pattern(layout) == "select {}>verify color {}"
    assert canonical_question(layout, wordings) == "Is the dog on a red card?"
    other = fill("select[]>verify[0]", ["dog", "material", "wood"])
    assert canonical_question(other, wordings) == "Is the dog wood?"


@given(layouts())
def test_every_layout_can_be_asked_and_names_its_open_slots(layout: Layout) -> None:
    question = canonical_question(layout)
    assert question.endswith("?")
    assert question[0].isupper()
    for slot in layout.slots:
        if slot.type in {"object", "attribute", "relation"} and slot.value != "scene":
            assert slot.value.lower() in question.lower()


def test_questions_of_the_embedded_world_that_differ_are_asked_differently(
    world_questions: Mapping[str, Mapping[str, Any]],
) -> None:
    layouts = {read_layout(entry["semantic"], "test", key) for key, entry in world_questions.items()}
    assert len(layouts) > 300
    assert len({canonical_question(layout) for layout in layouts}) == len(layouts)


def test_no_real_question_loses_a_word(real_layouts: dict[str, Layout]) -> None:
    for key, layout in real_layouts.items():
        question = canonical_question(layout).lower()
        for slot in layout.slots:
            if slot.type in {"object", "attribute", "relation"} and slot.value != "scene":
                assert slot.value in question, (key, question)
