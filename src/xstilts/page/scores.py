"""Figures of scores by question type."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import altair as alt

from xstilts.page.colours import ACCENT, LINE, PAPER
from xstilts.page.differences import BOTH
from xstilts.page.figure import Figure, Panel, Table, no_intervals, percent, rows_of, spec_of
from xstilts.page.material import Material
from xstilts.page.names import PLACES
from xstilts.page.routes import by_route, dots, filled, route_axis
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT

Row = dict[str, Any]


def type_figure(material: Material, target: str) -> Figure | None:
    """Scores by question type, a panel a type; None where the target has no types."""
    rows = type_rows(material, target)
    if not rows:
        return None
    kinds = list(dict.fromkeys(row["type"] for row in rows))
    return Figure(
        name=f"types-{target}",
        title="Scores by question type, in %",
        summary=f"Scores of {', '.join(material.routes)} by question type, in English and zero-shot.",
        panels=[Panel(kind, spec_of(_dumbbells([row for row in rows if row["type"] == kind]))) for kind in kinds],
        table=_type_table(rows, kinds, material.routes),
        legend=BOTH,
        note=no_intervals(any(one["types"] for one in material.answer["answers"] if one["target"] == target)),
    )


def _type_table(rows: Sequence[Row], kinds: Sequence[str], routes: Sequence[str]) -> Table:
    score = {(row["type"], row["route"], row["where"]): percent(row["score"] / 100) for row in rows}
    table = [
        [kind, route, *(score.get((kind, route, where), "–") for where in PLACES)] for kind in kinds for route in routes
    ]
    return Table(["type", "route", *PLACES.values()], table)


def type_rows(material: Material, target: str) -> list[Row]:
    """A mapping a question type, route and place (`en`, `zero_shot`): the mean score over seeds, in percent."""
    rows = []
    for route in material.routes:
        cells = [material.cells[target, route, seed].get("types", {}) for seed in material.seeds]
        for where in PLACES:
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
    marks = {ZERO_SHOT: filled(ACCENT, ACCENT), ENGLISH: filled(PAPER, ACCENT)}
    return by_route(
        [
            line.encode(x="low:Q", x2="high:Q", y=route_axis(routes)),
            *(dots([row for row in rows if row["where"] == where], routes, mark) for where, mark in marks.items()),
        ],
        routes,
    )
