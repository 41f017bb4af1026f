"""What is printed of the statistics: means over targets, differences to the baseline, recipes, and the answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.base.cells import Route
from xstilts.report.cells.metrics import ENGLISH, GAP, ZERO_SHOT
from xstilts.report.heat_map import baseline_name, route_name
from xstilts.report.numbers import ABSENT, detectable, p_value, points, points_interval
from xstilts.report.sentences import sentences
from xstilts.report.table import WIDTH, empty_table

NO_RETRIEVAL = "all targets (none is retrieval)"
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


def by_data(transfer: Mapping[str, Any]) -> dict[str, list[Record]]:
    """Means over targets by kind of data, which share no mean: a route's with retrieval, then that without.

    Where both are over the same targets there is one of them, whose `over` says so.
    """
    found: Sequence[Record] = transfer["averages"]
    grouped: dict[tuple[str, str], list[Record]] = {}
    for one in found:
        grouped.setdefault((one["data"], one["route"]), []).append(one)
    shown: dict[str, list[Record]] = {}
    for (data, _), own in grouped.items():
        alike = len(own) > 1 and len({tuple(one["targets"]) for one in own}) == 1
        shown.setdefault(data, []).extend([{**own[0], "over": NO_RETRIEVAL}] if alike else own)
    return shown


def targets_of(average: Record) -> str:
    """The targets in a mean, those not checked for shared data marked."""
    unchecked = average["not_checked"]
    return ", ".join(f"{one} (not checked)" if one in unchecked else one for one in average["targets"])


def print_averages(transfer: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a table of means over targets for each kind of data."""
    console = console or Console(width=WIDTH)
    for data, shown in by_data(transfer).items():
        title = f"means over targets minus {baseline_name(transfer['averages'])} in points, {data} data"
        console.print(_average_table(shown, title))


def _average_table(shown: Sequence[Record], title: str) -> Table:
    words = ("targets", "left out")
    table = empty_table(title, (), ("route", "mean over", "zero-shot", "95 %", "p (Holm)", *words), wrap=words)
    for one in shown:
        own = one[ZERO_SHOT]
        numbers = points(own["difference"]), points_interval(own["interval"]), p_value(own["p_holm"])
        table.add_row(one["route"], one["over"], *numbers, targets_of(one), "; ".join(one["left_out"]) or ABSENT)
    return table
