"""The nouns of the embedded world: which drawing shows each, and its names and forms in eight languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("en", "de", "pt", "ru", "id", "bn", "ko", "zh")
KINDS = ("animal", "food", "vehicle", "place", "object")
Forms = Mapping[str, str]
_GERMAN = {  # gender: articles in the nominative, accusative and dative
    "m": {"ein": "ein", "einen": "einen", "der": "der", "dem": "dem", "vom": "vom"},
    "f": {"ein": "eine", "einen": "eine", "der": "die", "dem": "der", "vom": "von der"},
    "n": {"ein": "ein", "einen": "ein", "der": "das", "dem": "dem", "vom": "vom"},
}
_PORTUGUESE = {
    "m": {"um": "um", "o": "o", "do": "do", "quantos": "quantos"},
    "f": {"um": "uma", "o": "a", "do": "da", "quantos": "quantas"},
}
# Korean particles: after a final consonant, after a vowel.
_PARTICLES = {
    "subject": ("이", "가"),
    "topic": ("은", "는"),
    "object": ("을", "를"),
    "with": ("과", "와"),
    "or": ("이나", "나"),
}


@dataclass(frozen=True)
class Noun:
    """A thing that a scene can show.

    Attributes:
        name: the English name, which is also the answer to questions.
        kind: one of `KINDS`.
        drawing: name of the OpenMoji drawing: code points in hexadecimal, joined by dashes.
        forms: by language, the name and the recorded forms (gender, plural, cases, measure words).
    """

    name: str
    kind: str
    drawing: str
    forms: Mapping[str, Mapping[str, str]]


@cache
def load_nouns() -> Mapping[str, Noun]:
    """Return every noun by its English name, in the order of nouns.yaml."""
    return {
        name: Noun(name, entry["kind"], entry["drawing"], {language: entry[language] for language in LANGUAGES})
        for name, entry in read_package_yaml("nouns.yaml").items()
    }


@cache
def read_package_yaml(name: str) -> dict[str, Any]:
    """Return the content of a YAML file in this package, read once."""
    content: dict[str, Any] = yaml.safe_load(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return content


def forms_of(language: str, recorded: Forms) -> dict[str, str]:
    """Return the recorded forms of a noun and those that the language's rule derives."""
    derive = _RULES.get(language)
    return {**recorded, **derive(recorded)} if derive else dict(recorded)


def _english(noun: Forms) -> dict[str, str]:
    name = noun["name"]
    return {"a": f"an {name}" if name[0] in "aeiou" else f"a {name}"}


def _german(noun: Forms) -> dict[str, str]:
    articles, name = _GERMAN[noun["gender"]], noun["name"]
    oblique = noun.get("oblique", name)  # weak nouns change in every case except the nominative
    return {role: f"{word} {name if role in ('ein', 'der') else oblique}" for role, word in articles.items()}


def _portuguese(noun: Forms) -> dict[str, str]:
    words, name = _PORTUGUESE[noun["gender"]], noun["name"]
    return {key: word if key == "quantos" else f"{word} {name}" for key, word in words.items()}


def _russian(noun: Forms) -> dict[str, str]:
    """`с` becomes `со` before s or z (ш, ж too) and another consonant: со слоном, с собакой."""
    word = noun["instrumental"]
    preposition = "со" if word[0] in "сзшж" and word[1] not in "аеёиоуыэюя" else "с"
    return {"with": f"{preposition} {noun['instrumental']}"}


def _korean(noun: Forms) -> dict[str, str]:
    name = noun["name"]
    vowel = not ends_in_consonant(name)
    return {role: name + pair[vowel] for role, pair in _PARTICLES.items()}


def ends_in_consonant(word: str) -> bool:
    """Whether a Korean word's last syllable has a final consonant (Hangul syllables come in blocks of 28)."""
    code = ord(word[-1]) - 0xAC00
    if not 0 <= code < 11172:
        raise ValueError(f"'{word}' does not end in a Hangul syllable")
    return code % 28 != 0


_RULES: Mapping[str, Callable[[Forms], dict[str, str]]] = {
    "en": _english,
    "de": _german,
    "pt": _portuguese,
    "ru": _russian,
    "ko": _korean,
}
