"""Steps that give an answer of several: choose, query, common, count (Cao & Jiang, Findings of ACL 2023)."""

from __future__ import annotations

from xstilts.systems import geometry
from xstilts.systems.finding import holds, named, the_one, value_of
from xstilts.systems.judging import all_same, compare
from xstilts.systems.senses import Senses
from xstilts.systems.values import Answer, Objects, StepFailed, chosen, ranked

COMMON = ("color", "material", "shape")  # what two objects may have in common, as `common` is answered in GQA
# GQA's answers to `choose rel`, where they differ from the relation.
SHORT = {"to the left of": "left", "to the right of": "right", "in front of": "front"}


def common(senses: Senses, first: Objects, second: Objects) -> Answer:
    """What two objects have in common: the first of colour, material and shape, as in Mod-Zero-VQA's `ans_common`."""
    pair = (the_one(senses, first), the_one(senses, second))
    for category in COMMON:
        if all(senses.value(one.thing, category) for one in pair):
            alike = all_same(senses, category, pair)
            if alike.holds:
                return Answer(category, alike.score)
    raise StepFailed("they have neither colour nor material nor shape in common")


def choose_more(senses: Senses, comparative: str, first: Objects, second: Objects) -> Answer:
    """The larger (older, ...) of two objects, by the noun that it was asked by."""
    truth = compare(senses, comparative, first, second)
    winner = the_one(senses, first if truth.holds else second)
    return Answer(winner.asked or winner.name, truth.score)


def choose(senses: Senses, category: str, one: str, other: str, given: Objects) -> Answer:
    """Which of two attributes the object has."""
    thing = the_one(senses, given).thing
    return chosen((option, senses.attribute(thing, option, category)) for option in (one, other))


def choose_position(senses: Senses, axis: str, one: str, other: str, given: Objects) -> Answer:
    """In which half of the picture the object is."""
    half = geometry.half_of(the_one(senses, given).thing.box, axis, senses.settings.limits)
    if half not in (one, other):
        raise StepFailed(f"it is at the {half}, neither {one} nor {other}")
    return Answer(half, 1.0)


def choose_name(senses: Senses, one: str, other: str, given: Objects) -> Answer:
    """What the object is, of two names."""
    thing = the_one(senses, given).thing
    return chosen((noun, senses.name(thing, noun)[1]) for noun in (one, other))


def choose_between(senses: Senses, one: str, other: str, first: Objects, second: Objects) -> Answer:
    """Which of two relations the first object stands in to the second."""
    pair = the_one(senses, first).thing, the_one(senses, second).thing
    options = [(SHORT.get(name, name), holds(senses, pair[0], name, pair[1], "subject")) for name in (one, other)]
    return chosen(options)


def choose_subject(senses: Senses, noun: str, one: str, other: str, given: Objects) -> Answer:
    """Which of two relations the object of that name stands in to the given one."""
    return choose_between(senses, one, other, _others(senses, noun, given), given)


def choose_object(senses: Senses, noun: str, one: str, other: str, given: Objects) -> Answer:
    """Which of two relations the given object stands in to the one of that name."""
    return choose_between(senses, one, other, given, _others(senses, noun, given))


def _others(senses: Senses, noun: str, given: Objects) -> Objects:
    """The objects of that name but the given one: a person is to the left of another person."""
    given_id = the_one(senses, given).thing.id
    return tuple(one for one in ranked(named(senses, noun)) if one.thing.id != given_id)


def query_name(senses: Senses, given: Objects) -> Answer:
    """What it is; several objects will do if all of them are the same."""
    names = {one.name for one in given}
    one = given[0] if len(names) == 1 else the_one(senses, given)
    if not one.name:
        raise StepFailed("it has no name")
    return Answer(one.name, one.score)


def query(senses: Senses, category: str, given: Objects) -> Answer:
    """Which colour (material, place, ...) it has."""
    one = the_one(senses, given)
    value, score = value_of(senses, one, category)
    return Answer(value, one.score * score)


def query_position(senses: Senses, axis: str, given: Objects) -> Answer:
    """In which half of the picture it is."""
    one = the_one(senses, given)
    return Answer(geometry.half_of(one.thing.box, axis, senses.settings.limits), one.score)


def count(senses: Senses, given: Objects) -> Answer:
    """How many there are; none where the settings take `how many dogs` to mean that there are dogs: `StepFailed`."""
    if not given and senses.settings.definite:
        raise StepFailed("there is no such object to count")
    return Answer(str(len(given)), min((one.score for one in given), default=1 - senses.settings.name))
