"""The study as tables for the terminal: routes down, languages across, in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.report.metrics import ENGLISH, ZERO_SHOT

_HEADINGS = {ZERO_SHOT: "zero-shot"}


def print_study(study: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the content of metrics/study.json: a table by language and one by question type a target."""
    console = console or Console(width=120)  # a stage has no terminal whose width could be asked
    for target, part in study.items():
        console.print(language_table(target, part))
        if any(part["types"].values()):
            console.print(type_table(target, part))


def language_table(target: str, part: Mapping[str, Any]) -> Table:
    """Accuracy of each route in each language, beside the blind control (same model, image masked)."""
    accuracy, blind = part["accuracy"], part["blind"]
    columns = list(next(iter(accuracy.values())))
    headings = [_HEADINGS.get(column, column) for column in columns]
    rows = {route: [*row.values(), blind[route][ENGLISH], blind[route][ZERO_SHOT]] for route, row in accuracy.items()}
    title = f"{target}: {part['metric']} in %, {_origin(part)}"
    return _table(title, [*headings, f"blind {ENGLISH}", "blind zero-shot"], rows)


def type_table(target: str, part: Mapping[str, Any]) -> Table:
    """English accuracy of each route by question type."""
    types = part["types"]
    columns = sorted({name for row in types.values() for name in row})
    rows = {route: [types[route].get(column) for column in columns] for route in types}
    return _table(f"{target}: English {part['metric']} in % by question type", columns, rows)


def _origin(part: Mapping[str, Any]) -> str:
    seeds = "one seed" if part["seeds"] == 1 else f"mean over {part['seeds']} seeds"
    return f"{part['data']} data, {seeds}"


def _table(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[float | None]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("route")
    for column in columns:
        table.add_column(column, justify="right")
    for route, values in rows.items():
        table.add_row(route, *("-" if value is None else f"{100 * value:.1f}" for value in values))
    return table
