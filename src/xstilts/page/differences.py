"""Figures of differences: the heat map, and multimodal against text-only by question type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt

from xstilts.page.colours import ACCENT, HEAT, PAPER, QUIET
from xstilts.page.figure import Figure, Mark, Panel, Table, interval, p_value, percent, points, rows_of, spec_of
from xstilts.page.leaks import controls_note
from xstilts.page.material import Material
from xstilts.page.names import PLACES, metric_name
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.heat_map import (
    cannot_tell,
    cells_of,
    columns_of,
    heading,
    heat_map,
    heat_rows,
    limit_of,
    route_name,
)

Row = dict[str, Any]
PLACE, STEP = 34, 22  # pixels: the least width of a column, the height of an interval
NOTE = (
    "Zero-shot is the mean over the languages without labels, the gap English less it. More gap is not better: it has "
    "no colour. One cannot tell where the 95 % interval holds 0 or, of a language, Holm's p over the languages is "
    "above 0.05."
)
BOTH = (Mark("dot", "mean of the languages without labels (zero-shot)"), Mark("ring", "English"))


def heat_figure(material: Material, target: str) -> Figure | None:
    """The heat map of a target; None where there is nothing to compare."""
    cells = cells_of(material.transfer, target)
    if not cells:
        return None
    rows, baseline = heat_rows(material.transfer, material.study, target), material.transfer["baseline"]
    return Figure(
        name=f"heat-{target}",
        title=f"What each intermediate task changes in {metric_name(cells[0]['metric'])}, in points",
        summary=_heat_summary(rows, baseline),
        panels=[_heat_panel(material, target)],
        table=_heat_table(cells, material.study[target], baseline),
        note=f"The first row is the score of {baseline}, the others differences to it. {NOTE}{controls_note(cells)}",
        wide=True,
    )


def _heat_panel(material: Material, target: str) -> Panel:
    transfer, study = material.transfer, material.study
    wide, narrow = (spec_of(heat_map(transfer, study, target, HEAT, narrow=one)) for one in (False, True))
    groups = columns_of(cells_of(transfer, target))
    return Panel("", wide, narrow, least=PLACE * sum(len(group) for group in groups))


def scale_ends(material: Material, target: str) -> int:
    """The points at which the colours of a target's heat map end."""
    return limit_of(heat_rows(material.transfer, material.study, target))


def _heat_summary(rows: list[dict[str, Any]], baseline: str) -> str:
    """How many cells are better, worse and neither, by route."""
    routes = dict.fromkeys(row["route"] for row in rows if "difference" in row)
    languages = [row for row in rows if "difference" in row and row["column"] not in (ZERO_SHOT, ENGLISH, "gap")]
    parts = []
    for route in routes:
        told = [row for row in languages if row["route"] == route and not row["hatched"]]
        better = sum(row["difference"] > 0 for row in told)
        of = sum(row["route"] == route for row in languages)
        counts = f"better in {better}, worse in {len(told) - better}, cannot tell in {of - len(told)}"
        parts.append(f"{route}: {counts} of {of} languages")
    return f"Heat map of differences to {baseline}. {'; '.join(parts)}."


def _heat_table(cells: list[Mapping[str, Any]], part: Mapping[str, Any], baseline: str) -> Table:
    scores = part[part["metric"]]
    rows = []
    for cell in cells:
        records = {**cell["languages"], **{name: cell[name] for name in (ZERO_SHOT, ENGLISH, "gap") if name in cell}}
        for column in (name for group in columns_of(cells) for name in group):
            own = records[column]
            says = "cannot tell" if cannot_tell(own) else "more" if own["difference"] > 0 else "less"
            numbers = [points(own["difference"]), interval(own), p_value(own["p"]), p_value(own.get("p_holm"))]
            score = [percent(scores[route].get(column)) for route in (cell["route"], baseline)]
            rows.append(
                [route_name(cell), heading(column), *score, *numbers, points(own["smallest"]).lstrip("+"), says]
            )
    head = ["route", "where", "score", baseline, "points", "95 % interval", "p", "p (Holm)", "smallest seen", "says"]
    return Table(head, rows)


def twin_figure(material: Material, target: str) -> Figure | None:
    """Multimodal less text-only by question type, a panel a pair of twins; None where there are none, or no types."""
    answers = [one for one in material.answer["answers"] if one["target"] == target and one["types"]]
    rows = [row for one in answers for row in twin_rows(one)]
    if not rows:
        return None
    pairs = list(dict.fromkeys(row["pair"] for row in rows))
    ends = [row[end] for row in rows for end in ("low", "high", "difference") if row[end] is not None]
    table = [[row["pair"], row["type"], row["where"], row["text"], row["interval"]] for row in rows]
    return Figure(
        name=f"twins-{target}",
        title="Multimodal less text-only by question type, in points",
        summary=f"Differences by question type with 95 % intervals: {', '.join(pairs)}.",
        panels=[Panel(pair, spec_of(_forest([row for row in rows if row["pair"] == pair], ends))) for pair in pairs],
        table=Table(["pair", "type", "where", "points", "95 % interval"], table),
        legend=BOTH,
        wide=len(pairs) == 1,
    )


def twin_rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    """A mapping a question type and place (zero-shot, English), in points."""
    pair = f"{answer['multimodal']} less {answer['text']}"
    for name, by_place in answer["types"].items():
        for where in (place for place in PLACES if place in by_place):
            own = by_place[where]
            if own["difference"] is None:
                continue
            low, high = (None if value is None else 100 * value for value in own["interval"])
            shown = {"text": points(own["difference"]), "interval": interval(own)}
            about = {"pair": pair, "type": name or "all", "where": PLACES[where], "low": low, "high": high}
            yield about | shown | {"difference": 100 * own["difference"]}


def _forest(rows: list[Row], ends: list[float]) -> alt.LayerChart:
    """A line an interval, a mark an estimate, a rule at 0.

    Args:
        ends: of all intervals that share the axis.
    """
    scale = alt.Scale(domain=[min(0, *ends), max(0, *ends)], nice=True)
    x = alt.X("difference:Q", title=None, scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("type:N", sort=None, title=None, axis=alt.Axis(labelPadding=12))
    beside = alt.YOffset("where:N", sort=None, scale=alt.Scale(paddingOuter=0.6))
    zero = rows_of([{"zero": 0}]).mark_rule(color=QUIET, strokeWidth=1).encode(x="zero:Q")
    line = rows_of(rows).mark_rule(strokeWidth=2, color=ACCENT, opacity=0.45)
    lines = line.encode(x=alt.X("low:Q"), x2="high:Q", y=y, yOffset=beside)
    tooltip = [alt.Tooltip(f"{name}:N") for name in ("type", "where", "text", "interval")]
    marks = [
        rows_of([row for row in rows if row["where"] == where])
        .mark_point(size=70, filled=True, opacity=1, fill=fill, stroke=ACCENT, strokeWidth=1.75)
        .encode(x, y, beside, tooltip=tooltip)
        for where, fill in ((PLACES[ZERO_SHOT], ACCENT), (PLACES[ENGLISH], PAPER))
    ]
    return alt.LayerChart(layer=[zero, lines, *marks], height=STEP * len(rows))
