"""The questions: right answers, even answers, and the same facts in every language."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.families import FAMILIES
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.nouns import LANGUAGES, load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.wording import arguments, wording_of

WORLD = World(Path("unused"))
NO_NAMES = ("gender", "counter", "measure", "quantos")
# What a question of a family names beside one noun, or instead of it: a, b nouns; c, d colours.
FIELDS: dict[str, set[str]] = {
    "on_colour": {"a", "c"},
    "which_colour": {"a", "c", "d"},
    "on_card": {"c"},
    **{family: {"a", "b"} for family in ("both", "either", "larger", "same_colour", "beside", "stacked")},
    **{family: set() for family in ("animal", "food", "vehicle")},
}
SPLITS = [("gqa", "train"), ("gqa", "dev"), ("xgqa", "train"), ("xgqa", "dev"), ("xgqa", "test")]


def load_oracle() -> ModuleType:
    """The file beside this one (tests are not a package)."""
    spec = importlib.util.spec_from_file_location("pictogram_oracle", Path(__file__).with_name("oracle.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def asked() -> dict[tuple[str, str], list[Question]]:
    return {split: WORLD.questions(*split) for split in SPLITS}


@pytest.fixture(scope="module")
def test_files(asked: dict[tuple[str, str], list[Question]]) -> dict[str, dict[str, Any]]:
    return {language: questions_in(language, asked["xgqa", "test"]) for language in LANGUAGES}


@pytest.mark.parametrize("split", SPLITS)
def test_an_oracle_that_reads_the_words_gives_the_same_answers(
    asked: dict[tuple[str, str], list[Question]], split: tuple[str, str]
) -> None:
    oracle = load_oracle()
    graphs = scene_graphs(WORLD.scenes(*split))
    for entry in questions_in("en", asked[split]).values():
        assert oracle.answer(entry["question"], graphs[entry["imageId"]]) == entry["answer"], entry


def test_every_scene_has_its_questions(asked: dict[tuple[str, str], list[Question]]) -> None:
    counts = {split: Counter(question.scene.id for question in own) for split, own in asked.items()}
    assert {split: (len(own), set(own.values())) for split, own in counts.items()} == {
        ("gqa", "train"): (1200, {6}),
        ("gqa", "dev"): (150, {5}),
        ("xgqa", "train"): (1200, {6}),
        ("xgqa", "dev"): (150, {5}),
        ("xgqa", "test"): (260, {5}),
    }


@pytest.mark.parametrize("split", SPLITS)
def test_shares_and_answers_are_balanced(asked: dict[tuple[str, str], list[Question]], split: tuple[str, str]) -> None:
    own = asked[split]
    structural = Counter(FAMILIES[question.asked.family].structural for question in own)
    for name, per_cent in {"verify": 20, "logical": 10, "compare": 8, "choose": 22, "query": 40}.items():
        assert structural[name] / len(own) == pytest.approx(per_cent / 100, abs=0.01)
    answers = Counter(question.asked.answer for question in own)
    assert max(answers.values()) / len(own) < 0.25
    for name, family in FAMILIES.items():
        given = Counter(question.asked.answer for question in own if question.asked.family == name)
        if family.answers:
            assert set(given) == set(family.answers), name
            assert max(given.values()) / given.total() < 1.4 / len(family.answers) + 0.05, (name, given)


def test_nouns_are_answers_about_equally_often(asked: dict[tuple[str, str], list[Question]]) -> None:
    answers = Counter(question.asked.answer for question in asked["gqa", "train"])
    assert {answers[noun] for noun in load_nouns()} <= set(range(15, 61))


def test_languages_ask_the_same_questions(test_files: dict[str, dict[str, Any]]) -> None:
    facts = [
        {key: {k: v for k, v in entry.items() if k != "question"} for key, entry in own.items()}
        for own in test_files.values()
    ]
    assert len(facts[0]) >= 1000
    assert all(own == facts[0] for own in facts)
    texts = [[entry["question"] for entry in own.values()] for own in test_files.values()]
    for question in zip(*texts, strict=True):
        assert len(set(question)) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_filled_and_name_what_they_ask_about(
    asked: dict[tuple[str, str], list[Question]], test_files: dict[str, dict[str, Any]], language: str
) -> None:
    marks = {"zh": "？"}.get(language, "?")
    for question in asked["xgqa", "test"]:
        text = test_files[language][question.id]["question"]
        assert text.endswith(marks)
        assert not set("{}_") & set(text)
        assert "  " not in text
        assert text[0] == text[0].upper()
        for forms in arguments(question.asked, language).values():
            named = [form for role, form in vars(forms).items() if role not in NO_NAMES]
            assert any(form.lower() in text.lower() for form in named), (text, named)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_is_asked_in_three_wordings_or_more(language: str) -> None:
    templates = wording_of(language)["questions"]
    assert set(templates) == set(FAMILIES)
    for family, own in templates.items():
        assert len(set(own)) == len(own) >= 3, family
        for template in own:
            fields = {name.split(".")[0] for _, name, _, _ in Formatter().parse(template) if name}
            assert fields == FIELDS.get(family, {"a"}), template


def test_answers_are_lower_case_english(asked: dict[tuple[str, str], list[Question]]) -> None:
    known = {*load_nouns(), *(answer for family in FAMILIES.values() for answer in family.answers)}
    assert {question.asked.answer for own in asked.values() for question in own} <= known


def test_entries_have_the_keys_of_the_official_files(test_files: dict[str, dict[str, Any]]) -> None:
    official = "semantic entailed equivalent question imageId isBalanced groups answer".split()
    official += "semanticStr annotations types fullAnswer".split()
    entry = next(iter(test_files["en"].values()))
    assert set(entry) == set(official)
    assert set(entry["types"]) == {"detailed", "semantic", "structural"}
    assert set(entry["groups"]) == {"global", "local"}
    for own in test_files["en"].values():
        assert own["answer"] in own["fullAnswer"].lower()
        for number, step in enumerate(own["semantic"]):
            assert set(step) == {"operation", "dependencies", "argument"}
            assert all(0 <= earlier < number for earlier in step["dependencies"])
