"""What stands on the page, part by part, made of the numbers; the template puts it into HTML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.base.cells import PLAIN, Route
from xstilts.page.atlas import Atlas, atlas
from xstilts.page.best import Best, best_figure, best_of, ranking_table, rankings
from xstilts.page.budgets import budget_figure, form_table
from xstilts.page.controls import control_differences, control_figure
from xstilts.page.differences import heat_figure, twin_figure
from xstilts.page.explorer import Explorer, explorer
from xstilts.page.figure import Figure, Table, metric_name
from xstilts.page.material import Material
from xstilts.page.pretraining import pretraining_figure
from xstilts.page.scores import interval_figure, type_figure
from xstilts.page.tables import Averages, Comparisons, averages, comparisons, leaks, recipes
from xstilts.page.training import cost_figure, curve_figures
from xstilts.report.cells.metrics import EMBEDDED, ZERO_SHOT
from xstilts.report.heat_map import cells_of, heat_rows, limit_of
from xstilts.report.numbers import count, p_value, percent, points, points_interval
from xstilts.report.recommend import Ranking

BASELINE = "none"  # the route without an intermediate task
QUESTION = "Which English intermediate task helps most in languages without labels?"
UNTESTABLE = "not testable"


@dataclass(frozen=True)
class TargetPart:
    """What the page shows of one target; None or empty where there is nothing to show."""

    name: str
    about: str
    scale: int
    best: Figure | None
    ranking: Table | None
    heat: Figure | None
    explorer: Explorer | None
    atlas: Atlas | None
    comparisons: Comparisons | None
    recipes: Table | None
    intervals: Figure | None
    missing: str
    scores: Table
    types: Sequence[Figure]
    forms: Table | None
    budgets: Figure | None
    curves: Sequence[Figure]
    pretraining: Figure | None
    cost: Figure | None
    leaks: Table | None
    controls: Figure | None
    control_differences: Table | None
    shuffled_labels: Sequence[str]
    scenes: Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """The whole page.

    Attributes:
        systems: whether the routes are other people's systems, known only by their predictions.
        best: the best intermediate task of the first target; None where there is nothing to rank.
        missing: what to add to the study for an answer.
        untestable: how many published claims this study cannot test.
        by_recipe: a route by which the page explains recipes; None in a study of one recipe.
    """

    question: str
    systems: bool
    best: Best | None
    missing: Sequence[str]
    facts: Sequence[str]
    repository: str
    embedded: bool
    routes: Sequence[str]
    by_recipe: Route | None
    seeds: Sequence[int]
    intervals: str
    covers: str
    targets: Sequence[TargetPart]
    averages: Sequence[Averages]
    claims: Sequence[Mapping[str, Any]]
    untestable: int
    claims_about: Mapping[str, str]

    @property
    def figures(self) -> list[Figure]:
        """Every figure of the page."""
        return [figure for target in self.targets for figure in figures_of(target)]


def figures_of(part: TargetPart) -> Iterator[Figure]:
    """The figures of one target, in the order that they stand in."""
    for own in vars(part).values():
        yield from (one for one in (own if isinstance(own, list) else [own]) if isinstance(one, Figure))


def page_content(material: Material) -> Content:
    """Everything that the page says."""
    ranked, judged = rankings(material), material.claims["claims"]
    testable = [claim for claim in judged if claim["judgement"] != UNTESTABLE]
    return Content(
        question=material.answer.get("question", QUESTION),
        systems="question" in material.answer,
        best=next((best_of(material, target, found) for target, found in ranked.items()), None),
        missing=material.answer["missing"],
        facts=_facts(material),
        repository=material.origin.get("repository", ""),
        embedded=any(part["data"] == EMBEDDED for part in material.study.values()),
        routes=material.routes,
        by_recipe=_by_recipe(material),
        seeds=material.seeds,
        **{name: material.transfer[name] for name in ("intervals", "covers")},
        targets=[_target(material, target, ranked.get(target)) for target in material.targets],
        averages=averages(material) if len(material.targets) > 1 else [],
        claims=[{**claim, "evidence": [_evidence(one) for one in claim["evidence"]]} for claim in testable],
        untestable=len(judged) - len(testable),
        claims_about={name: material.claims[name] for name in ("data", "scores")},
    )


def _by_recipe(material: Material) -> Route | None:
    """The first route by another recipe than plain, one with an intermediate task if there is any."""
    routes = [Route.parse(route) for route in material.routes]
    others = sorted((route for route in routes if route.recipe != PLAIN), key=lambda route: route.task == BASELINE)
    return others[0] if len({route.recipe for route in routes}) > 1 else None


def _facts(material: Material) -> list[str]:
    """The study in a line: its size, data and encoder, and what scored it when."""
    counted = {"target": material.targets, "route": material.routes, "seed": material.seeds}
    numbers = [f"one {what}" if len(own) == 1 else f"{len(own)} {what}s" for what, own in counted.items()]
    data, origin = sorted({part["data"] for part in material.study.values()}), material.origin
    facts = [*numbers, *(f"{one} data" for one in data)]
    if origin.get("encoder"):
        facts.append(f"encoder {origin['encoder']}")
    if origin.get("revisions"):
        dated = f" of {origin['date']}" if origin["date"] else ""
        facts.append(f"scored at {', '.join(origin['revisions'])}{dated}")
    return facts + ([f"xstilts {origin['version']}"] if origin else [])


def _evidence(one: Mapping[str, Any]) -> dict[str, str]:
    shown = {"points": points(one["difference"]), "interval": points_interval(one["interval"])}
    return {"what": one["what"], "says": one["says"], "p": p_value(one["p"]), **shown}


def _target(material: Material, target: str, found: Ranking | None) -> TargetPart:
    cells, shuffled = cells_of(material.transfer, target), material.answer.get("shuffled_labels", ())
    return TargetPart(
        name=target,
        about=_about(material, target, cells),
        scale=limit_of(heat_rows(material.transfer, material.study, target)) if cells else 0,
        best=best_figure(material, target, found) if found else None,
        ranking=ranking_table(found) if found else None,
        explorer=explorer(material, target),
        atlas=atlas(material, target, found.candidates[0].route if found else ""),
        comparisons=comparisons(material, target),
        recipes=recipes(material, target),
        missing=_missing(material, target),
        scores=_scores(material.study[target]),
        leaks=leaks(cells),
        forms=form_table(material, target),
        control_differences=control_differences(material, target),
        shuffled_labels=[one["sentence"] for one in shuffled if one["target"] == target],
        scenes=material.scenes[target].about,
        **_figures(material, target),
    )


def _figures(material: Material, target: str) -> dict[str, Any]:
    """The figures of a target by the names of their fields."""
    types = [type_figure(material, target), twin_figure(material, target)]
    return {
        "heat": heat_figure(material, target),
        "intervals": interval_figure(material, target),
        "types": [figure for figure in types if figure],
        "budgets": budget_figure(material, target),
        "curves": curve_figures(material, target),
        "pretraining": pretraining_figure(material, target),
        "cost": cost_figure(material, target),
        "controls": control_figure(material, target),
    }


def _about(material: Material, target: str, cells: Sequence[Mapping[str, Any]]) -> str:
    part = material.study[target]
    languages = [name for name in next(iter(part[part["metric"]].values())) if name not in (ZERO_SHOT, "gap")]
    size = f"{count(cells[0]['examples'])} test examples per language, " if cells else ""
    seeds = "one seed" if part["seeds"] == 1 else f"means over {part['seeds']} seeds"
    return f"{size}{len(languages)} languages, {metric_name(part['metric'])}, {part['data']} data, {seeds}"


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
    body = [[route, *(percent(row[column]) for column in columns)] for route, row in rows.items()]
    return Table(["route", *(column.replace("_", "-") for column in columns)], body)
