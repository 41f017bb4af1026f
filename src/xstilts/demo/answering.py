"""What the demo answers: the same question about the same picture, by every route that was opened.

The picture is a photograph, or a scene that a visitor lays of cards in 2 x 2 slots, as the embedded world has them.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from xstilts.base.errors import ParameterError
from xstilts.base.images import decode
from xstilts.base.languages import LANGUAGE_NAME
from xstilts.data.pictograms.families import all_candidates
from xstilts.data.pictograms.nouns import LANGUAGES, load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.render import CARD_COLOURS, Drawings, Renderer
from xstilts.data.pictograms.scene import COLOURS, EDGE, SIZES, SLOT, Placed, Scene
from xstilts.data.pictograms.wording import word
from xstilts.data.pictograms.world import png_bytes
from xstilts.predict.answers import DRAWN, PictureModel, Pixels, Seen

LONGEST = 300  # characters of a question
SHOWN = 3  # answers of a route
LARGEST = 672  # pixels of either side of the picture that is sent back: twice what the page shows
DRAWING = 92  # pixels of a drawing in the palette
SLOTS = range(4)
KEYS = {"noun": tuple(load_nouns()), "colour": COLOURS, "size": SIZES, "slot": tuple(SLOTS)}


class Demo:
    """Answers what the page asks.

    Args:
        models: the routes side by side, by name; all of one phase 0.
        assets: the downloaded wheels, among them the drawings.
    """

    def __init__(self, models: Mapping[str, PictureModel], assets: Path) -> None:
        self.models, self.renderer, self.drawings = models, Renderer(assets), Drawings(assets)
        self._first = next(iter(models.values()))

    @property
    def takes_photos(self) -> bool:
        """Whether photographs may be given: the models saw other pictures than drawn scenes."""
        return self._first.card.get("data") != DRAWN

    def about(self) -> dict[str, Any]:
        """What the page needs: routes, drawings, colours, sizes and languages."""
        colours = {name: "#" + bytes(CARD_COLOURS[name]).hex() for name in COLOURS}
        languages = {language: LANGUAGE_NAME[language] for language in LANGUAGES}
        said = {"routes": list(self.models), "nouns": list(load_nouns()), "colours": colours, "sizes": list(SIZES)}
        return said | {"languages": languages, "photos": self.takes_photos, "longest": LONGEST}

    def drawing(self, noun: str) -> bytes:
        """A drawing of the palette as PNG; `ParameterError` if no drawing has the name."""
        if noun not in load_nouns():
            raise ParameterError("no such drawing")
        return png_bytes(self.drawings.rasterise(noun, DRAWING))

    def suggest(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A question about the scene in `cards`, in every language, drawn by `seed`."""
        seed = asked.get("seed")
        return suggestion(scene_of(asked.get("cards")), seed if isinstance(seed, int) else 0)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Every route's answers to `question` about the scene in `cards`, or about a `photo` in base64.

        Returns:
            `picture`: what the models saw, as a data URI; `regions`: its boxes `[x1, y1, x2, y2]` as shares of width
            and height; `routes`: {route: the likeliest answers with their probabilities}; `notes`: doubts.

        Raises:
            ParameterError: no question, one that is too long, or no picture.
            DataError: a photograph that is none.
        """
        question = asked.get("question")
        if not isinstance(question, str) or not question.strip() or len(question) > LONGEST:
            raise ParameterError(f"ask a question of 1 to {LONGEST} characters")
        pixels = self._pixels(asked)
        seen: Seen = self._first.look(pixels)
        routes = {name: model.answer(question, seen)[:SHOWN] for name, model in self.models.items()}
        shown = Image.fromarray(pixels)
        shown.thumbnail((LARGEST, LARGEST))
        uri = "data:image/png;base64," + base64.b64encode(png_bytes(shown)).decode()
        regions = [[round(float(one), 4) for one in box[:4]] for box in seen[1]]
        return {"picture": uri, "regions": regions, "routes": routes, "notes": self._first.doubts(pixels)}

    def _pixels(self, asked: Mapping[str, Any]) -> Pixels:
        if asked.get("photo") is None:
            return np.asarray(self.renderer.scene(scene_of(asked.get("cards"))))
        if not self.takes_photos:
            raise ParameterError("these models saw drawn scenes alone; lay cards instead of giving a photograph")
        try:
            content = base64.b64decode(str(asked["photo"]), validate=True)
        except binascii.Error:
            raise ParameterError("the photograph did not arrive whole") from None
        return decode(content, Path("photograph"))


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
        ParameterError: a scene that the world has no question about.
    """
    random = Random(seed)
    candidates: Sequence[Any] = all_candidates(scene, random)
    if not candidates:
        raise ParameterError("there is no question about this scene; add another card")
    family = random.choice(sorted({one.family for one in candidates}))
    asked = random.choice([one for one in candidates if one.family == family])
    question = Question(f"demo-{seed}", scene, asked)
    return {"answer": asked.answer, "questions": {language: word(question, language) for language in LANGUAGES}}
