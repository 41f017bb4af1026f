"""Kinds and categories from English programs and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xstilts.programs.layout import Layout, fill
from xstilts.programs.lexicon import Lexicon, collect


def test_programs_and_answers_tell_what_words_are() -> None:
    questions = [
        (fill("select[]>query name[0]", ["animal"]), "dog"),
        (fill("select[]>filter[0]>query name[1]", ["animal", "color", "red"]), "cat"),
        (fill("select[]>relate subject[0]>query name[1]", ["bus", "person", "near"]), "woman"),
        (fill("select[]>relate any subject[0]>query name[1]", ["bus", "near"]), "tree"),
        (fill("select[]>query[0]", ["dog", "color"]), "black"),
        (fill("select[]>choose[0]", ["dog", "", "wet", "dry"]), "wet"),
        (fill("select[]>exist[0]", ["owl"]), "yes"),
    ]
    lexicon = collect(questions)
    assert lexicon.kinds == {"animal": {"dog", "cat"}, "person": {"woman"}}
    assert lexicon.categories == {"color": {"red", "black"}}
    assert lexicon.names("animal") == {"animal", "dog", "cat"}
    assert lexicon.names("owl") == {"owl"}


def test_a_lexicon_survives_a_file(world_lexicon: Lexicon) -> None:
    assert Lexicon.from_json(json.loads(json.dumps(world_lexicon.to_json()))) == world_lexicon


def test_the_embedded_worlds_training_questions_tell_all_of_its_words(
    world_lexicon: Lexicon, world_kinds: Mapping[str, str]
) -> None:
    assert world_lexicon.kinds["card"] == set(world_kinds)
    for kind in ("animal", "food", "vehicle"):
        assert world_lexicon.kinds[kind] == {name for name, own in world_kinds.items() if own == kind}
    assert world_lexicon.categories["color"] == {"red", "blue", "green", "yellow"}


def test_real_programs_know_colours_and_people(
    real_questions: Mapping[str, Mapping[str, Any]], real_layouts: dict[str, Layout]
) -> None:
    lexicon = collect((layout, real_questions[key]["answer"]) for key, layout in real_layouts.items())
    assert {"red", "dark brown", "silver"} <= lexicon.categories["color"]
    assert {"man", "woman", "boy"} <= lexicon.kinds["person"]
    assert "red" not in lexicon.categories["material"]
