"""Steps that give yes or no: exist, verify, and, or, same, different, compare (Cao & Jiang, Findings of ACL 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from xstilts.systems import geometry
from xstilts.systems.finding import relate_object, relate_subject, the_one, value_of
from xstilts.systems.senses import Senses
from xstilts.systems.values import Objects, StepFailed, Truth, judged

# Comparatives that boxes do not decide: the attribute that there is more of, and its opposite.
ADJECTIVES: Mapping[str, tuple[str, str]] = {
    "older": ("old", "young"),
    "younger": ("young", "old"),
    "healthier": ("healthy", "unhealthy"),
    "less healthy": ("unhealthy", "healthy"),
}


def exist(senses: Senses, given: Objects) -> Truth:
    """Whether there is any; a `no` is as sure as the threshold that nothing reached."""
    return Truth(True, given[0].score) if given else Truth(False, 1 - senses.settings.name)


def verify(senses: Senses, category: str, attribute: str, given: Objects) -> Truth:
    """Whether the object is like that."""
    one = the_one(senses, given)
    return judged(senses.attribute(one.thing, attribute, category), senses.settings.attribute)


def verify_position(senses: Senses, axis: str, position: str, given: Objects) -> Truth:
    """Whether the object is in that third of the picture."""
    return verify(senses, axis, position, given)


def verify_subject(senses: Senses, noun: str, relation: str, given: Objects) -> Truth:
    """Whether something of that name stands in the relation to the given object."""
    return exist(senses, relate_subject(senses, noun, relation, given))


def verify_object(senses: Senses, noun: str, relation: str, given: Objects) -> Truth:
    """Whether the given object stands in the relation to something of that name."""
    return exist(senses, relate_object(senses, noun, relation, given))


def and_(senses: Senses, one: Truth, other: Truth) -> Truth:
    """Whether both hold; as sure as the less sure of two that do, or the surer of those that do not."""
    if one.holds and other.holds:
        return Truth(True, min(one.score, other.score))
    return Truth(False, max(truth.score for truth in (one, other) if not truth.holds))


def or_(senses: Senses, one: Truth, other: Truth) -> Truth:
    """Whether one holds at least; by De Morgan."""
    neither = and_(senses, Truth(not one.holds, one.score), Truth(not other.holds, other.score))
    return Truth(not neither.holds, neither.score)


def same(senses: Senses, category: str, first: Objects, second: Objects) -> Truth:
    """Whether two objects have one colour (material, shape, ...)."""
    return all_same(senses, category, (the_one(senses, first), the_one(senses, second)))


def different(senses: Senses, category: str, first: Objects, second: Objects) -> Truth:
    """Whether two objects differ in colour (material, shape, ...)."""
    alike = same(senses, category, first, second)
    return Truth(not alike.holds, alike.score)


def all_same(senses: Senses, category: str, given: Objects) -> Truth:
    """Whether all of them have one type (gender, ...)."""
    if not given:
        raise StepFailed("there is no such object")
    values = [value_of(senses, one, category) for one in given]
    return Truth(len({value for value, _ in values}) == 1, prod(score for _, score in values))


def all_different(senses: Senses, category: str, given: Objects) -> Truth:
    """Whether they are not all of one type (gender, ...)."""
    alike = all_same(senses, category, given)
    return Truth(not alike.holds, alike.score)


def compare(senses: Senses, comparative: str, first: Objects, second: Objects) -> Truth:
    """Whether the first is larger (older, ...) than the second."""
    one, other = the_one(senses, first).thing, the_one(senses, second).thing
    if geometry.is_measured(comparative):
        more = geometry.exceeds(comparative, one.box, other.box, senses.settings.limits)
        if more is None:
            raise StepFailed(f"neither is clearly {comparative}")
        return Truth(more, 1.0)
    adjective, opposite = ADJECTIVES[comparative]
    mine, its = (senses.attribute(thing, adjective) - senses.attribute(thing, opposite) for thing in (one, other))
    if mine == its:
        raise StepFailed(f"nothing tells which is {comparative}")
    return Truth(mine > its, min(1.0, abs(mine - its)))
