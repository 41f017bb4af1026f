"""What the page's figures share: their parts, their colours and words, and charts with one row per route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from xstilts.base.kinds import covers_metrics
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.numbers import ABSENT, points, points_interval

Spec = Mapping[str, Any]
Row = dict[str, Any]  # what a chart draws one mark of

# Colours by name: the style sheet says what they are by day, at night and on paper.
ACCENT, QUIET, INK, LINE, GHOST, PAPER = (
    f"var(--{name})" for name in ("accent", "quiet", "ink", "line", "ghost", "paper")
)
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    "padding": {"left": 2, "right": 6, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "text": {"fontSize": 12, "color": INK},
    "line": {"strokeWidth": 1.75},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
    "axisY": {"labelColor": INK},
}
STEP = 24  # pixels of a row
LABEL = 150  # pixels of a route's name

# What the page calls things that the files name by a key.
WHERE = {ZERO_SHOT: "zero-shot", ENGLISH: "English", "gap": "gap"}
PLACES = {key: WHERE[key] for key in (ZERO_SHOT, ENGLISH)}  # where scores by type and controls are known
METRICS: Mapping[str, str] = covers_metrics(
    {
        "accuracy": "accuracy",
        "soft_accuracy": "soft accuracy",
        "f1": "F1",
        "exact_match": "exact match",
        "pos_f1": "F1 of parts of speech",
        "map": "mean average precision",
        "map_at_20": "mean average precision at 20",
        "pairwise_accuracy": "pairwise accuracy",
        "recall_at_1": "recall at 1",
        "exact_layout": "exact layouts",
        "skeleton": "skeletons",
        "structural_type": "structural types",
        "last_operation": "last operations",
        "first_object": "first objects",
        "concepts": "concepts",
    },
    "xstilts.page.figure.METRICS",
)


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure: the first cell of a row is its heading."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Mark:
    """An entry of a figure's legend: a class of the style sheet that draws it, and what it means."""

    style: str
    meaning: str


BOTH = (Mark("dot", "mean of the languages without labels (zero-shot)"), Mark("ring", "English"))


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes:
        spec: Vega-Lite; its width is that of the page.
        narrow: the same for a phone, where it has to differ.
        least: width in pixels below which it is scrolled, not squeezed.
    """

    title: str
    spec: Spec
    narrow: Spec | None = None
    least: int = 0


@dataclass(frozen=True)
class Figure:
    """Panels that are read together.

    Attributes:
        name: unique on the page, letters and dashes.
        summary: what a reader who sees no chart is told; the table says the rest.
        note: what a reader has to know, a sentence or two.
    """

    name: str
    title: str
    summary: str
    panels: Sequence[Panel]
    table: Table
    note: str = ""
    legend: Sequence[Mark] = field(default_factory=tuple)
    wide: bool = False  # a single panel over the whole width


def metric_name(metric: str, first: bool = False) -> str:
    """A metric in words. `first`: as the first word of a title."""
    name = METRICS[metric]
    return name[:1].upper() + name[1:] if first else name


def difference_cells(record: Mapping[str, Any] | None) -> list[str]:
    """A difference as two cells of a table, points and 95 % interval; dashes where there is none."""
    return [points(record["difference"]), points_interval(record["interval"])] if record else [ABSENT, ABSENT]


def no_intervals(differences: bool) -> str:
    """What stands below scores without intervals.

    Args:
        differences: whether a table of differences, which have intervals, follows.
    """
    return "These scores have no intervals: see the differences below." if differences else "No intervals."


def spec_of(chart: Any) -> Spec:
    """The Vega-Lite spec of a chart, as wide as its place on the page."""
    spec: dict[str, Any] = chart.to_dict()
    return {key: value for key, value in spec.items() if key != "config"} | {"width": "container"}


def rows_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of these rows, without marks yet."""
    return alt.Chart(alt.Data(values=list(rows)))


def tips(**titles: str) -> list[alt.Tooltip]:
    """A tooltip of texts, {field: its title}: charts show numbers as they are written, and round none."""
    return [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]


def route_axis(routes: Sequence[str]) -> alt.Y:
    """One row per route, in this order; also for a route without a mark."""
    names = list(routes)
    scale = alt.Scale(domain=names)
    return alt.Y("route:N", sort=names, title=None, axis=alt.Axis(labelLimit=LABEL), scale=scale)


def filled(fill: str, stroke: str, shape: str = "circle", size: int = 70) -> dict[str, Any]:
    """A mark of these colours."""
    return {"fill": fill, "stroke": stroke, "shape": shape, "size": size, "strokeWidth": 1.75, "opacity": 1}


def dots(rows: Sequence[Row], routes: Sequence[str], mark: dict[str, Any]) -> alt.Chart:
    """A mark at each `score`, from 0 to 100 %, which its `text` says."""
    x = alt.X("score:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 25, 50, 75, 100]))
    tooltip = tips(route="route", text="%")
    chart: alt.Chart = rows_of(rows).mark_point(**mark).encode(x, route_axis(routes), tooltip=tooltip)
    return chart


def by_route(layers: Sequence[alt.Chart], routes: Sequence[str]) -> alt.LayerChart:
    """Layers as high as their routes."""
    return alt.LayerChart(layer=list(layers), height=STEP * len(routes))
