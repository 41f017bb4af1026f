"""The error atlas: every question on the drawn scenes, in every language, with what each route answered and how sure.

The scenes are drawn by a seed, not picked, and all their questions are there. An answer is right where it earned at
least half of its points; a wrong one has the wrong form if it is of another kind than the right answer (a noun for a
yes/no question), which is no error of sight. The page's script filters and sorts, wrong form first.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.page.explorer import language_name
from xstilts.page.material import Answers, Material, Question
from xstilts.report.cells.confusion import answer_kind
from xstilts.report.cells.metrics import ENGLISH

HALF = 0.5  # of the points of an answer
MOST = 6  # routes beside one another
RIGHT, CONTENT, FORM = 0, 1, 2  # right, of the right form but wrong, of the wrong form
SHOWS = {
    "wrong": "wrong answers",
    "form": "answers of the wrong form",
    "lost": "right in English, wrong here",
    "gained": "right here, wrong without an intermediate task",
    "all": "all answers",
}


@dataclass(frozen=True)
class Atlas:
    """The choices of the form, and the data of the script.

    Attributes:
        languages: {code: name}, English first.
        shows: {key: which answers are shown}.
        first: the route that is shown before any is chosen; "" for all of them.
    """

    target: str
    languages: Mapping[str, str]
    types: Sequence[str]
    routes: Sequence[str]
    first: str
    shows: Mapping[str, str]
    questions: int
    scenes: int
    data: Mapping[str, Any]


class Numbers(dict[str, int]):
    """Answers by their number, so that each is written once; one that is not there gets the next."""

    def __missing__(self, answer: str) -> int:
        """The number of a new answer."""
        return self.setdefault(answer, len(self))


def atlas(material: Material, target: str, best: str = "") -> Atlas | None:
    """The atlas of a target; None without scenes.

    Args:
        best: a route that is shown first where there are more than fit beside one another.
    """
    scenes = material.scenes[target]
    if not scenes.questions:
        return None
    codes = sorted({code for one in scenes.questions for code in one.texts}, key=lambda code: (code != ENGLISH, code))
    pictures = list(scenes.pictures)
    numbers, answers = Numbers(), material.answers[target]
    asked = [_asked(one, codes, pictures, answers, material.routes, numbers) for one in scenes.questions]
    names = {code: language_name(code) for code in codes}
    types = sorted({one.type for one in scenes.questions} - {""})
    data: dict[str, Any] = {
        "target": target,
        "languages": names,
        "english": ENGLISH,
        "routes": list(material.routes),
        "baseline": material.transfer["baseline"],
        "first": best or material.routes[0],
        "seeds": len(material.seeds),
        "pictures": ["data:image/webp;base64," + base64.b64encode(scenes.pictures[name]).decode() for name in pictures],
        "regions": [[[round(end, 3) for end in box] for box in scenes.regions.get(name) or ()] for name in pictures],
        "questions": asked,
        "answers": list(numbers),
    }
    shows = {key: word for key, word in SHOWS.items() if _can_show(key, codes, material)}
    shown = data["first"] if len(material.routes) > MOST else ""
    return Atlas(target, names, types, material.routes, shown, shows, len(asked), len(pictures), data)


def _can_show(key: str, codes: Sequence[str], material: Material) -> bool:
    if key == "lost":
        return ENGLISH in codes and len(codes) > 1
    return key != "gained" or material.transfer["baseline"] in material.routes


def _asked(
    one: Question,
    codes: Sequence[str],
    pictures: Sequence[str],
    answers: Mapping[str, Sequence[Answers]],
    routes: Sequence[str],
    numbers: Numbers,
) -> dict[str, Any]:
    """A question: its picture, type, right answer, texts, and by language and route what was answered."""
    given = [
        [_given(one, [own[one.id, code] for own in answers[route]], numbers) for route in routes]
        if code in one.texts
        else []
        for code in codes
    ]
    about = {"picture": pictures.index(one.image_id), "type": one.type, "answer": numbers[one.answer]}
    return about | {"texts": [one.texts.get(code, "") for code in codes], "given": given}


def _given(one: Question, runs: Sequence[tuple[str, float, float | None]], numbers: Numbers) -> list[int | None]:
    """The first run's answer by number, its state and its probability in percent; and how many runs were right."""
    answer, score, chance = runs[0]
    right = sum(run[1] >= HALF for run in runs)
    return [numbers[answer], _state(one, answer, score), None if chance is None else round(100 * chance), right]


def _state(one: Question, answer: str, score: float) -> int:
    if score >= HALF:
        return RIGHT
    return CONTENT if answer_kind(answer) == answer_kind(one.answer) else FORM
