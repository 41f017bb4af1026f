"""What is printed of the statistics: differences to the baseline, recipes beside one another, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.base.cells import Route
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.heat_map import GAP, baseline_name, route_name
from xstilts.report.numbers import ABSENT, detectable, p_value, points, points_interval
from xstilts.report.sentences import sentences
from xstilts.report.table import WIDTH, empty_table

DETECTABLE, SHARED = "minimum\ndetectable", "data of\nboth phases"
Record = Mapping[str, Any]
_MARKS = {"shared": "shares data", "not checked": "not checked", "none": ""}


def print_summary(transfer: Record, answer: Record, console: Console | None = None) -> None:
    """Print, from metrics/transfer.json and metrics/answer.json, a table for each target and the answer's sentences."""
    console = console or Console(width=WIDTH)
    for table in (*_tables(transfer, "cells", difference_table), *_tables(transfer, "recipes", recipe_table)):
        console.print(table)
    if transfer["cells"]:
        console.print(f"Intervals: {transfer['intervals']}. They cover {transfer['covers']}.", highlight=False)
    elif "missing" in transfer:
        console.print(f"No differences: {transfer['missing']}.", highlight=False)
    for sentence in sentences(answer):
        console.print(sentence, markup=False, highlight=False)


def _tables(transfer: Record, part: str, table: Callable[[list[Record]], Table]) -> Iterator[Table]:
    """A table for each target."""
    for _, own in groupby(transfer.get(part, ()), key=lambda one: one["target"]):
        yield table(list(own))


def difference_table(cells: list[Record]) -> Table:
    """A target's routes down, their differences to the baseline in points across."""
    headings = ("zero-shot", "95 %", "p", DETECTABLE, "en", "95 %", SHARED)
    table = _empty(cells, f"minus that of {baseline_name(cells)}", ("route",), headings)
    for cell in cells:
        zero_shot, english = (in_cells(cell.get(part)) for part in (ZERO_SHOT, ENGLISH))
        table.add_row(route_name(cell), *zero_shot, *english[:2], _MARKS[cell["shared_data"]])
    return table


def recipe_table(records: list[Record]) -> Table:
    """Ways of training on a target: each recipe minus the first, by intermediate task; less gap is better."""
    first = Route.parse(records[0]["baseline"]).recipe
    headings = ("zero-shot", "95 %", "p", DETECTABLE, "en", "gap", "95 %")
    table = _empty(records, f"by each recipe minus that by {first}", ("task", "recipe"), headings)
    for record in records:
        zero_shot, english, gap = (in_cells(record.get(part)) for part in (ZERO_SHOT, ENGLISH, GAP))
        table.add_row(record["task"], Route.parse(record["route"]).recipe, *zero_shot, english[0], *gap[:2])
    return table


def _empty(records: list[Record], compared: str, names: tuple[str, ...], headings: tuple[str, ...]) -> Table:
    first = records[0]
    title = f"{first['target']}: {first['metric']} {compared} in points, {first['data']} data"
    return empty_table(title, headings, names, wrap=(SHARED,))


def in_cells(record: Record | None) -> list[str]:
    """Difference, interval, p and minimum detectable difference; dashes where there is none."""
    if record is None or record["interval"][0] is None:
        return [ABSENT] * 4
    return [
        points(record["difference"]),
        points_interval(record["interval"]),
        p_value(record["p"]),
        detectable(record),
    ]
