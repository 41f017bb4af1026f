"""The study as tables for the terminal: routes down, languages across, in percent."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.report.cells.metrics import CONTROLS, ENGLISH, ZERO_SHOT
from xstilts.report.differences import covers
from xstilts.report.numbers import percent, percent_interval

WIDTH = 120  # a stage has no terminal whose width could be asked
# What stands beside the metrics: see `xstilts.report.paired`.
FORMS = {"form": "answers of the right form", "content": "accuracy given the right form"}
_MEANS = (ENGLISH, ZERO_SHOT, "gap")  # what a folded table keeps of the columns
# Parts of a target that are no metric.
_WITHOUT = {"data", "metric", "seeds", "types", "spread", "intervals", "form_types", *CONTROLS}


def print_study(study: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the content of metrics/study.json: a table by language for each target and metric, and by question type."""
    console = console or Console(width=WIDTH)
    for target, part in study.items():
        for metric in (name for name in part if name not in _WITHOUT):
            console.print(fitting_table(target, part, metric, console))
        if "intervals" in part:
            console.print(interval_table(target, part))
        if any(part.get("types", {}).values()):
            console.print(type_table(target, part))
        for measure, by_type in part.get("form_types", {}).items():
            if by_type:
                console.print(form_table(target, measure, by_type))


def fitting_table(target: str, part: Mapping[str, Any], metric: str, console: Console) -> Table:
    """The widest of the two tables below that fits on a console; with headings that are broken before it is folded."""
    full = (language_table(target, part, metric, narrow) for narrow in (False, True))
    endless = console.options.update(max_width=100 * WIDTH)
    fitting = (table for table in full if console.measure(table, options=endless).maximum <= console.width)
    return next(fitting, None) or folded_table(target, part, metric)


def language_table(target: str, part: Mapping[str, Any], metric: str, narrow: bool = False) -> Table:
    """A metric of each route in each language, beside the blind control (same model, image masked) if there is one.

    Args:
        narrow: break the longest headings.
    """
    headings = [_heading(column) for column in _columns(part, metric)]
    blind = _blind(part, metric)
    headings += [heading.replace(" ", "\n") if narrow else heading for heading in blind]
    rows = {
        route: [*row.values(), *(part["blind"][route][column] for column in blind.values())]
        for route, row in part[metric].items()
    }
    return _table(_title(target, part, metric), headings, rows)


def folded_table(target: str, part: Mapping[str, Any], metric: str) -> Table:
    """The same for more languages than fit: English, the means, and the lowest and highest of the other languages."""
    means = [column for column in _MEANS if column in _columns(part, metric)]
    blind = _blind(part, metric)
    headings = [*(_heading(column) for column in means), "lowest", "highest", *blind]
    languages = [column for column in _columns(part, metric) if column not in (ZERO_SHOT, "gap")]
    table = empty_table(f"{_title(target, part, metric)}, {len(languages)} languages", headings)
    for route, row in part[metric].items():
        ranked = sorted((code for code in languages if code != ENGLISH), key=row.__getitem__)
        ends = [f"{language} {percent(row[language])}" for language in (ranked[0], ranked[-1])]
        controls = (percent(part["blind"][route][column]) for column in blind.values())
        table.add_row(route, *(percent(row[column]) for column in means), *ends, *controls)
    return table


def interval_table(target: str, part: Mapping[str, Any]) -> Table:
    """The main scores of each route with their intervals and, for several seeds, their deviation (`sd`)."""
    scores, intervals, spread = part[part["metric"]], part["intervals"], part.get("spread")
    columns = [name for name in (ZERO_SHOT, ENGLISH, "gap") if name in next(iter(intervals.values()))]
    beside = ("95 %", "sd") if spread else ("95 %",)
    title = f"{target}: {part['metric']} in % with intervals, which cover {covers(part['seeds'])}"
    table = empty_table(title, [heading for name in columns for heading in (_heading(name), *beside)])
    for route, row in scores.items():
        cells: list[str] = []
        for name in columns:
            cells += [percent(row[name]), percent_interval(intervals[route][name])]
            cells += [percent(spread[route][name])] if spread else []
        table.add_row(route, *cells)
    return table


def type_table(target: str, part: Mapping[str, Any]) -> Table:
    """English scores of each route by question type."""
    types = part["types"]
    columns = sorted({name for row in types.values() for name in row})
    rows = {route: [types[route].get(column) for column in columns] for route in types}
    return _table(f"{target}: English {part['metric']} in % by question type", columns, rows)


def form_table(target: str, measure: str, by_type: Mapping[str, Any]) -> Table:
    """The rate of answers of the right form, or accuracy given that, of each route by question type, zero-shot."""
    routes = next(iter(by_type.values()))
    rows = {route: [own[route].get(ZERO_SHOT) for own in by_type.values()] for route in routes}
    return _table(f"{target}: zero-shot {FORMS[measure]} in % by question type", list(by_type), rows)


def _columns(part: Mapping[str, Any], metric: str) -> list[str]:
    return list(next(iter(part[metric].values())))


def _heading(column: str) -> str:
    return "zero-shot" if column == ZERO_SHOT else column


def _blind(part: Mapping[str, Any], metric: str) -> dict[str, str]:
    """{heading: column} of what is shown of the control, which is scored by the main metric alone."""
    if metric != part["metric"] or "blind" not in part:
        return {}
    there = next(iter(part["blind"].values()))
    return {f"blind {_heading(column)}": column for column in (ENGLISH, ZERO_SHOT) if column in there}


def _title(target: str, part: Mapping[str, Any], metric: str) -> str:
    seeds = "one seed" if part["seeds"] == 1 else f"mean over {part['seeds']} seeds"
    return f"{target}: {FORMS.get(metric, metric)} in %, {part['data']} data, {seeds}"


def _table(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[float | None]]) -> Table:
    table = empty_table(title, columns)
    for route, values in rows.items():
        table.add_row(route, *(percent(value) for value in values))
    return table


def empty_table(
    title: str, numbers: Sequence[str], names: Sequence[str] = ("route",), wrap: Sequence[str] = ()
) -> Table:
    """A table without rows: names to the left, numbers to the right; only columns in `wrap` may break."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in (*names, *numbers):
        table.add_column(heading, justify="left" if heading in names else "right", no_wrap=heading not in wrap)
    return table
