"""What a layout needs of perception, and which operations cannot be run with what a perception offers.

No operation of GQA lacks a rule, but a rule lacks its facts where perception does not deliver them: a detector alone
names objects and places them, and tells neither who wears what nor whether it rains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from xstilts.programs.layout import Layout, Step
from xstilts.programs.operations import ANY_CATEGORY, FORMS, SCENE
from xstilts.systems import geometry
from xstilts.systems.judging import ADJECTIVES
from xstilts.systems.senses import TYPE

NAMES, BOXES, ATTRIBUTES = "names", "boxes", "attributes"  # of objects
PICTURE = "picture"  # attributes of the whole picture: its place, its weather
RELATIONS = "relations"  # between objects, beyond what boxes tell
KINDS = (NAMES, BOXES, ATTRIBUTES, PICTURE, RELATIONS)
_POSITIONAL = ("filter position", "verify position", "choose position", "query position")


def needs(layout: Layout) -> tuple[frozenset[str], ...]:
    """Return for each step which of `KINDS` its rule asks perception for."""
    pictures: set[int] = set()
    given = []
    for number, step in enumerate(layout.steps):
        if step.values == (SCENE,) or (step.form.startswith("filter") and pictures & set(step.inputs)):
            pictures.add(number)
        given.append(_needs(step, bool(pictures & {number, *step.inputs})))
    return tuple(given)


def _needs(step: Step, of_picture: bool) -> frozenset[str]:
    if step.values == (SCENE,):
        return frozenset()
    slots = dict(zip(FORMS[step.form].slots, step.values, strict=True))
    needed = {NAMES} if {"object"} & set(slots) or step.form == "query name" else set()
    needed |= {BOXES} if step.form in _POSITIONAL else set()
    if "relation" in slots:
        names = [value for kind, value in zip(FORMS[step.form].slots, step.values, strict=True) if kind == "relation"]
        needed |= {BOXES if all(map(_by_boxes, names)) else RELATIONS}
    if "comparative" in slots:
        needed |= {ATTRIBUTES if slots["comparative"] in ADJECTIVES else BOXES}
    if step.form == "common" or "category" in slots:
        needed |= {_of_category(slots.get("category", ANY_CATEGORY), of_picture)}
    return frozenset(needed)


def _by_boxes(relation: str) -> bool:
    return geometry.is_spatial(relation) or geometry.is_measured(relation.removesuffix(" than"))


def _of_category(category: str, of_picture: bool) -> str:
    if of_picture:
        return PICTURE
    if category == TYPE:
        return NAMES
    return BOXES if category in geometry.EXTENTS else ATTRIBUTES


def cannot_run(layouts: Sequence[Layout], offers: Collection[str]) -> tuple[float, dict[str, float]]:
    """Return what perception leaves without its facts.

    Args:
        layouts: of all questions.
        offers: which of `KINDS` perception delivers.

    Returns:
        The share of questions that cannot be run, and of those with each operation that cannot, the largest first.
    """
    counts: Counter[str] = Counter()
    questions = 0
    for layout in layouts:
        lacking = zip(layout.steps, needs(layout), strict=True)
        operations = {step.operation for step, needed in lacking if not needed <= set(offers)}
        counts.update(operations)
        questions += bool(operations)
    return questions / len(layouts), {operation: count / len(layouts) for operation, count in counts.most_common()}
