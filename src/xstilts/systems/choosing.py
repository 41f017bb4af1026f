"""Which of a question's layouts gives the answer: `system: {answer: first | likeliest}` of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from xstilts.programs.scene import Scene
from xstilts.score.beams import Beams, BeamSettings
from xstilts.systems.modules import Modules, Solved, training_questions
from xstilts.systems.posterior import Posterior
from xstilts.systems.settings import SystemSettings
from xstilts.systems.tables import Tables


class System(Protocol):
    """Answers questions about scenes from what a parser says of them."""

    def solve(self, scores: np.ndarray, scene: Scene) -> list[Solved]:
        """Answer questions about one scene, given the parser's scores: float `[questions, outputs]`."""


@dataclass(frozen=True)
class FirstThatRuns:
    """The likeliest layout that runs, as the fallback of Mod-Zero-VQA has it."""

    modules: Modules
    beams: Beams

    def solve(self, scores: np.ndarray, scene: Scene) -> list[Solved]:
        """See `System`."""
        return [self.modules.solve(self.beams.layouts(row), scene) for row in scores]


def make_system(labels: Sequence[str], table: pa.Table, settings: SystemSettings) -> System:
    """The system of a recipe.

    Args:
        labels: of the layout task.
        table: its English training rows.
    """
    modules = Modules.of_training(table, settings)
    beams = Beams(labels, BeamSettings(settings.templates, settings.concepts, settings.layouts))
    if settings.answer == "first":
        return FirstThatRuns(modules, beams)
    return Posterior(Tables(beams.vocabulary, modules, training_questions(table)), modules, beams)
