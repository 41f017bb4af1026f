"""Charts with a row a route, which figures of scores have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from xstilts.page.figure import rows_of

STEP = 24  # pixels of a row
LABEL = 130  # pixels of a route's name


def route_axis(routes: Sequence[str]) -> alt.Y:
    """A row a route, in this order; also for a route without a mark."""
    names = list(routes)
    scale = alt.Scale(domain=names)
    return alt.Y("route:N", sort=names, title=None, axis=alt.Axis(labelLimit=LABEL), scale=scale)


def filled(fill: str, stroke: str, shape: str = "circle", size: int = 70) -> dict[str, Any]:
    """A mark of these colours."""
    return {"fill": fill, "stroke": stroke, "shape": shape, "size": size, "strokeWidth": 1.75, "opacity": 1}


def dots(rows: Sequence[dict[str, Any]], routes: Sequence[str], mark: dict[str, Any]) -> alt.Chart:
    """A mark at each score, from 0 to 100 %."""
    x = alt.X("score:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 25, 50, 75, 100]))
    tooltip = [alt.Tooltip("route:N"), alt.Tooltip("score:Q", format=".1f", title="%")]
    chart: alt.Chart = rows_of(rows).mark_point(**mark).encode(x, route_axis(routes), tooltip=tooltip)
    return chart


def by_route(layers: Sequence[alt.Chart], routes: Sequence[str]) -> alt.LayerChart:
    """Layers as high as their routes."""
    return alt.LayerChart(layer=list(layers), height=STEP * len(routes))
