"""A report as tables on the terminal."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.bench.report import Report

BUSY = 0.1  # part of the machine that others take above which a warning stands over the numbers
GIGA = 1e9


def print_report(report: Report, console: Console | None = None) -> None:
    """Print a line a side, and what the numbers mean."""
    console = console or Console(width=160)
    plan = report["plan"]
    examples = ", ".join(f"{plan['tasks'][data]} {count}" for data, count in report["examples"].items())
    print_line = console.print
    print_line(f"{report['hardware']}; {plan['threads']} threads; {plan['shape'] or plan['public']}", highlight=False)
    print_line(f"medians of {plan['rounds']} rounds; examples a round: {examples}", highlight=False)
    if plan["regions"]:
        print_line(f"every picture has {plan['regions']} random regions in place of its own", highlight=False)
    if report["busy"] > BUSY:
        print_line(f"BUSY MACHINE ({report['busy']:.0%} taken by others): do not quote these numbers", highlight=False)
    console.print(step_table(report) if report["command"] == "step" else side_table(report))
    if "limit" in report:
        best = ", ".join(f"{name} {rate / GIGA:,.0f}" for name, rate in report["limit"].items())
        print_line(f"best matrix products of this run, GFLOP/s: {best}", highlight=False)


def side_table(report: Report) -> Table:
    """Rates, padding, memory and ratios, a row a side."""
    rows = [side_cells(side, entry["median"], report) for side, entry in report["sides"].items()]
    headings = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    table = _table(headings)
    for row in rows:
        table.add_row(*(row[heading] for heading in headings))
    return table


def side_cells(side: str, numbers: dict[str, Any], report: Report) -> dict[str, str]:
    """The cells of one side by heading, "" where there is nothing to say."""
    positions, accuracy = numbers["positions"], numbers["accuracy"]
    limit = report.get("limit_fractions", {}).get(side)
    return {
        "side": side,
        "examples/s": f"{numbers['examples_per_second']:,.1f}",
        unit(report): f"{numbers['tokens_per_second']:,.0f}",
        "padding": f"{1 - numbers['tokens'] / positions:.0%}" if positions else "",
        "peak memory": f"{numbers['peak_memory_bytes'] / GIGA:.2f} GB",
        "of the limit": "" if limit is None else f"{limit:.1%}",
        "ours is": _times(report["ratios"].get(side)),
        "range": " to ".join(_times(one) for one in report["ratio_ranges"].get(side, [])),
        "all weights": _times(report["ratios_all_weights"].get(side)),
        "English dev": "" if accuracy is None else f"{accuracy:.1%}",
    }


def step_table(report: Report) -> Table:
    """Milliseconds of one step and its share, a row a part, for every data."""
    sides = report["sides"]
    table = _table(["part", *(f"{side} {what}" for side in sides for what in ("ms", "share"))])
    steps = {side: entry["median_step"] for side, entry in sides.items()}
    for part in next(iter(steps.values())):
        numbers = [(seconds[part], sum(seconds.values())) for seconds in steps.values()]
        table.add_row(part, *(cell for own, all_ in numbers for cell in (f"{own * 1e3:.1f}", f"{own / all_:.0%}")))
    table.add_row("step", *(cell for one in steps.values() for cell in (f"{sum(one.values()) * 1e3:.1f}", "")))
    return table


def unit(report: Report) -> str:
    """What the second rate counts."""
    return "tokens or regions/s" if report["command"] == "encode" else "tokens/s"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"


def _table(headings: list[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table
