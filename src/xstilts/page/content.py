"""What stands on the page, part by part, made of the numbers; the template puts it into HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.page.closeness import closeness_figure
from xstilts.page.differences import heat_figure, scale_ends, twin_figure
from xstilts.page.figure import Figure, Table, interval, p_value, points
from xstilts.page.gallery import Exhibit, gallery
from xstilts.page.intervals import interval_figure
from xstilts.page.material import Material
from xstilts.page.scores import control_figure, type_figure
from xstilts.page.training import cost_figure, curve_figures
from xstilts.report.heat_map import cells_of
from xstilts.report.metrics import ZERO_SHOT

QUESTION = "Does multimodal intermediate training beat text-only intermediate training in languages without labels?"
MIXTURE = "multimodal"  # its comparison is the question as it stands, so it comes first
_LEAKS = {"shared": "shares data", "not checked": "not checked", "none": "nothing shared"}


@dataclass(frozen=True)
class Answer:
    """One comparison of the first screen: its estimate, and the sentence of metrics/answer.json."""

    multimodal: str
    text: str
    target: str
    verdict: str
    estimate: str
    interval: str
    sentence: str


@dataclass(frozen=True)
class Leaks:
    """A cell of the transfer matrix and what its two phases share."""

    route: str
    status: str
    words: str
    in_averages: str


@dataclass(frozen=True)
class TargetPart:
    """What the page shows of one target; None or empty where there is nothing to show."""

    name: str
    about: str
    scale: int
    heat: Figure | None
    intervals: Figure | None
    missing: str
    scores: Table
    types: Sequence[Figure]
    curves: Sequence[Figure]
    closeness: Figure | None
    cost: Figure | None
    leaks: Sequence[Leaks]
    controls: Figure | None
    shuffled_labels: Sequence[str]
    exhibits: Sequence[Exhibit]
    scenes: Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """The whole page."""

    question: str
    answers: Sequence[Answer]
    missing: Sequence[str]
    facts: Sequence[str]
    embedded: bool
    routes: Sequence[str]
    seeds: Sequence[int]
    intervals: str
    covers: str
    targets: Sequence[TargetPart]
    claims: Sequence[Mapping[str, Any]]
    claims_about: Mapping[str, str]

    @property
    def figures(self) -> list[Figure]:
        """Every figure of the page."""
        return [figure for target in self.targets for figure in figures_of(target)]


def figures_of(part: TargetPart) -> Iterator[Figure]:
    """The figures of one target, in the order that they stand in."""
    alone = [part.heat, part.intervals, *part.types, *part.curves, part.closeness, part.cost, part.controls]
    yield from (figure for figure in alone if figure)


def page_content(material: Material) -> Content:
    """Everything that the page says."""
    transfer, claims = material.transfer, material.claims
    data = {part["data"] for part in material.study.values()}
    return Content(
        question=QUESTION,
        answers=sorted(map(_answer, material.answer["answers"]), key=lambda one: one.multimodal != MIXTURE),
        missing=material.answer["missing"],
        facts=_facts(material, sorted(data)),
        embedded="pictograms" in data,
        routes=material.routes,
        seeds=material.seeds,
        intervals=transfer["intervals"],
        covers=transfer["covers"],
        targets=[_target(material, target) for target in material.targets],
        claims=[claim | {"evidence": [_evidence(one) for one in claim["evidence"]]} for claim in claims["claims"]],
        claims_about={"data": claims["data"], "scores": claims["scores"]},
    )


def _facts(material: Material, data: Sequence[str]) -> list[str]:
    """The study in a line."""
    counted = {"target": material.targets, "route": material.routes, "seed": material.seeds}
    numbers = [f"one {what}" if len(own) == 1 else f"{len(own)} {what}s" for what, own in counted.items()]
    return [*numbers, *(f"{one} data" for one in data)]


def _answer(one: Mapping[str, Any]) -> Answer:
    names = {key: one[key] for key in ("multimodal", "text", "target", "verdict", "sentence")}
    return Answer(estimate=points(one[ZERO_SHOT]["difference"]), interval=interval(one[ZERO_SHOT]), **names)


def _evidence(one: Mapping[str, Any]) -> dict[str, str]:
    shown = {"points": points(one["difference"]), "interval": interval(one), "p": p_value(one["p"])}
    return {"what": one["what"], "says": one["says"], **shown}


def _target(material: Material, target: str) -> TargetPart:
    part, cells = material.study[target], cells_of(material.transfer, target)
    types = [type_figure(material, target), twin_figure(material, target)]
    return TargetPart(
        name=target,
        about=_about(material, target, cells),
        scale=scale_ends(material, target) if cells else 0,
        heat=heat_figure(material, target),
        intervals=interval_figure(material, target),
        missing=_missing(material, target),
        scores=_scores(part),
        types=[figure for figure in types if figure],
        curves=curve_figures(material, target),
        closeness=closeness_figure(material, target),
        cost=cost_figure(material, target),
        leaks=[_leaks(cell) for cell in cells],
        controls=control_figure(material, target),
        shuffled_labels=[one["sentence"] for one in _of(material.answer.get("shuffled_labels", ()), target)],
        exhibits=gallery(material, target),
        scenes=material.scenes[target].about,
    )


def _of(entries: Sequence[Mapping[str, Any]], target: str) -> list[Mapping[str, Any]]:
    return [one for one in entries if one["target"] == target]


def _about(material: Material, target: str, cells: Sequence[Mapping[str, Any]]) -> str:
    part = material.study[target]
    languages = [name for name in next(iter(part[part["metric"]].values())) if name not in (ZERO_SHOT, "gap")]
    size = f"{cells[0]['examples']:,} test examples a language, " if cells else ""
    seeds = "one seed" if part["seeds"] == 1 else f"means over {part['seeds']} seeds"
    return f"{size}{len(languages)} languages, {part['metric']}, {part['data']} data, {seeds}"


def _missing(material: Material, target: str) -> str:
    """Why a target has no differences; "" if it has some."""
    if cells_of(material.transfer, target):
        return ""
    if "missing" in material.transfer:
        return str(material.transfer["missing"])
    return "there is no second route: add one to study.intermediates"


def _scores(part: Mapping[str, Any]) -> Table:
    """The scores of every route in percent, shown where there is no heat map."""
    rows = part[part["metric"]]
    columns = list(next(iter(rows.values())))
    body = [[route, *(f"{100 * row[column]:.1f}" for column in columns)] for route, row in rows.items()]
    return Table(["route", *(column.replace("_", "-") for column in columns)], body)


def _leaks(cell: Mapping[str, Any]) -> Leaks:
    averages = "in the averages" if cell["in_averages"] else "left out of the averages"
    return Leaks(cell["route"], _LEAKS[cell["shared_data"]], "; ".join(cell["shared"]), averages)
