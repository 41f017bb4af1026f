"""Filling a template, and where in the text each value and each marked phrase stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

NOUNS = ("a", "b")  # the fields that nouns fill
Place = tuple[int, int]  # first character, and the one behind the last


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
        places: by the first part of a field's name (`a`, `c`, `place`), where its value stands; of a noun that has
            an article or a particle, where its bare name stands.
        phrases: the noun phrases, in order.
    """

    text: str
    places: Mapping[str, Place]
    phrases: tuple[Phrase, ...]


def fill(template: str, values: Mapping[str, Any]) -> Filled:
    """Fill `{a.name}`, `{c.name}`, `{place}` in a template; square brackets mark a noun phrase and vanish.

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
    """Where a value stands; of a noun with an article or a particle (`a dog`) its bare name."""
    name = forms.name if field in NOUNS and forms.name in value else value
    first = start + value.index(name)
    return first, first + len(name)
