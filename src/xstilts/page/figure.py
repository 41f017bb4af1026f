"""What the page's figures and tables are made of, and what they call things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xstilts.base.kinds import covers_metrics
from xstilts.report.cells.metrics import ENGLISH, NAMES, ZERO_SHOT

Spec = Mapping[str, Any]

# What the page calls things that the files name by a key.
PLACES = {key: NAMES[key] for key in (ZERO_SHOT, ENGLISH)}  # where scores by type and controls are known
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
        summary: the chart in words, for readers who cannot see it; the table says the rest.
        note: what a reader should know, a sentence or two.
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


def no_intervals(differences: bool) -> str:
    """What stands below scores without intervals.

    Args:
        differences: whether a table of differences, which have intervals, follows.
    """
    return "These scores have no intervals: see the differences below." if differences else "No intervals."
