"""Telling a scene in eight languages, and where in the text each noun and each colour stands.

The templates are in languages/<language>.yaml, section `objects`, one a style:
    sentence    At the top left there is a dog on a small red card.
    full        Top left: dog (small red card); bottom right: cat (large blue card).
    places      Top left: dog; bottom right: cat.
    cards       A dog on a small red card, a cat on a large blue card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.filling import Filled, Place, fill
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.wording import capitalise, colour_forms, noun_forms, wording_of

STYLES = ("sentence", "full", "places", "cards")
DESCRIBING = ("sentence", "full")  # the styles that tell every fact of the scene


@dataclass
class Told:
    """A text on a scene.

    Attributes:
        text: in one language.
        nouns: by slot, in the order of the text, where the object's bare name stands.
        colours: by slot, where the colour of the object's card stands; empty in the style `places`.
        phrases: the noun phrases in order, each with the English name of its noun.
    """

    text: str = ""
    nouns: dict[int, Place] = field(default_factory=dict)
    colours: dict[int, Place] = field(default_factory=dict)
    phrases: list[tuple[Place, str]] = field(default_factory=list)


def describe_in(language: str, scene: Scene, seed: int) -> Told:
    """Tell every fact of a scene; style and order depend on the scene and the seed, not on the language."""
    random = Random(f"{seed}:telling:{scene.id}")
    return tell(language, random.choice(DESCRIBING), random.sample(scene.objects, len(scene.objects)))


def tell(language: str, style: str, objects: Sequence[Placed]) -> Told:
    """Tell objects one after the other in a style, a key of `STYLES`."""
    wording, told = wording_of(language), Told()
    joint, end = wording["marks"][style], wording["marks"]["end"]
    for number, placed in enumerate(objects):
        if number:
            told.text += joint
        piece = fill(wording["objects"][style], _values(language, placed))
        _append(told, placed, piece, number == 0 or style == "sentence")
    told.text += end
    return told


def _append(told: Told, placed: Placed, piece: Filled, begins: bool) -> None:
    offset = len(told.text)
    told.text += capitalise(piece.text) if begins else piece.text
    told.nouns[placed.slot] = shifted(piece.places["a"], offset)
    if "c" in piece.places:
        told.colours[placed.slot] = shifted(piece.places["c"], offset)
    told.phrases += [(shifted(phrase.place, offset), placed.noun) for phrase in piece.phrases]


def shifted(place: Place, offset: int) -> Place:
    """A place in a text that begins `offset` characters later."""
    return place[0] + offset, place[1] + offset


def _values(language: str, placed: Placed) -> dict[str, Any]:
    wording = wording_of(language)
    return {
        "a": noun_forms(placed.noun, language),
        "c": colour_forms(placed.colour, language),
        "s": SimpleNamespace(**wording["sizes"][placed.size]),
        "place": wording["places"][f"{placed.half} {placed.side}"],
    }
