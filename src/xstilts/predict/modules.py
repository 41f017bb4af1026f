"""Answers by modules: a question's layout, from a trained parser, run on what a picture shows."""

from pathlib import Path

import torch

from xstilts.base.cache import BOX
from xstilts.base.files import open_rows
from xstilts.features.perceive import Projector
from xstilts.predict.answers import one_question, read_picture, see
from xstilts.predict.opened import open_checkpoint
from xstilts.programs.scene import Scene
from xstilts.systems.choosing import make_system
from xstilts.systems.modules import Solved
from xstilts.systems.settings import SystemSettings


class ModuleSystem:
    """A parser, perception and the modules, loaded once.

    Args:
        parser: a checkpoint of the target's layout task.
        public: phase 0, `data/public`.
        cache: the layout task's, whose English training questions tell what words mean.
        names: pictures with English names, see `xstilts.features.perceive.Projector`.
        settings: of the system.

    Raises:
        DataError: the checkpoint parses no questions.
    """

    def __init__(self, parser: Path, public: Path, cache: Path, names: Path, settings: SystemSettings) -> None:
        self.opened = open_checkpoint(parser, public)
        self.model, self.task = self.opened.model, self.opened.task("layout", "one that parses questions")
        self.projector = Projector(names, public)
        labels = self.model.cards[self.task]["labels"]
        self.system = make_system(labels, open_rows(cache / "learn/train.arrow"), settings)

    def look(self, image: Path) -> Scene:
        """What a picture shows; `DataError` if it cannot be read."""
        vectors, boxes = see(read_picture(image), self.opened.vision, self.opened.settings)
        return self.projector.scene(image.stem, vectors, boxes.numpy())

    def answer(self, question: str, scene: Scene) -> Solved:
        """The answer to a question, in any language, and how it came about."""
        nothing = torch.zeros(0, BOX)
        batch = one_question(self.task, self.opened.tokenizer.encode(question).ids, nothing, nothing)
        with torch.inference_mode():
            scores = self.model.logits(batch).numpy()
        return self.system.solve(scores, scene)[0]
