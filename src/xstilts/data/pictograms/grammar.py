"""Forms of a noun that a rule gives: articles, contractions and particles, by language.

Each rule takes the recorded forms of a noun and returns derived ones, under the names that the templates use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def forms_of(language: str, recorded: Forms) -> dict[str, str]:
    """Return the recorded forms of a noun and those that the language's rule derives."""
    derive = _RULES.get(language)
    return {**recorded, **derive(recorded)} if derive else dict(recorded)


def _english(noun: Forms) -> dict[str, str]:
    name = noun["name"]
    return {"a": f"an {name}" if name[0] in "aeiou" else f"a {name}"}


def _german(noun: Forms) -> dict[str, str]:
    articles, name = _GERMAN[noun["gender"]], noun["name"]
    oblique = noun.get("oblique", name)  # weak nouns change in every case but the nominative
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
