"""Questions, their programs, and scene graphs in the layout of GQA and xGQA."""

from collections.abc import Iterable
from typing import Any

from xstilts.data.pictograms.families import FAMILIES, Candidate
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import CANVAS, Placed, Scene
from xstilts.data.pictograms.wording import full_answer, word

Step = dict[str, Any]
_RELATIONS = {"left_of": "to the left of", "right_of": "to the right of", "above": "above", "below": "below"}


def questions_in(language: str, questions: Iterable[Question]) -> dict[str, dict[str, Any]]:
    """Return `{question id: entry}` as GQA's question files have it; answers are always in English."""
    return {question.id: _entry(question, language) for question in questions}


def _entry(question: Question, language: str) -> dict[str, Any]:
    asked, family = question.asked, FAMILIES[question.asked.family]
    steps = program(question.scene, asked)
    return {
        "semantic": steps,
        "entailed": [],
        "equivalent": [question.id],
        "question": word(question, language),
        "imageId": question.scene.id,
        "isBalanced": True,
        "groups": {"global": None, "local": "-".join((asked.family, *asked.nouns, *asked.colours))},
        "answer": asked.answer,
        "semanticStr": "->".join(
            f"{step['operation']}: {step['argument']} {step['dependencies'] or ''}".strip() for step in steps
        ),
        "annotations": {"answer": {}, "question": {}, "fullAnswer": {}},
        "types": {"detailed": family.detailed, "semantic": family.semantic, "structural": family.structural},
        "fullAnswer": full_answer(question),
    }


def scene_graphs(scenes: Iterable[Scene]) -> dict[str, dict[str, Any]]:
    """Return `{image id: scene graph}` as GQA's scene graph files have it; an object's id is its slot."""
    size = {"width": CANVAS, "height": CANVAS}
    return {
        scene.id: size | {"objects": {str(placed.slot): _object(scene, placed) for placed in scene.objects}}
        for scene in scenes
    }


def _object(scene: Scene, placed: Placed) -> dict[str, Any]:
    return {
        "name": placed.noun,
        "x": placed.x,
        "y": placed.y,
        "w": placed.edge,
        "h": placed.edge,
        "attributes": [placed.colour, placed.size],
        "relations": _relations(scene, placed),
    }


def _relations(scene: Scene, placed: Placed) -> list[dict[str, str]]:
    side = {"left": "to the left of", "right": "to the right of"}[placed.side]
    half = {"top": "above", "bottom": "below"}[placed.half]
    neighbours = ((side, scene.beside(placed)), (half, scene.stacked(placed)))
    return [{"name": name, "object": str(other.slot)} for name, other in neighbours if other is not None]


def program(scene: Scene, asked: Candidate) -> list[Step]:
    """Return GQA's `semantic`: steps with `operation`, `dependencies` (earlier steps) and `argument`."""
    selects = [_step("select", _named(scene, noun)) for noun in asked.nouns]
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
        chosen = _step("filter color", asked.colours[0], [0])
        return [_step("select", "card"), chosen, _step("query", "name", [1])]
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


def _named(scene: Scene, noun: str) -> str:
    """A noun with the ids of the objects it names, `-` for none: `dog (0)`, `cat (1,3)`, `owl (-)`."""
    slots = ",".join(str(placed.slot) for placed in scene.objects if placed.noun == noun)
    return f"{noun} ({slots or '-'})"


def _step(operation: str, argument: str, dependencies: list[int] | None = None) -> Step:
    return {"operation": operation, "dependencies": dependencies or [], "argument": argument}
