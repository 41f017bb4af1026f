"""Figures of training: the curves of English dev, and what each route's two phases took."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import floor
from statistics import fmean
from typing import Any

import altair as alt

from xstilts.page.charts import ACCENT, GHOST, Row, by_route, panels, route_axis, rows_of, rows_with, tips
from xstilts.page.figure import Figure, Mark, Panel, Table
from xstilts.page.material import Material
from xstilts.report.numbers import count, loss, percent

PHASES = {"intermediate": "Phase 1: the intermediate task", "target": "Phase 2: the target task"}
COSTS = ("updates", "examples", "tokens")
HEIGHT = 120  # pixels of a curve
LINES = (Mark("stroke", "the route"), Mark("stroke ghost", "the other routes"))


def curve_figures(material: Material, target: str) -> list[Figure]:
    """The curves of both phases, one panel per route; in phase 2 each is drawn over the others in grey."""
    figures = []
    for phase, title in PHASES.items():
        rows = curve_rows(material, target, phase)
        if not rows:
            continue
        others = rows if phase == "target" else []  # scores of different tasks share no scale
        low = 10 * floor(min(row["dev"] for row in rows) / 10)
        drawn = panels(rows, "route", partial(_curve, others=others, low=low))
        figures.append(_curve_figure(f"curves-{phase}-{target}", title, rows, drawn, LINES if others else ()))
    return figures


def _curve_figure(name: str, title: str, rows: Sequence[Row], drawn: Sequence[Panel], legend: Sequence[Mark]) -> Figure:
    head = ["route", "seed", "update", "loss", "English dev, %"]
    table = [[row["route"], str(row["seed"]), count(row["update"]), loss(row["loss"]), row["text"]] for row in rows]
    last = {(row["route"], row["seed"]): row["text"] for row in rows}
    ends = [f"{route}, seed {seed}: {dev} %" for (route, seed), dev in last.items()]
    summary = f"{title}: English dev score by update. At the end {'; '.join(ends)}."
    heading = f"{title}, English dev score in % by update"
    return Figure(name, heading, summary, drawn, Table(head, table), legend=legend)


def curve_rows(material: Material, target: str, phase: str) -> list[Row]:
    """One row per evaluation: route, seed, update, loss, and the dev score in percent."""
    rows = []
    for route in material.routes:
        for seed, phases in zip(material.seeds, material.training[target][route], strict=True):
            for point in (phases[phase] or {"curve": []})["curve"]:
                score = {"dev": 100 * point["dev"], "text": percent(point["dev"])}
                rows.append({"route": route, "seed": seed, "update": point["update"], "loss": point["loss"], **score})
    return rows


def _curve(rows: Sequence[Row], others: Sequence[Row], low: int) -> alt.LayerChart:
    y = alt.Y("dev:Q", title=None, scale=alt.Scale(domain=[low, 100], clamp=True), axis=alt.Axis(tickCount=4))
    x = alt.X("update:Q", title=None, scale=alt.Scale(zero=True, nice=False), axis=alt.Axis(tickCount=4, grid=False))
    each = alt.Detail(["route:N", "seed:N"])
    tooltip = tips(seed="seed", update="update", text="dev, %")
    layers = [rows_of(others).mark_line(color=GHOST, strokeWidth=1).encode(x, y, each)] if others else []
    mark: dict[str, Any] = {"fill": ACCENT, "size": 34, "opacity": 1}
    layers.append(rows_of(rows).mark_line(color=ACCENT).encode(x, y, each))
    layers.append(rows_of(rows).mark_circle(**mark).encode(x, y, each, tooltip=tooltip))
    return alt.LayerChart(layer=layers, height=HEIGHT)


def cost_figure(material: Material, target: str) -> Figure | None:
    """Updates, examples and tokens of both phases, a mean over seeds; None where nothing was trained."""
    rows, routes = list(cost_rows(material, target)), material.routes
    if not rows:
        return None
    table = _cost_table(rows, routes)
    first = ", ".join(f"{row[0]} {row[1]}" for row in table.rows)
    return Figure(
        name=f"cost-{target}",
        title="What training took",
        summary=f"Updates, examples and tokens of each route. Updates of phase 1: {first}.",
        panels=panels(rows, "cost", partial(_bars, routes=routes)),
        table=table,
        legend=[Mark("bar", "phase 1, the intermediate task"), Mark("bar ghost", "phase 2, the target task")],
    )


def _cost_table(rows: Sequence[Row], routes: Sequence[str]) -> Table:
    """One row per route, updates of phase 1 first."""
    taken = {(row["route"], row["phase"], row["cost"]): row["text"] for row in rows}
    table = [[route, *(taken.get((route, phase, cost), "0") for phase in PHASES for cost in COSTS)] for route in routes]
    return Table(["route", *(f"{cost}, phase {n}" for n in (1, 2) for cost in COSTS)], table)


def cost_rows(material: Material, target: str) -> Iterator[Row]:
    """One row per route, phase and cost: `count`, a mean over seeds."""
    for route in material.routes:
        for phase in PHASES:
            known = [phases[phase] for phases in material.training[target][route] if phases[phase]]
            for cost in COSTS if known else ():
                number = fmean(own[cost] for own in known)
                yield {"route": route, "phase": phase, "cost": cost, "count": number, "text": count(number)}


def _bars(rows: Sequence[Row], routes: Sequence[str]) -> alt.LayerChart:
    """One bar per route, phase 1 before phase 2."""
    axis, y = alt.Axis(tickCount=4, format="~s"), route_axis(routes)
    tooltip = tips(route="route", phase="phase", text="count")
    before = {row["route"]: row["count"] for row in rows if row["phase"] == "intermediate"}
    colours = {"intermediate": ACCENT, "target": GHOST}
    layers = []
    for phase, colour in colours.items():
        mine = rows_with(rows, phase=phase)
        starts = [before.get(row["route"], 0) if phase == "target" else 0 for row in mine]
        own = [row | {"from": at, "to": at + row["count"]} for row, at in zip(mine, starts, strict=True)]
        bar = rows_of(own).mark_bar(color=colour, size=12, cornerRadius=2)
        layers.append(bar.encode(alt.X("from:Q", title=None, axis=axis), alt.X2("to:Q"), y, tooltip=tooltip))
    return by_route(layers, routes)
