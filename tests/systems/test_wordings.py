"""Wordings of templates, learned from questions."""

from __future__ import annotations

from xstilts.programs.canonical import canonical_question
from xstilts.programs.layout import Layout, fill
from xstilts.programs.vocabulary import Vocabulary, collect_labels
from xstilts.systems.wordings import Wordings

EXIST, COUNT = "select[]>exist[0]", "select[]>count[0]"
NOUNS = ("dog", "owl", "cat", "bus", "egg")


def learned() -> Wordings:
    said = [
        *((fill(EXIST, [noun]), f"Is there a {noun} here?") for noun in NOUNS),
        (fill(EXIST, ["dog"]), "Any dog?"),
        *((fill(COUNT, [noun]), f"How many {noun}s are there?") for noun in NOUNS),
        (fill("select[]>query[0]", ["dog", "color"]), "What is it like?"),
    ]
    return Wordings.of_questions(Vocabulary(tuple(collect_labels([layout for layout, _ in said]))), said)


def asked(skeleton: str, *values: str) -> str:
    return learned().question(fill(skeleton, list(values)))


def test_the_most_frequent_wording_is_filled_with_names() -> None:
    assert asked(EXIST, "dog") == "Is there a dog here?"
    assert asked(COUNT, "bus") == "How many buss are there?"


def test_the_article_follows_the_name() -> None:
    assert asked(EXIST, "owl") == "Is there an owl here?"


def test_what_was_never_seen_or_never_named_is_asked_by_the_grammar() -> None:
    for layout in (fill("select[]>query[0]", ["dog", "color"]), Layout(fill("select[]>exist[0]", ["tree"]).steps)):
        known = learned().vocabulary.encode(layout)[0] in learned().by_template
        assert known or learned().question(layout) == canonical_question(layout)
    assert asked("select[]>query[0]", "dog", "color") == canonical_question(fill("select[]>query[0]", ["dog", "color"]))
