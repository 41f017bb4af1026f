"""Clues on scenes, and edits of one clue that change the answer to a question.

A model that answers from clues is faithful if its answer follows the clue that decides it. So of a test question's
scene one object is changed in one respect, such that the same question has another right answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from xstilts.data.pictograms.families import FAMILIES, Candidate
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import CANVAS, COLOURS, SIZES, SLOT, Placed, Scene
from xstilts.data.pictograms.telling import tell

OTHERS = 3  # nouns that an object is renamed to, beside those that the question names
SOURCE = "scene graph"


def clues_on(scenes: Iterable[Scene]) -> Iterator[dict[str, Any]]:
    """One row per object: image, clue in English, box as fractions of the picture, score, source."""
    for scene in scenes:
        for placed in scene.objects:
            corners = (placed.x, placed.y, placed.x + placed.edge, placed.y + placed.edge)
            box = [round(corner / CANVAS, 4) for corner in corners]
            clue = tell("en", "full", [placed]).text
            yield {"image": scene.id, "clue": clue, "box": box, "score": 1.0, "source": SOURCE}


def edits_of(questions: Iterable[Question], seed: int) -> list[Question]:
    """The questions that have an edit, with their ids, on the edited scene and with the answer there.

    Of several edits one is drawn: each respect (colour, size, slot, noun) is as likely as another.
    """
    return [edited for question in questions if (edited := _edited(question, Random(f"{seed}:edit:{question.id}")))]


def _edited(question: Question, random: Random) -> Question | None:
    found: dict[str, list[Question]] = {}
    for placed in question.scene.objects:
        for what, value in _values(question, placed, random):
            scene = _changed(question.scene, placed, question.id, **{what: value})
            answer = answer_on(scene, question.asked)
            if answer is not None and answer != question.asked.answer:
                edited = replace(question, scene=scene, asked=replace(question.asked, answer=answer))
                found.setdefault(what, []).append(edited)
    return random.choice(found[random.choice(list(found))]) if found else None


def _values(question: Question, placed: Placed, random: Random) -> Iterator[tuple[str, Any]]:
    """What may change about an object, and to what: a field of `Placed` and its new value."""
    scene, nouns = question.scene, load_nouns()
    yield from (("colour", colour) for colour in COLOURS if colour != placed.colour)
    yield from (("size", size) for size in SIZES if size != placed.size)
    taken = {one.slot for one in scene.objects}
    yield from (("slot", slot) for slot in range(4) if slot not in taken)
    alike = [name for name, noun in nouns.items() if noun.kind == nouns[placed.noun].kind and not scene.count(name)]
    others = random.sample(alike, min(OTHERS, len(alike)))
    yield from (("noun", noun) for noun in [*question.asked.nouns, *others] if noun != placed.noun)


def _changed(scene: Scene, placed: Placed, name: str, **change: Any) -> Scene:
    """The scene with one object changed, ordered by slot, under the question's id with `edited` in place of `test`."""
    changed = replace(placed, **change)
    if "slot" in change or "size" in change:  # then in the middle of its slot, where cards of either size fit
        corner = ((slot * SLOT + (SLOT - changed.edge) // 2) for slot in (changed.slot % 2, changed.slot // 2))
        changed = replace(changed, x=next(corner), y=next(corner))
    objects = [changed if one is placed else one for one in scene.objects]
    return Scene(name.replace("-test-", "-edited-"), tuple(sorted(objects, key=lambda one: one.slot)))


def answer_on(scene: Scene, asked: Candidate) -> str | None:
    """The right answer to a question on a scene; None where the scene does not have what the question presupposes."""
    there = [scene.count(noun) > 0 for noun in asked.nouns]
    whether = {"exist": all, "both": all, "either": any}.get(asked.family)
    if whether:
        return "yes" if whether(there) else "no"
    for one in FAMILIES[asked.family].candidates(asked.family, scene, Random(0)):
        if one.nouns == asked.nouns and set(one.colours) == set(asked.colours):
            return one.answer
    return None
