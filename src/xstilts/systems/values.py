"""What steps give: objects, a truth, an answer; or a failure, which is a sentence too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xstilts.programs.scene import Box, Thing
from xstilts.systems.geometry import distance


class StepFailed(Exception):
    """A step that the scene gives no result for; its text says why."""


@dataclass(frozen=True)
class Found:
    """An object that a step found.

    Attributes:
        thing: the object.
        score: how surely it is what was looked for, in [0, 1].
        name: the likeliest of its names that fit; "" if it has none.
        asked: the noun that it was looked for by; None where any object would do.
    """

    thing: Thing
    score: float
    name: str
    asked: str | None


@dataclass(frozen=True)
class Truth:
    """Yes or no, and how surely."""

    holds: bool
    score: float

    @property
    def text(self) -> str:
        """As GQA answers."""
        return "yes" if self.holds else "no"


@dataclass(frozen=True)
class Answer:
    """An answer in English, and how surely."""

    text: str
    score: float


Objects = tuple[Found, ...]
Value = Objects | Truth | Answer


def ranked(found: Iterable[Found], near: Box | None = None) -> Objects:
    """The surest first; of equally sure ones the nearest to `near`, and then by place, whatever their order was."""

    def key(one: Found) -> tuple[float, float, Box, str]:
        return -one.score, distance(one.thing.box, near) if near else 0.0, one.thing.box, one.thing.id

    return tuple(sorted(found, key=key))


def judged(score: float, threshold: float) -> Truth:
    """The truth of something that has this score."""
    return Truth(True, score) if score >= threshold else Truth(False, 1 - score)


def chosen(options: Iterable[tuple[str, float]]) -> Answer:
    """The option with the higher score; `StepFailed` where none has more than the others."""
    ordered = sorted(options, key=lambda option: -option[1])
    if ordered[0][1] == ordered[1][1]:
        raise StepFailed(f"'{ordered[0][0]}' and '{ordered[1][0]}' are equally likely")
    return Answer(*ordered[0])
