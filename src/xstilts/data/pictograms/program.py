"""A question as GQA's functional program: the steps that answer it from the scene graph."""

from __future__ import annotations

from typing import Any

from xstilts.data.pictograms.families import Candidate
from xstilts.data.pictograms.scene import Scene

Step = dict[str, Any]
_RELATIONS = {"left_of": "to the left of", "right_of": "to the right of", "above": "above", "below": "below"}


def program(scene: Scene, asked: Candidate) -> list[Step]:
    """Return GQA's `semantic`: steps with `operation`, `dependencies` (earlier steps) and `argument`."""
    selects = [_step("select", _object(scene, noun)) for noun in asked.nouns]
    return selects + _after(asked, len(selects))


def _after(asked: Candidate, selected: int) -> list[Step]:
    """The steps after the nouns are selected."""
    family, last = asked.family, [0]
    if family == "exist":
        return [_step("exist", "?", last)]
    if family in ("both", "either"):
        joined = _step("and" if family == "both" else "or", "", [2, 3])
        return [_step("exist", "?", [0]), _step("exist", "?", [1]), joined]
    if family in _RELATIONS:
        return [_step("relate", f"_,{_RELATIONS[family]},s", last), _step("query", "name", [1])]
    if family in ("animal", "food", "vehicle"):
        return [_step("select", family), _step("query", "name", last)]
    if family == "on_card":
        return [
            _step("select", "card"),
            _step("filter color", asked.colours[0], [0]),
            _step("query", "name", [1]),
        ]
    return [_single(asked, list(range(selected)))]


def _single(asked: Candidate, selected: list[int]) -> Step:
    """The families that one step answers."""
    operation, argument = {
        "on_colour": ("verify color", "|".join(asked.colours)),
        "larger": ("compare", "larger"),
        "same_colour": ("same color", ""),
        "side": ("choose hposition", "left|right"),
        "half": ("choose vposition", "bottom|top"),
        "beside": ("choose rel", "to the left of|to the right of"),
        "stacked": ("choose rel", "above|below"),
        "which_colour": ("choose color", "|".join(asked.colours)),
        "which_size": ("choose size", "large|small"),
        "colour": ("query", "color"),
        "count": ("count", "?"),
    }[asked.family]
    return _step(operation, argument, selected)


def _object(scene: Scene, noun: str) -> str:
    """A noun with the ids of the objects it names, `-` for none: `dog (0)`, `cat (1,3)`, `owl (-)`."""
    slots = ",".join(str(placed.slot) for placed in scene.objects if placed.noun == noun)
    return f"{noun} ({slots or '-'})"


def _step(operation: str, argument: str, dependencies: list[int] | None = None) -> Step:
    return {"operation": operation, "dependencies": dependencies or [], "argument": argument}
