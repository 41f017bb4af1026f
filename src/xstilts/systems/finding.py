"""Steps that give objects: select, relate, filter (Find, Relocate and Filter of Cao & Jiang, Findings of ACL 2023)."""

from __future__ import annotations

from collections.abc import Callable

from xstilts.programs.operations import SCENE, THIS
from xstilts.programs.scene import Thing
from xstilts.systems.senses import Senses
from xstilts.systems.values import Found, Objects, StepFailed, ranked


def select(senses: Senses, noun: str) -> Objects:
    """All objects of that name or kind; the whole picture for `scene`, the largest object for `this`."""
    if noun == SCENE:
        return (Found(senses.scene.whole, 1.0, SCENE, SCENE),)
    found = ranked(named(senses, noun))
    if noun == THIS:
        found = tuple(sorted(found, key=lambda one: -one.thing.box.width * one.thing.box.height))[:1]
    return found


def named(senses: Senses, noun: str | None) -> list[Found]:
    """All objects that the noun covers, in any order; None covers all."""
    scored = [(thing, *senses.name(thing, noun)) for thing in senses.scene.things]
    return [Found(thing, score, name, noun) for thing, name, score in scored if score >= senses.settings.name]


def the_one(senses: Senses, found: Objects) -> Found:
    """The object that a step speaks of; `StepFailed` if there is none, or several where the settings want one."""
    if not found:
        raise StepFailed("there is no such object")
    if senses.settings.definite and len(found) > 1:
        raise StepFailed(f"there are {len(found)} such objects, and the step means one")
    return found[0]


def holds(senses: Senses, found: Thing, relation: str, given: Thing, role: str) -> float:
    """How surely what is looked for (found), as its `subject` or `object`, stands in a relation to what is given.

    Raises:
        StepFailed: perception did not look for that relation.
    """
    subject, other = (found, given) if role == "subject" else (given, found)
    score = senses.relation(subject, relation, other)
    if score is None:
        raise StepFailed(f"no relation '{relation}' was looked for")
    return score if score >= senses.settings.relation else 0.0


def _relate(senses: Senses, given: Objects, noun: str | None, relation: str, role: str) -> Objects:
    anchor = the_one(senses, given)
    anchors = (anchor,) if senses.settings.definite else given
    related = []
    for one in named(senses, noun):
        others = [other for other in anchors if other.thing.id != one.thing.id]
        scores = [other.score * holds(senses, one.thing, relation, other.thing, role) for other in others]
        if score := max(scores, default=0.0):
            related.append(Found(one.thing, one.score * score, one.name, noun))
    return ranked(related, anchor.thing.box)


def relate_subject(senses: Senses, noun: str, relation: str, given: Objects) -> Objects:
    """What of that name stands in the relation to the given object."""
    return _relate(senses, given, noun, relation, "subject")


def relate_object(senses: Senses, noun: str, relation: str, given: Objects) -> Objects:
    """What of that name the given object stands in the relation to."""
    return _relate(senses, given, noun, relation, "object")


def relate_any_subject(senses: Senses, relation: str, given: Objects) -> Objects:
    """Whatever stands in the relation to the given object."""
    return _relate(senses, given, None, relation, "subject")


def relate_any_object(senses: Senses, relation: str, given: Objects) -> Objects:
    """Whatever the given object stands in the relation to."""
    return _relate(senses, given, None, relation, "object")


def relate_same(senses: Senses, noun: str, category: str, given: Objects) -> Objects:
    """What of that name has the given object's colour (material, shape, ...)."""
    one = the_one(senses, given)
    value, score = value_of(senses, one, category)
    others = [other for other in named(senses, noun) if other.thing.id != one.thing.id]
    scored = [(other, senses.attribute(other.thing, value, category)) for other in others]
    return ranked(
        Found(other.thing, one.score * score * other.score * like, other.name, noun)
        for other, like in scored
        if like >= senses.settings.attribute
    )


def _filtered(senses: Senses, given: Objects, score_of: Callable[[Thing], float]) -> Objects:
    scored = [(one, score_of(one.thing)) for one in given]
    kept = [(one, score) for one, score in scored if score >= senses.settings.attribute]
    return ranked(Found(one.thing, one.score * score, one.name, one.asked) for one, score in kept)


def filter_(senses: Senses, category: str, attribute: str, given: Objects) -> Objects:
    """Those that are like that."""
    return _filtered(senses, given, lambda thing: senses.attribute(thing, attribute, category))


def filter_not(senses: Senses, category: str, attribute: str, given: Objects) -> Objects:
    """Those that are not like that."""
    return _filtered(senses, given, lambda thing: 1 - senses.attribute(thing, attribute, category))


def filter_position(senses: Senses, axis: str, position: str, given: Objects) -> Objects:
    """Those in that third of the picture."""
    return _filtered(senses, given, lambda thing: senses.attribute(thing, position))


def value_of(senses: Senses, one: Found, category: str) -> tuple[str, float]:
    """The object's colour (material, shape, ...) and its score; `StepFailed` where nothing is known of it."""
    value = senses.value(one.thing, category)
    if value is None:
        raise StepFailed(f"nothing is known of the {category} of '{one.name or one.asked}'")
    return value
