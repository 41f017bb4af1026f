"""The answers of metrics/answer.json: one on the first screen, and every pair of routes in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.page.figure import Table, interval, points
from xstilts.page.material import Material
from xstilts.page.names import typeset
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.sentences import COST_NAMES

MIXTURE = "multimodal"  # its comparison is the question as it stands, so it comes first
HEAD = ("multimodal", "text-only", "zero-shot", "95 % interval", "English", "95 % interval", "verdict", "matched")


@dataclass(frozen=True)
class Answer:
    """One comparison: its estimate, and the sentence of metrics/answer.json."""

    multimodal: str
    text: str
    target: str
    verdict: str
    estimate: str
    interval: str
    sentence: str


@dataclass(frozen=True)
class Comparisons:
    """Every pair of a target: the differences as a table, and the sentences that say them whole."""

    table: Table
    sentences: Sequence[str]


def ranked(material: Material) -> list[Answer]:
    """The comparisons in the order of the file, that of the mixtures first."""
    return sorted(map(_answer, material.answer["answers"]), key=lambda one: one.multimodal != MIXTURE)


def _answer(one: Mapping[str, Any]) -> Answer:
    names = {key: one[key] for key in ("multimodal", "text", "target", "verdict")}
    shown = {"estimate": points(one[ZERO_SHOT]["difference"]), "interval": interval(one[ZERO_SHOT])}
    return Answer(**names, **shown, sentence=typeset(one["sentence"]))


def comparisons(material: Material, target: str) -> Comparisons | None:
    """The pairs of a target; None where the first screen has the only one of the study."""
    own = [one for one in material.answer["answers"] if one["target"] == target]
    if not own or len(material.answer["answers"]) == 1:
        return None
    own = sorted(own, key=lambda one: one["multimodal"] != MIXTURE)
    return Comparisons(Table(HEAD, [_row(one) for one in own]), [typeset(one["sentence"]) for one in own])


def _row(one: Mapping[str, Any]) -> list[str]:
    english = one.get(ENGLISH, {"difference": None, "interval": [None, None]})
    numbers = [cell for own in (one[ZERO_SHOT], english) for cell in (points(own["difference"]), interval(own))]
    return [one["multimodal"], one["text"], *numbers, one["verdict"], matched(one)]


def matched(one: Mapping[str, Any]) -> str:
    """What both routes have in common; for one that was to match a cost and does not, that it does not."""
    missed = one["matching"] in COST_NAMES and one["matching"] not in one["matched"]
    common = ", ".join(one["matched"]) or "nothing"
    return f"{common} (not {one['matching']}, though meant so)" if missed else common
