"""Questions and scene graphs in the layout of GQA and xGQA."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xstilts.data.pictograms.families import FAMILIES
from xstilts.data.pictograms.program import Step, program
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import CANVAS, Placed, Scene
from xstilts.data.pictograms.wording import full_answer, word


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
        "semanticStr": "->".join(_spell(step) for step in steps),
        "annotations": {"answer": {}, "question": {}, "fullAnswer": {}},
        "types": {"detailed": family.detailed, "semantic": family.semantic, "structural": family.structural},
        "fullAnswer": full_answer(question),
    }


def _spell(step: Step) -> str:
    return f"{step['operation']}: {step['argument']} {step['dependencies'] or ''}".strip()


def scene_graphs(scenes: Iterable[Scene]) -> dict[str, dict[str, Any]]:
    """Return `{image id: scene graph}` as GQA's scene graph files have it; an object's id is its slot."""
    return {scene.id: _graph(scene) for scene in scenes}


def _graph(scene: Scene) -> dict[str, Any]:
    objects = {str(placed.slot): _object(scene, placed) for placed in scene.objects}
    return {"width": CANVAS, "height": CANVAS, "objects": objects}


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
