"""The scene that a visitor lays, cards in 2 x 2 slots as the embedded world has them, and questions about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from xstilts.base.errors import ParameterError
from xstilts.data.pictograms.families import all_candidates
from xstilts.data.pictograms.nouns import LANGUAGES, load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import COLOURS, EDGE, SIZES, SLOT, Placed, Scene
from xstilts.data.pictograms.wording import word

SLOTS = range(4)
KEYS = {"noun": tuple(load_nouns()), "colour": COLOURS, "size": SIZES, "slot": tuple(SLOTS)}


def scene_of(cards: object) -> Scene:
    """The scene of some cards, each `{slot, noun, colour, size}`, in the middle of its slot.

    Raises:
        ParameterError: no list of one to four cards, a value that the world does not have, or a slot named twice.
    """
    if not isinstance(cards, list) or not 1 <= len(cards) <= len(SLOTS):
        raise ParameterError(f"the scene has to have 1 to {len(SLOTS)} cards")
    placed = sorted((_placed(card) for card in cards), key=lambda one: one.slot)
    if len({one.slot for one in placed}) < len(placed):
        raise ParameterError("two cards lie in one slot")
    return Scene("demo", tuple(placed))


def _placed(card: object) -> Placed:
    values = card if isinstance(card, Mapping) else {}
    for key, valid in KEYS.items():
        if values.get(key) not in valid:
            raise ParameterError(f"a card's {key} is {str(values.get(key))[:40]!r}, which the world does not have")
    middle = (SLOT - EDGE[values["size"]]) // 2
    slot = int(values["slot"])
    corner = (slot % 2 * SLOT + middle, slot // 2 * SLOT + middle)
    return Placed(values["noun"], values["colour"], values["size"], slot, *corner)


def suggestion(scene: Scene, seed: int) -> dict[str, Any]:
    """A question about a scene that has one right answer, worded in every language.

    Returns:
        `answer`, in English, and `questions`, {language: text}.

    Raises:
        ParameterError: a scene of which the world asks nothing.
    """
    random = Random(seed)
    candidates: Sequence[Any] = all_candidates(scene, random)
    if not candidates:
        raise ParameterError("there is no question about this scene; add another card")
    family = random.choice(sorted({one.family for one in candidates}))
    asked = random.choice([one for one in candidates if one.family == family])
    question = Question(f"demo-{seed}", scene, asked)
    return {"answer": asked.answer, "questions": {language: word(question, language) for language in LANGUAGES}}
