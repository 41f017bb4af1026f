"""Wording questions and claims: templates of a language, filled with the forms of nouns and colours."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.families import Candidate
from xstilts.data.pictograms.nouns import forms_of, load_nouns, read_package_yaml
from xstilts.data.pictograms.questions import Question

NOUNS = ("a", "b")  # the fields that nouns fill
Place = tuple[int, int]  # first character and last + 1


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: the piece of a template between square brackets.

    Attributes:
        place: of its characters in the text.
        field: the first part of the field within, `a` or `b`.
    """

    place: Place
    field: str


@dataclass(frozen=True)
class Filled:
    """A filled template.

    Attributes:
        text: without brackets.
        places: by the first part of a field's name (`a`, `c`, `place`), where its value is; for a noun with an
            article or a particle, where its bare name is.
        phrases: the noun phrases, in order.
    """

    text: str
    places: Mapping[str, Place]
    phrases: tuple[Phrase, ...]


def fill(template: str, values: Mapping[str, Any]) -> Filled:
    """Fill `{a.name}`, `{c.name}`, `{place}` in a template; square brackets mark a noun phrase and are removed.

    Args:
        template: one sentence or a part of one; a phrase in brackets names one noun.
        values: by the first part of a field's name: a text, or a namespace of forms.
    """
    text, places, phrases, opened, inside = "", dict[str, Place](), list[Phrase](), 0, ""
    for literal, name, _, _ in Formatter().parse(template):
        for character in literal:
            if character == "[":
                opened = len(text)
            elif character == "]":
                phrases.append(Phrase((opened, len(text)), inside))
            else:
                text += character
        if name is not None:
            value, inside = str(Formatter().get_field(name, (), values)[0]), name.split(".")[0]
            places[inside] = _place(len(text), inside, value, values[inside])
            text += value
    return Filled(text, places, tuple(phrases))


def _place(start: int, field: str, value: str, forms: Any) -> Place:
    """Where a value is; for a noun with an article or a particle (`a dog`), where its bare name is."""
    name = forms.name if field in NOUNS and forms.name in value else value
    first = start + value.index(name)
    return first, first + len(name)


def word(question: Question, language: str) -> str:
    """Word a question in a language; its id decides which of the templates is taken."""
    templates = wording_of(language)["questions"][question.asked.family]
    return capitalise(pick(templates, question.id).format(**arguments(question.asked, language)))


def full_answer(question: Question) -> str:
    """The answer as an English sentence."""
    asked, templates = question.asked, wording_of("en")["full_answers"]
    template = templates.get(asked.family) or templates[f"{asked.family}.{asked.answer}"]
    return capitalise(template.format(answer=asked.answer, **arguments(asked, "en")))


def pick(templates: list[str], key: str) -> str:
    """Pick one of several templates, always the same for the same key."""
    return templates[zlib.crc32(key.encode()) % len(templates)]


def arguments(asked: Candidate, language: str) -> dict[str, SimpleNamespace]:
    """The values of a template's fields: a, b are nouns, c, d colours; their attributes are their forms."""
    nouns = {name: noun_forms(noun, language) for name, noun in zip("ab", asked.nouns, strict=False)}
    colours = {name: colour_forms(colour, language) for name, colour in zip("cd", asked.colours, strict=False)}
    return nouns | colours


def capitalise(sentence: str) -> str:
    """Make the first letter a capital (scripts without capitals are not changed)."""
    return sentence[:1].upper() + sentence[1:]


def wording_of(language: str) -> dict[str, Any]:
    """The content of languages/<language>.yaml."""
    return read_package_yaml(f"languages/{language}.yaml")


@cache
def noun_forms(noun: str, language: str) -> SimpleNamespace:
    """The forms of a noun, recorded and derived, as attributes."""
    return SimpleNamespace(**forms_of(language, load_nouns()[noun].forms[language]))


@cache
def colour_forms(colour: str, language: str) -> SimpleNamespace:
    """The forms of a colour, as attributes."""
    return SimpleNamespace(**wording_of(language)["colours"][colour])
