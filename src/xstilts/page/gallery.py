"""The gallery: some questions about pictures, and what each route answered in every language.

Questions are chosen by rule, not by eye: of each question type as many that were mostly answered right as mostly
answered wrong (the border is half of all answers, over routes and languages), drawn by a seed, no picture twice.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from xstilts.page.material import Material, Question

SEED = 0
SHOWN = 10  # questions, roughly
HALF = 0.5  # of the points of an answer, and of all answers to a question


@dataclass(frozen=True)
class Given:
    """What a route answered; `right` where it earned at least half of the points."""

    answer: str
    right: bool


@dataclass(frozen=True)
class Asked:
    """A question in one language, and each route's answer."""

    language: str
    text: str
    given: Sequence[Given]


@dataclass(frozen=True)
class Exhibit:
    """A question with its picture.

    Attributes:
        picture: a data URI.
        right, of: how many of all answers earned their points.
    """

    question: Question
    picture: str
    rows: Sequence[Asked]
    right: int
    of: int


def gallery(material: Material, target: str) -> list[Exhibit]:
    """The exhibits of a target, by question type; with several seeds, the answers of the first."""
    scenes = material.scenes[target]
    shares = {one.id: share_right(material, target, one) for one in scenes.questions}
    chosen = choose(scenes.questions, shares)
    return [_exhibit(material, target, question, scenes.pictures[question.image_id]) for question in chosen]


def share_right(material: Material, target: str, question: Question) -> float:
    """The share of the points that all routes earned in all languages."""
    answers = [material.answers[target][route] for route in material.routes]
    return fmean(own[question.id, language][1] for own in answers for language in question.texts)


def choose(questions: Sequence[Question], shares: dict[str, float], seed: int = SEED) -> list[Question]:
    """Draw questions: as many mostly right as mostly wrong ones of every type, no picture twice."""
    shuffled = sorted(questions, key=lambda one: one.id)
    random.Random(seed).shuffle(shuffled)
    types = sorted({one.type for one in questions})
    each = max(1, SHOWN // (2 * max(1, len(types))))
    chosen: list[Question] = []
    for kind in types:
        for right in (True, False):
            fitting = [one for one in shuffled if one.type == kind and (shares[one.id] >= HALF) == right]
            chosen += _fresh(fitting, {one.image_id for one in chosen}, each)
    return chosen


def _fresh(questions: Sequence[Question], seen: set[str], count: int) -> list[Question]:
    """The first questions about pictures not seen yet."""
    found: list[Question] = []
    for one in questions:
        if len(found) < count and one.image_id not in seen:
            found.append(one)
            seen = seen | {one.image_id}
    return found


def _exhibit(material: Material, target: str, question: Question, picture: bytes) -> Exhibit:
    rows = list(_rows(material, target, question))
    given = [one.right for row in rows for one in row.given]
    uri = "data:image/webp;base64," + base64.b64encode(picture).decode()
    return Exhibit(question, uri, rows, sum(given), len(given))


def _rows(material: Material, target: str, question: Question) -> Iterator[Asked]:
    for language, text in question.texts.items():
        answers = [material.answers[target][route][question.id, language] for route in material.routes]
        yield Asked(language, text, [Given(answer, score >= HALF) for answer, score in answers])
