"""Figures of scores: by question type, and beside the controls."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import altair as alt

from xstilts.page.colours import ACCENT, LINE, PAPER, QUIET
from xstilts.page.differences import BOTH
from xstilts.page.figure import Figure, Mark, Panel, Table, percent, rows_of, spec_of
from xstilts.page.material import Material
from xstilts.report.metrics import CONTROLS, ENGLISH, ZERO_SHOT

Row = dict[str, Any]
STEP = 24  # pixels of a row
SEEN = "seen"
_CONTROL_WORDS = {
    SEEN: "with the picture",
    "blind": "blind: without it",
    "shuffled": "shuffled: with another scene's",
}
_STYLES = {SEEN: "dot", "blind": "ring", "shuffled": "diamond"}


def type_figure(material: Material, target: str) -> Figure | None:
    """Scores by question type, a panel a type; None where the target has no types."""
    rows = type_rows(material, target)
    if not rows:
        return None
    kinds = list(dict.fromkeys(row["type"] for row in rows))
    by_route = {(row["type"], row["route"], row["where"]): percent(row["score"] / 100) for row in rows}
    places = ((ZERO_SHOT, "zero-shot"), (ENGLISH, "English"))
    table = [
        [kind, route, *(by_route.get((kind, route, where), "–") for where, _ in places)]
        for kind in kinds
        for route in material.routes
    ]
    return Figure(
        name=f"types-{target}",
        title="Scores by question type, in %",
        summary=f"Scores of {', '.join(material.routes)} by question type, in English and zero-shot.",
        panels=[Panel(kind, spec_of(_dumbbells([row for row in rows if row["type"] == kind]))) for kind in kinds],
        table=Table(["type", "route", *(word for _, word in places)], table),
        legend=BOTH,
    )


def type_rows(material: Material, target: str) -> list[Row]:
    """A mapping a question type, route and place (`en`, `zero_shot`): the mean score over seeds, in percent."""
    rows = []
    for route in material.routes:
        cells = [material.cells[target, route, seed].get("types", {}) for seed in material.seeds]
        for where in (ZERO_SHOT, ENGLISH):
            for kind in sorted({kind for cell in cells for kind in cell.get(where, {})}):
                score = 100 * fmean(cell[where][kind] for cell in cells)
                rows.append({"type": kind, "route": route, "where": where, "score": score})
    return rows


def _dumbbells(rows: Sequence[Row]) -> alt.LayerChart:
    """A row a route: English and zero-shot, and the gap between them as a line."""
    routes = list(dict.fromkeys(row["route"] for row in rows))
    score = {(row["route"], row["where"]): row["score"] for row in rows}
    ends = {"low": ZERO_SHOT, "high": ENGLISH}
    gaps = [{"route": route, **{end: score.get((route, where)) for end, where in ends.items()}} for route in routes]
    line = rows_of(gaps).mark_rule(color=LINE, strokeWidth=3)
    marks = {ZERO_SHOT: _filled(ACCENT, ACCENT), ENGLISH: _filled(PAPER, ACCENT)}
    return _by_route(
        [
            line.encode(x="low:Q", x2="high:Q", y=_y(routes)),
            *(_dots([row for row in rows if row["where"] == where], routes, mark) for where, mark in marks.items()),
        ],
        routes,
    )


def _y(routes: Sequence[str]) -> alt.Y:
    return alt.Y("route:N", sort=list(routes), title=None, axis=alt.Axis(labelLimit=100))


def _filled(fill: str, stroke: str, shape: str = "circle", size: int = 70) -> dict[str, Any]:
    return {"fill": fill, "stroke": stroke, "shape": shape, "size": size, "strokeWidth": 1.75, "opacity": 1}


def _dots(rows: Sequence[Row], routes: Sequence[str], mark: dict[str, Any]) -> alt.Chart:
    x = alt.X("score:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 25, 50, 75, 100]))
    tooltip = [alt.Tooltip("route:N"), alt.Tooltip("score:Q", format=".1f", title="%")]
    chart: alt.Chart = rows_of(rows).mark_point(**mark).encode(x, _y(routes), tooltip=tooltip)
    return chart


def _by_route(layers: Sequence[alt.Chart], routes: Sequence[str]) -> alt.LayerChart:
    return alt.LayerChart(layer=list(layers), height=STEP * len(routes))


def control_figure(material: Material, target: str) -> Figure | None:
    """The score beside the same model's without the picture and with another's; None without pictures."""
    part = material.study[target]
    rows = control_rows(material, target)
    if len({row["what"] for row in rows}) < 2:
        return None
    shown = [what for what in (SEEN, *CONTROLS) if any(row["what"] == what for row in rows)]
    places = {ZERO_SHOT: "zero-shot", ENGLISH: "English"}
    score = {(row["where"], row["route"], row["what"]): percent(row["score"] / 100) for row in rows}
    table = [
        [word, route, *(score.get((where, route, what), "–") for what in shown)]
        for where, word in places.items()
        for route in material.routes
    ]
    return Figure(
        name=f"controls-{target}",
        title=f"{part['metric'].capitalize()} with the picture and without, in %",
        summary=f"Scores of {', '.join(material.routes)} beside the controls {' and '.join(shown[1:])}.",
        panels=[
            Panel(word, spec_of(_controls([row for row in rows if row["where"] == where])))
            for where, word in places.items()
            if any(row["where"] == where for row in rows)
        ],
        table=Table(["where", "route", *shown], table),
        legend=[Mark(_STYLES[what], _CONTROL_WORDS[what]) for what in shown],
        note="The same model and questions. What is not above blind was not seen.",
    )


def control_rows(material: Material, target: str) -> list[Row]:
    """A mapping a place, route and what was shown (`seen`, `blind`, `shuffled`): the score in percent."""
    part = material.study[target]
    tables = {SEEN: part[part["metric"]], **{control: part[control] for control in CONTROLS if control in part}}
    return [
        {"where": where, "route": route, "what": what, "score": 100 * table[route][where]}
        for where in (ZERO_SHOT, ENGLISH)
        for route in material.routes
        for what, table in tables.items()
        if where in table[route]
    ]


def _controls(rows: Sequence[Row]) -> alt.LayerChart:
    routes = list(dict.fromkeys(row["route"] for row in rows))
    marks = {
        SEEN: _filled(ACCENT, ACCENT),
        "blind": _filled(PAPER, QUIET),
        "shuffled": _filled(PAPER, QUIET, "diamond"),
    }
    there = [(what, mark) for what, mark in marks.items() if any(row["what"] == what for row in rows)]
    layers = [_dots([row for row in rows if row["what"] == what], routes, mark) for what, mark in there]
    return _by_route(layers, routes)
