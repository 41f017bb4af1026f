"""The figure of scores with intervals: zero-shot, English and the gap of every route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from xstilts.page.colours import ACCENT
from xstilts.page.figure import Figure, Mark, Panel, Table, percent, rows_of, spec_of
from xstilts.page.material import Material
from xstilts.page.names import WHERE, metric_name
from xstilts.page.routes import by_route, route_axis
from xstilts.report.differences import covers

Row = dict[str, Any]
NOTE = (
    "Each interval is that of one route's score. Two routes are compared by their paired difference and its own "
    "interval, not by whether these overlap: see the heat map."
)


def interval_figure(material: Material, target: str) -> Figure | None:
    """Scores of every route with 95 % intervals, a panel a mean; None where the study holds no intervals."""
    part = material.study[target]
    rows = interval_rows(material, target)
    if not rows:
        return None
    there = [name for name in WHERE.values() if any(row["where"] == name for row in rows)]
    ends = [f"{row['route']} {row['score']:.1f} ({row['interval']})" for row in rows if row["where"] == there[0]]
    spread = part.get("spread")
    return Figure(
        name=f"scores-{target}",
        title=f"{metric_name(part['metric'], first=True)} of every route, in %",
        summary=f"Scores of every route with intervals, {there[0]}: {', '.join(ends)}.",
        panels=[Panel(name, spec_of(_bars([row for row in rows if row["where"] == name]))) for name in there],
        table=_table(rows, material.routes, there, spread is not None),
        legend=[Mark("dot", _mean(material.seeds)), Mark("stroke", f"95 % interval: {covers(len(material.seeds))}")],
        note=NOTE,
    )


def _mean(seeds: Sequence[int]) -> str:
    return "score" if len(seeds) == 1 else f"mean over {len(seeds)} seeds"


def interval_rows(material: Material, target: str) -> list[Row]:
    """A mapping a mean and route: score, ends of its interval and deviation over seeds (`sd`), in percent."""
    part = material.study[target]
    scores, intervals, spread = part[part["metric"]], part.get("intervals", {}), part.get("spread", {})
    rows = []
    for key, word in WHERE.items():
        for route in (route for route in material.routes if key in intervals.get(route, {})):
            low, high = (None if end is None else 100 * end for end in intervals[route][key])
            shown = "no interval" if low is None else f"{low:.1f} to {high:.1f}"
            sd = percent(spread[route][key]) if route in spread else ""
            about = {"where": word, "route": route, "score": 100 * scores[route][key]}
            rows.append(about | {"low": low, "high": high, "interval": shown, "sd": sd})
    return rows


def _table(rows: Sequence[Row], routes: Sequence[str], there: Sequence[str], with_spread: bool) -> Table:
    """A row a route: of each mean the score, its interval and, of several seeds, the deviation over them."""
    found = {(row["where"], row["route"]): row for row in rows}
    beside = ["95 % interval", "sd over seeds"] if with_spread else ["95 % interval"]
    body = []
    for route in routes:
        own = [found[word, route] for word in there]
        cells = [[percent(row["score"] / 100), row["interval"], row["sd"]][: 1 + len(beside)] for row in own]
        body.append([route, *(cell for three in cells for cell in three)])
    return Table(["route", *(head for word in there for head in (word, *beside))], body)


def _bars(rows: Sequence[Row]) -> alt.LayerChart:
    """A line an interval with a dot at the score, on an axis of their own: it shows how far routes lie apart."""
    routes = [row["route"] for row in rows]
    ends = [row[end] for row in rows for end in ("low", "high", "score") if row[end] is not None]
    scale = alt.Scale(domain=[min(ends), max(ends)], nice=True, zero=False)
    x = alt.X("score:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
    y = route_axis(routes)
    score = alt.Tooltip("score:Q", format=".1f", title="%")
    tooltip = [alt.Tooltip("route:N"), score, alt.Tooltip("interval:N", title="95 %")]
    line = rows_of(rows).mark_rule(strokeWidth=2, color=ACCENT, opacity=0.45)
    dot = rows_of(rows).mark_point(shape="circle", fill=ACCENT, stroke=ACCENT, size=70, opacity=1)
    return by_route(
        [line.encode(alt.X("low:Q", title=None), alt.X2("high:Q"), y), dot.encode(x, y, tooltip=tooltip)], routes
    )
