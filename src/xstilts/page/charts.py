"""Charts of the page: colours, marks and axes, and panels made of rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from xstilts.page.figure import Panel, Spec
from xstilts.report.numbers import percent, percent_interval, points, points_interval

Row = dict[str, Any]  # what a chart draws one mark of
# Colours by name: the style sheet says what they are in light, in dark and in print.
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


def distinct(rows: Iterable[Mapping[str, Any]], key: str) -> list[Any]:
    """The values of a key, each once, in the order of the rows."""
    return list(dict.fromkeys(row[key] for row in rows))


def rows_with(rows: Iterable[Row], **values: Any) -> list[Row]:
    """The rows with these values."""
    return [row for row in rows if all(row[key] == value for key, value in values.items())]


def panels(rows: Sequence[Row], key: str, chart: Callable[[list[Row]], Any]) -> list[Panel]:
    """A panel of the rows of each value of a key, which is its title."""
    return [Panel(value, spec_of(chart(rows_with(rows, **{key: value})))) for value in distinct(rows, key)]


def difference_row(record: Mapping[str, Any]) -> Row:
    """A difference and its interval in points, and in words."""
    low, high = in_percent(record["interval"])
    words = {"text": points(record["difference"]), "interval": points_interval(record["interval"])}
    return {"difference": 100 * record["difference"], "low": low, "high": high, **words}


def score_row(score: float, ends: Sequence[float | None]) -> Row:
    """A score and its interval in percent, and in words."""
    low, high = in_percent(ends)
    words = {"text": percent(score), "interval": percent_interval(ends)}
    return {"score": 100 * score, "low": low, "high": high, **words}


def in_percent(ends: Sequence[float | None]) -> list[float | None]:
    """The ends of an interval in percent or points; None where there is none."""
    return [None if end is None else 100 * end for end in ends]


def ends_of(rows: Iterable[Row], value: str) -> list[float]:
    """The values of rows and the ends of their intervals, which an axis has to hold."""
    return [row[key] for row in rows for key in ("low", "high", value) if row[key] is not None]


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
