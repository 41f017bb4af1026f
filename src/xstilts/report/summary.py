"""What is printed of the statistics: differences to the baseline with intervals, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.heat_map import route_name
from xstilts.report.sentences import sentences
from xstilts.report.table import WIDTH

_MARKS = {"shared": "shares data", "not checked": "not checked", "none": ""}


def print_summary(transfer: Mapping[str, Any], answer: Mapping[str, Any], console: Console | None = None) -> None:
    """Print, from metrics/transfer.json and metrics/answer.json, a table for each target and the answer's sentences."""
    console = console or Console(width=WIDTH)
    for _, cells in groupby(transfer["cells"], key=lambda cell: cell["target"]):
        console.print(difference_table(transfer, list(cells)))
    if transfer["cells"]:
        console.print(f"Intervals: {transfer['intervals']}. They cover {transfer['covers']}.", highlight=False)
    elif "missing" in transfer:
        console.print(f"No differences: {transfer['missing']}.", highlight=False)
    for sentence in sentences(answer):
        console.print(sentence, markup=False, highlight=False)


def difference_table(transfer: Mapping[str, Any], cells: list[dict[str, Any]]) -> Table:
    """A target's routes down, their differences to the baseline in points across."""
    first = cells[0]
    title = f"{first['target']}: {first['metric']} less that of {transfer['baseline']} in points, {first['data']} data"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("route", no_wrap=True)
    for heading in ("zero-shot", "95 %", "p", "smallest seen", "en", "95 %", "data of both phases"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cell in cells:
        zero_shot, english = (in_cells(cell.get(part)) for part in (ZERO_SHOT, ENGLISH))
        table.add_row(route_name(cell), *zero_shot, *english[:2], _MARKS[cell["shared_data"]])
    return table


def in_cells(difference: Mapping[str, Any] | None) -> list[str]:
    """Difference, interval, p and the smallest difference seen; dashes where there is none."""
    if difference is None or difference["interval"][0] is None:
        return ["-"] * 4
    low, high = difference["interval"]
    p = "<0.001" if difference["p"] < 0.001 else f"{difference['p']:.3f}"
    points = f"{100 * low:+.1f} to {100 * high:+.1f}"
    smallest = "none" if difference["smallest"] is None else f"{100 * difference['smallest']:.1f}"
    return [f"{100 * difference['difference']:+.1f}", points, p, smallest]
