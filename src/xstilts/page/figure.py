"""A figure of the page: one or several charts, what they show in words, and a table of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

Spec = Mapping[str, Any]


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


def spec_of(chart: Any) -> Spec:
    """The Vega-Lite spec of a chart, as wide as its place on the page."""
    spec: dict[str, Any] = chart.to_dict()
    return {key: value for key, value in spec.items() if key != "config"} | {"width": "container"}


def rows_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of these rows, without marks yet."""
    return alt.Chart(alt.Data(values=list(rows)))


def no_intervals(differences: bool) -> str:
    """What stands below scores without intervals.

    Args:
        differences: whether a table of differences, which have intervals, follows.
    """
    return "These scores have no intervals: see the differences below." if differences else "No intervals."


def percent(value: float | None) -> str:
    """`51.5`, or a dash where there is no score."""
    return "–" if value is None else f"{100 * value:.1f}"


def points(value: float | None) -> str:
    """`+3.9` or `−3.9`, of a difference in fractions of 1."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def interval(record: Mapping[str, Any]) -> str:
    """`−2.1 to +4.6`, the interval of a difference."""
    low, high = record["interval"]
    return "none" if low is None else f"{points(low)} to {points(high)}"


def p_value(value: float | None) -> str:
    """A p-value to three digits."""
    return "–" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
