"""The table of nouns, and the grammar of their forms."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from xstilts.data.pictograms.nouns import KINDS, LANGUAGES, ends_in_consonant, forms_of, load_nouns

RECORDED = {
    "en": {"name", "plural"},
    "de": {"name", "gender", "plural"},
    "pt": {"name", "gender", "plural"},
    "ru": {"name", "genitive", "instrumental", "genitive_plural"},
    "id": {"name"},
    "bn": {"name"},
    "ko": {"name", "counter"},
    "zh": {"name", "measure"},
}
SCRIPTS = {
    "ru": r"[а-яё]+( [а-яё]+)*",
    "bn": r"[\u0980-\u09ff]+( [\u0980-\u09ff]+)*",
    "ko": r"[가-힣]+",
    "zh": r"[\u4e00-\u9fff]+",
    "en": r"[a-z]+",
    "de": r"[A-ZÄÖÜ][a-zäöüß]+",
    "pt": r"[a-záâãàéêíóôõúç-]+",
    "id": r"[a-z]+([- ][a-z]+)*",
}


def test_sixteen_nouns_in_each_of_four_categories() -> None:
    kinds = Counter(noun.kind for noun in load_nouns().values())
    assert set(kinds) == set(KINDS)
    assert [kinds["animal"], kinds["food"], kinds["vehicle"] + kinds["place"], kinds["object"]] == [16] * 4
    assert len({noun.drawing for noun in load_nouns().values()}) == 64


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_noun_has_a_name_of_its_own_and_its_forms(language: str) -> None:
    forms = [noun.forms[language] for noun in load_nouns().values()]
    names = [form["name"] for form in forms]
    assert len(set(names)) == len(names)
    for form in forms:
        assert set(form) - {"oblique"} == RECORDED[language]
        assert re.fullmatch(SCRIPTS[language], form["name"]), form
        assert all(isinstance(value, str) and value.strip() == value != "" for value in form.values())
    if "gender" in RECORDED[language]:
        assert {form["gender"] for form in forms} <= {"m", "f", "n"}


def test_english_names_are_the_keys() -> None:
    assert all(noun.forms["en"]["name"] == noun.name for noun in load_nouns().values())


@pytest.mark.parametrize(
    ("word", "consonant"), [("개", False), ("고양이", False), ("말", True), ("펭귄", True), ("로켓", True)]
)
def test_korean_final_consonants(word: str, consonant: bool) -> None:
    assert ends_in_consonant(word) is consonant


def test_korean_particles_follow_the_final_consonant() -> None:
    horse, dog = (forms_of("ko", load_nouns()[noun].forms["ko"]) for noun in ("horse", "dog"))
    assert [horse[role] for role in ("subject", "topic", "object", "with", "or")] == [
        "말이",
        "말은",
        "말을",
        "말과",
        "말이나",
    ]
    assert [dog[role] for role in ("subject", "topic", "object", "with", "or")] == [
        "개가",
        "개는",
        "개를",
        "개와",
        "개나",
    ]


def test_korean_words_in_other_scripts_are_refused() -> None:
    with pytest.raises(ValueError, match="Hangul"):
        ends_in_consonant("dog")


@pytest.mark.parametrize(
    ("language", "noun", "role", "expected"),
    [
        ("en", "dog", "a", "a dog"),
        ("en", "elephant", "a", "an elephant"),
        ("en", "umbrella", "a", "an umbrella"),
        ("de", "elephant", "der", "der Elefant"),
        ("de", "elephant", "einen", "einen Elefanten"),
        ("de", "elephant", "dem", "dem Elefanten"),
        ("de", "cat", "dem", "der Katze"),
        ("de", "cat", "vom", "von der Katze"),
        ("de", "house", "vom", "vom Haus"),
        ("de", "house", "einen", "ein Haus"),
        ("pt", "cat", "do", "do gato"),
        ("pt", "house", "do", "da casa"),
        ("pt", "house", "quantos", "quantas"),
        ("ru", "elephant", "with", "со слоном"),
        ("ru", "snake", "with", "со змеёй"),
        ("ru", "dog", "with", "с собакой"),
        ("ru", "balloon", "with", "с воздушным шариком"),
    ],
)
def test_forms(language: str, noun: str, role: str, expected: str) -> None:
    assert forms_of(language, load_nouns()[noun].forms[language])[role] == expected
