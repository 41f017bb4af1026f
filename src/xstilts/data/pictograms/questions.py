"""Choosing questions: each family by its share, and within a family every answer as often as the others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from xstilts.data.pictograms.families import FAMILIES, Candidate, all_candidates
from xstilts.data.pictograms.scene import Scene

Asked = TypeVar("Asked", bound=Candidate)
# How far an answer may be ahead of its family's rarest one; beyond that, the scene's other questions are taken.
AHEAD_FACTOR = 1.5
AHEAD_NUMBER = 3
PER_SCENE: Mapping[str, int] = {"train": 6, "dev": 5, "test": 5}


class Balance(Generic[Asked]):
    """Picks candidates scene by scene, always from the family that is furthest behind its share."""

    def __init__(self, shares: Mapping[str, float], answers: Mapping[str, Sequence[str]]) -> None:
        """Start with nothing chosen.

        Args:
            shares: weight by family, in any unit.
            answers: by family, the answers to keep even; empty for families with many answers.
        """
        total = sum(shares.values())
        self._shares = {family: share / total for family, share in shares.items()}
        self._closed = answers
        self._chosen: Counter[str] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()

    def choose(self, candidates: Sequence[Asked], count: int, random: Random) -> list[Asked]:
        """Take up to `count` of one scene's candidates, no two alike, in random order."""
        left, chosen = list(candidates), list[Asked]()
        while left and len(chosen) < count:
            best = self._take([one for one in left if not self._ahead(one)] or left, random)
            chosen.append(best)
            left = [one for one in left if not _alike(one, best)]
        random.shuffle(chosen)
        return chosen

    def _ahead(self, one: Candidate) -> bool:
        """Whether the answer was already given much more often than another answer of its family."""
        answers = self._closed[one.family]
        rarest = min((self._answers[one.family, answer] for answer in answers), default=None)
        given = self._answers[one.family, one.answer]
        return rarest is not None and given > AHEAD_FACTOR * rarest + AHEAD_NUMBER

    def _take(self, candidates: Sequence[Asked], random: Random) -> Asked:
        made = self._chosen.total() + 1
        families = dict.fromkeys(one.family for one in candidates)
        family = max(families, key=lambda name: self._shares[name] * made - self._chosen[name])
        own = [one for one in candidates if one.family == family]
        rarest = min(self._answers[family, one.answer] for one in own)
        best = random.choice([one for one in own if self._answers[family, one.answer] == rarest])
        self._chosen[family] += 1
        self._answers[family, best.answer] += 1
        return best


def _alike(one: Candidate, other: Candidate) -> bool:
    """Whether two of a scene's candidates amount to the same: same family, same nouns in any order."""
    if one.family != other.family or set(one.nouns) != set(other.nouns):
        return False
    return bool(one.nouns) or one.colours == other.colours


@dataclass(frozen=True)
class Question:
    """A question on a scene, not yet worded in any language."""

    id: str
    scene: Scene
    asked: Candidate


def questions_on(scenes: Iterable[Scene], split: str, seed: int) -> list[Question]:
    """Choose the questions of a split, scene by scene.

    The first scenes get the same questions, however many follow.

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
