"""Describing a scene in a text, in English or in eight languages, and where in the text each fact is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.nouns import forms_of, load_nouns, read_package_yaml
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.wording import Filled, Place, capitalise, colour_forms, fill, noun_forms, wording_of

STYLES = ("sentence", "full", "places", "cards")
DESCRIBING = ("sentence", "full")  # the styles that tell every fact of the scene


@dataclass
class Told:
    """A text on a scene, in one language. A place is its first character and last + 1.

    Attributes:
        nouns: by slot, in the order of the text, where the object's bare name is.
        colours: by slot, where the colour of the object's card is; empty in the style `places`.
        phrases: the noun phrases in order, each with the English name of its noun; empty of `describe`.
        counts: by noun, where the number of objects that show it begins; of `describe` alone.
    """

    text: str = ""
    nouns: dict[int, Place] = field(default_factory=dict)
    colours: dict[int, Place] = field(default_factory=dict)
    phrases: list[tuple[Place, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def describe(scene: Scene, seed: int) -> Told:
    """Describe a scene: how many of what, then each object with its place, size and colour, in random order."""
    random = Random(f"{seed}:description:{scene.id}")
    templates, told = read_package_yaml("english.yaml")["description"], Told()
    objects = random.sample(scene.objects, len(scene.objects))
    _tell_counts(told, scene, objects, random.choice(templates["opening"]))
    for placed in objects:
        _tell_object(told, placed, random.choice(templates["object"]))
    return told


def counted(noun: str, number: str) -> str:
    """`2 dogs`, `1 dog`."""
    forms = load_nouns()[noun].forms["en"]
    return f"{number} {forms['name' if number in ('1', 'one') else 'plural']}"


def _tell_counts(told: Told, scene: Scene, objects: list[Placed], template: str) -> None:
    nouns = list(dict.fromkeys(placed.noun for placed in objects))
    parts = [counted(noun, str(scene.count(noun))) for noun in nouns]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    places = _append_sentence(told, template, {"total": f"{len(objects)} objects", "list": listed})
    place = places["list"][0]
    for noun, part in zip(nouns, parts, strict=True):
        told.counts[noun] = told.text.index(part, place)
        place = told.counts[noun] + len(part)


def _tell_object(told: Told, placed: Placed, template: str) -> None:
    article = forms_of("en", load_nouns()[placed.noun].forms["en"])["a"].split()[0]
    values = {"article": article, "noun": placed.noun, "half": placed.half, "side": placed.side}
    places = _append_sentence(told, template, {**values, "size": placed.size, "colour": placed.colour})
    told.nouns[placed.slot], told.colours[placed.slot] = places["noun"], places["colour"]


def _append_sentence(told: Told, template: str, values: Mapping[str, str]) -> dict[str, Place]:
    """Append a filled sentence to the text; return where each value is."""
    told.text += " " if told.text else ""
    offset, filled = len(told.text), fill(template, values)
    told.text += capitalise(filled.text)
    return {name: shifted(place, offset) for name, place in filled.places.items()}


def describe_in(language: str, scene: Scene, seed: int) -> Told:
    """Tell every fact of a scene; style and order depend on the scene and the seed, not on the language."""
    random = Random(f"{seed}:telling:{scene.id}")
    return tell(language, random.choice(DESCRIBING), random.sample(scene.objects, len(scene.objects)))


def tell(language: str, style: str, objects: Sequence[Placed]) -> Told:
    """Tell objects one after another in a style, one of `STYLES`."""
    wording, told = wording_of(language), Told()
    joint, end = wording["marks"][style], wording["marks"]["end"]
    for number, placed in enumerate(objects):
        if number:
            told.text += joint
        piece = fill(wording["objects"][style], _values(language, placed))
        _append(told, placed, piece, number == 0 or style == "sentence")
    told.text += end
    return told


def _append(told: Told, placed: Placed, piece: Filled, starts: bool) -> None:
    offset = len(told.text)
    told.text += capitalise(piece.text) if starts else piece.text
    told.nouns[placed.slot] = shifted(piece.places["a"], offset)
    if "c" in piece.places:
        told.colours[placed.slot] = shifted(piece.places["c"], offset)
    told.phrases += [(shifted(phrase.place, offset), placed.noun) for phrase in piece.phrases]


def shifted(place: Place, offset: int) -> Place:
    """A place, `offset` characters later."""
    return place[0] + offset, place[1] + offset


def _values(language: str, placed: Placed) -> dict[str, Any]:
    wording = wording_of(language)
    return {
        "a": noun_forms(placed.noun, language),
        "c": colour_forms(placed.colour, language),
        "s": SimpleNamespace(**wording["sizes"][placed.size]),
        "place": wording["places"][f"{placed.half} {placed.side}"],
    }
