"""Figures of every route's scores: with intervals, and by question type."""

from collections.abc import Sequence
from statistics import fmean

import altair as alt

from xstilts.page.charts import (
    ACCENT,
    LINE,
    PAPER,
    Row,
    by_route,
    distinct,
    dots,
    ends_of,
    filled,
    panels,
    route_axis,
    rows_of,
    rows_with,
    score_row,
    tips,
)
from xstilts.page.figure import BOTH, PLACES, Figure, Mark, Table, metric_name, no_intervals
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ENGLISH, NAMES, ZERO_SHOT
from xstilts.report.numbers import ABSENT, percent

NOTE = (
    "Each interval is that of one route's score. Compare two routes by their paired difference and its interval, not "
    "by whether these intervals overlap: see the heat map."
)


def interval_figure(material: Material, target: str) -> Figure | None:
    """Scores of every route with 95 % intervals, one panel per mean; None where the study holds no intervals."""
    part = material.study[target]
    rows = interval_rows(material, target)
    if not rows:
        return None
    there = distinct(rows, "where")
    ends = [f"{row['route']} {row['text']} ({row['interval']})" for row in rows_with(rows, where=there[0])]
    covers, seeds = material.transfer["covers"], len(material.seeds)
    mean = "score" if seeds == 1 else f"mean over {seeds} seeds"
    return Figure(
        name=f"scores-{target}",
        title=f"{metric_name(part['metric'], first=True)} of every route, in %",
        summary=f"Scores of every route with intervals, {there[0]}: {', '.join(ends)}.",
        panels=panels(rows, "where", _bars),
        table=_interval_table(rows, material.routes, there, "spread" in part),
        legend=[Mark("dot", mean), Mark("stroke", f"95 % interval: {covers}")],
        note=NOTE,
    )


def interval_rows(material: Material, target: str) -> list[Row]:
    """One row per mean and route: score and ends of its interval in percent; `text`, `interval` and `sd` in words."""
    part = material.study[target]
    scores, intervals, spread = part[part["metric"]], part.get("intervals", {}), part.get("spread", {})
    rows = []
    for key, word in NAMES.items():
        for route in (route for route in material.routes if key in intervals.get(route, {})):
            own = score_row(scores[route][key], intervals[route][key])
            sd = percent(spread[route][key]) if route in spread else ""
            rows.append({"where": word, "route": route, **own, "sd": sd})
    return rows


def _interval_table(rows: Sequence[Row], routes: Sequence[str], there: Sequence[str], with_spread: bool) -> Table:
    """One row per route: for each mean the score, its interval and, with several seeds, the deviation over them."""
    found = {(row["where"], row["route"]): row for row in rows}
    heads = {"text": "", "interval": "95 % interval"} | ({"sd": "sd over seeds"} if with_spread else {})
    body = [[route, *(found[word, route][key] for word in there for key in heads)] for route in routes]
    return Table(["route", *(head or word for word in there for head in heads.values())], body)


def _bars(rows: Sequence[Row]) -> alt.LayerChart:
    """One line per interval with a dot at the score, on an axis of its own: it shows how far apart routes lie."""
    routes = [row["route"] for row in rows]
    ends = ends_of(rows, "score")
    scale = alt.Scale(domain=[min(ends), max(ends)], nice=True, zero=False)
    x = alt.X("score:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
    y, tooltip = route_axis(routes), tips(route="route", text="%", interval="95 %")
    line = rows_of(rows).mark_rule(strokeWidth=2, color=ACCENT, opacity=0.45)
    dot = rows_of(rows).mark_point(**filled(ACCENT, ACCENT))
    return by_route(
        [line.encode(alt.X("low:Q", title=None), alt.X2("high:Q"), y), dot.encode(x, y, tooltip=tooltip)], routes
    )


def type_figure(material: Material, target: str) -> Figure | None:
    """Scores by question type, one panel per type; None where the target has no types."""
    rows = type_rows(material, target)
    if not rows:
        return None
    kinds = distinct(rows, "type")
    return Figure(
        name=f"types-{target}",
        title="Scores by question type, in %",
        summary=f"Scores of {', '.join(material.routes)} by question type, in English and zero-shot.",
        panels=panels(rows, "type", _dumbbells),
        table=_type_table(rows, kinds, material.routes),
        legend=BOTH,
        note=no_intervals(any(one["types"] for one in material.answer["answers"] if one["target"] == target)),
    )


def _type_table(rows: Sequence[Row], kinds: Sequence[str], routes: Sequence[str]) -> Table:
    text = {(row["type"], row["route"], row["where"]): row["text"] for row in rows}
    table = [
        [kind, route, *(text.get((kind, route, where), ABSENT) for where in PLACES)]
        for kind in kinds
        for route in routes
    ]
    return Table(["type", "route", *PLACES.values()], table)


def type_rows(material: Material, target: str) -> list[Row]:
    """One row per question type, route and place (`en`, `zero_shot`): the mean score over seeds, in percent."""
    rows = []
    for route in material.routes:
        cells = [cell.get("types", {}) for cell in material.cells[target][route]]
        for where in PLACES:
            for kind in sorted({kind for cell in cells for kind in cell.get(where, {})}):
                score = fmean(cell[where][kind] for cell in cells)
                about = {"type": kind, "route": route, "where": where}
                rows.append({**about, "score": 100 * score, "text": percent(score)})
    return rows


def _dumbbells(rows: Sequence[Row]) -> alt.LayerChart:
    """One row per route: English and zero-shot, and the gap between them as a line."""
    routes = distinct(rows, "route")
    score = {(row["route"], row["where"]): row["score"] for row in rows}
    ends = {"low": ZERO_SHOT, "high": ENGLISH}
    gaps = [{"route": route, **{end: score.get((route, where)) for end, where in ends.items()}} for route in routes]
    line = rows_of(gaps).mark_rule(color=LINE, strokeWidth=3)
    marks = {ZERO_SHOT: filled(ACCENT, ACCENT), ENGLISH: filled(PAPER, ACCENT)}
    return by_route(
        [
            line.encode(x="low:Q", x2="high:Q", y=route_axis(routes)),
            *(dots(rows_with(rows, where=where), routes, mark) for where, mark in marks.items()),
        ],
        routes,
    )
