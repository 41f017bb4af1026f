"""What the embedded world is made from, and what its raw sets have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xstilts.data.pictograms.questions import Question, questions_on
from xstilts.data.pictograms.scene import Scene, scenes_of


@dataclass(frozen=True)
class World:
    """What the embedded world is made from.

    Attributes:
        assets: directory with the downloaded wheels (drawings).
        seed: the same seed gives the same bytes.
        share: the part of every split's scenes that is made, over 0, up to 1.
    """

    assets: Path
    seed: int = 0
    share: float = 1.0

    def scenes(self, dataset: str, split: str) -> list[Scene]:
        """The scenes of a split."""
        return scenes_of(dataset, split, self.seed, self.share)

    def questions(self, dataset: str, split: str) -> list[Question]:
        """The questions of a split."""
        return questions_on(self.scenes(dataset, split), split, self.seed)
