"""The supertags: every sentence has a derivation, and is one that other twins say too."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from xstilts.data.pictograms.nouns import read_package_yaml
from xstilts.data.pictograms.wording import wording_of

FAMILIES = [(section, family) for section, own in read_package_yaml("ccg.yaml").items() for family in own]


def sentences(twins: Path, split: str) -> list[list[list[str]]]:
    lines = (twins / "ccg" / f"{split}.stagged").read_text(encoding="utf-8").splitlines()
    return [[token.split("|") for token in line.split(" ")] for line in lines]


def plain(template: str) -> str:
    """A template of ccg.yaml without its tags, in the words of the other files."""
    text = " ".join(token.split("|")[0] for token in template.split(" "))
    text = re.sub(r" ([.,?])", r"\1", text)
    for old, new in (
        ("{a.article} {a.name}", "{a.a}"),
        ("{b.article} {b.name}", "{b.a}"),
        ("{n.number} {n.noun}", "{claim}"),
        ("{c}", "{c.name}"),
        ("{d}", "{d.name}"),
        ("{answer}", "{claim}"),
    ):
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(("section", "family"), FAMILIES)
def test_templates_are_those_of_descriptions_statements_and_questions(section: str, family: str) -> None:
    english, questions = read_package_yaml("english.yaml"), wording_of("en")["questions"]
    sources = {"statements": english["statements"], "questions": questions}
    described = [
        one.replace("{article} {noun}", "{a.a}").replace("{colour}", "{c.name}")
        for one in english["description"]["object"]
    ]
    expected = set({**sources, "description": {"object": described}}[section][family])
    assert {plain(one) for one in read_package_yaml("ccg.yaml")[section][family]} <= expected


def test_every_sentence_has_a_derivation(twins: Path, categorial: ModuleType) -> None:
    found = sentences(twins, "train") + sentences(twins, "dev")
    assert len(found) > 200
    kinds = {".": {"dcl"}, "?": {"q", "wq"}}
    for tags in {tuple((word if word in ".?" else "", tag) for word, _, tag in one) for one in found}:
        categories = [tag for _, tag in tags]
        assert categorial.parses(categories) & kinds[tags[-1][0]], categories


def test_the_parser_refuses_what_is_not_a_sentence(categorial: ModuleType) -> None:
    walk = ["NP[nb]/N", "N", r"(S[dcl]\NP)/PP", "PP/NP", "NP[nb]/N", "N", "."]
    assert categorial.parses(walk) == {"dcl"}
    modifier = [*walk[:3], r"(NP\NP)/NP", *walk[4:]]
    for wrong in (walk[:-2], walk[2:], modifier, walk[::-1]):
        assert not categorial.parses(wrong)


def test_words_are_told_apart_by_their_place(twins: Path) -> None:
    """`on` is a modifier or a complement, a colour a modifier or a predicate: words do not determine tags."""
    seen: dict[str, set[str]] = {}
    for sentence in sentences(twins, "train"):
        for word, part, tag in sentence:
            assert word
            assert re.fullmatch(r"[A-Z]+\$?|[.,]", part)
            seen.setdefault(word.lower(), set()).add(tag)
    assert {r"(NP\NP)/NP", "PP/NP"} <= seen["on"]
    assert {"N/N", r"S[adj]\NP"} <= seen["red"]
    assert sum(len(tags) > 1 for tags in seen.values()) >= 8
    tags = {tag for own in seen.values() for tag in own}
    assert 20 <= len(tags) <= 60


def test_dev_has_no_word_and_no_tag_that_training_has_not(twins: Path) -> None:
    train = {(word.lower(), tag) for one in sentences(twins, "train") for word, _, tag in one}
    dev = {tag for one in sentences(twins, "dev") for _, _, tag in one}
    assert dev <= {tag for _, tag in train}
