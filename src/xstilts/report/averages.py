"""The averages of metrics/transfer.json as they are shown: with sentence retrieval and without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.heat_map import baseline_name
from xstilts.report.numbers import ABSENT, p_value, points, points_interval
from xstilts.report.table import WIDTH, empty_table

NO_RETRIEVAL = "all targets (none is retrieval)"
Average = Mapping[str, Any]


def by_data(transfer: Mapping[str, Any]) -> dict[str, list[Average]]:
    """Means over targets by kind of data, which share no mean: a route's with retrieval, then that without.

    Where both are over the same targets there is one of them, whose `over` says so.
    """
    found: Sequence[Average] = transfer["averages"]
    grouped: dict[tuple[str, str], list[Average]] = {}
    for one in found:
        grouped.setdefault((one["data"], one["route"]), []).append(one)
    shown: dict[str, list[Average]] = {}
    for (data, _), own in grouped.items():
        shown.setdefault(data, []).extend(_once(own))
    return shown


def _once(own: Sequence[Average]) -> list[Average]:
    if len(own) > 1 and len({tuple(one["targets"]) for one in own}) == 1:
        return [{**own[0], "over": NO_RETRIEVAL}]
    return list(own)


def targets_of(average: Average) -> str:
    """The targets in a mean, those not checked for shared data marked."""
    unchecked = average["not_checked"]
    return ", ".join(f"{one} (not checked)" if one in unchecked else one for one in average["targets"])


def print_averages(transfer: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a table of means over targets for each kind of data."""
    console = console or Console(width=WIDTH)
    for data, shown in by_data(transfer).items():
        title = f"means over targets minus {baseline_name(transfer['averages'])} in points, {data} data"
        console.print(_table(shown, title))


def _table(shown: Sequence[Average], title: str) -> Table:
    words = ("targets", "left out")
    table = empty_table(title, (), ("route", "mean over", "zero-shot", "95 %", "p (Holm)", *words), wrap=words)
    for one in shown:
        own = one[ZERO_SHOT]
        numbers = points(own["difference"]), points_interval(own["interval"]), p_value(own["p_holm"])
        table.add_row(one["route"], one["over"], *numbers, targets_of(one), "; ".join(one["left_out"]) or ABSENT)
    return table
