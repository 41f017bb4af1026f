"""Choosing questions: each family by its share, and within a family every answer as often as the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.balance import Balance
from xstilts.data.pictograms.families import FAMILIES, Candidate, all_candidates
from xstilts.data.pictograms.scene import Scene

PER_SCENE: Mapping[str, int] = {"train": 6, "dev": 5, "test": 5}


@dataclass(frozen=True)
class Question:
    """A question on a scene, not yet worded in any language."""

    id: str
    scene: Scene
    asked: Candidate


def questions_on(scenes: Iterable[Scene], split: str, seed: int) -> list[Question]:
    """Choose the questions of a split, scene by scene.

    The first scenes get the same questions however many follow.

    Args:
        scenes: of one split.
        split: decides how many questions a scene gets.
        seed: the world's seed.
    """
    shares = {name: family.share for name, family in FAMILIES.items()}
    balance: Balance[Candidate] = Balance(shares, {name: family.answers for name, family in FAMILIES.items()})
    questions: list[Question] = []
    for scene in scenes:
        random = Random(f"{seed}:questions:{scene.id}")
        chosen = balance.choose(all_candidates(scene, random), PER_SCENE[split], random)
        questions += [Question(f"{scene.id}-{number}", scene, asked) for number, asked in enumerate(chosen)]
    return questions
