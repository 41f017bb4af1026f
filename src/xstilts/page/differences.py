"""Figures of differences: the heat map, and multimodal minus text-only by question type."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from xstilts.page.charts import (
    ACCENT,
    INK,
    PAPER,
    QUIET,
    Row,
    difference_row,
    distinct,
    ends_of,
    filled,
    panels,
    rows_of,
    rows_with,
    spec_of,
    tips,
)
from xstilts.page.figure import BOTH, PLACES, Figure, Panel, Table, metric_name
from xstilts.page.material import Material
from xstilts.report import heat_map as heat
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.heat_map import Colours, cells_of, columns_of, heading, heat_rows, route_name
from xstilts.report.numbers import SIGNIFICANT, difference_cells, p_value, percent, verdict

HEAT = Colours(
    [f"var(--step-{number})" for number in range(heat.STEPS)],
    ink=INK,
    ink_on_strong="var(--ink-on-strong)",
    hatch="var(--hatch)",
    hatch_on_strong="var(--hatch-on-strong)",
    quiet=QUIET,
)
PLACE, STEP = 34, 22  # pixels: the least width of a column, the height of an interval
HEAD = ("route", "where", "score", "minus", "its score", "points", "95 % interval", "p", "p (Holm)")
DETECTABLE = "minimum detectable difference"
NOTE = (
    "Zero-shot is the mean over the languages without labels; the gap is English minus that mean. A larger gap is not "
    "better, so it has no colour. A difference is inconclusive if its 95 % interval contains 0 or, in a single "
    f"language, if Holm's p over the languages is above {SIGNIFICANT}. One training run of each route gives no verdict."
)


def heat_figure(material: Material, target: str) -> Figure | None:
    """The heat map of a target; None where there is nothing to compare."""
    cells = cells_of(material.transfer, target)
    if not cells:
        return None
    return Figure(
        name=f"heat-{target}",
        title=f"What each intermediate task changes in {metric_name(cells[0]['metric'])}, in points",
        summary=_heat_summary(material, target, cells),
        panels=[_heat_panel(material, target)],
        table=_heat_table(material, target, cells),
        note=f"{_baseline_note(cells)} {NOTE}{_controls_note(cells)}",
        wide=True,
    )


def _heat_panel(material: Material, target: str) -> Panel:
    transfer, study = material.transfer, material.study
    wide, narrow = (spec_of(heat.heat_map(transfer, study, target, HEAT, narrow=one)) for one in (False, True))
    groups = columns_of(cells_of(transfer, target))
    return Panel("", wide, narrow, least=PLACE * sum(len(group) for group in groups))


def _baselines(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the cells are compared with: of several recipes, `none` by each."""
    return distinct(cells, "baseline")


def _baseline_note(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which rows are scores, and what the others are differences to."""
    first, *others = _baselines(cells)
    if not others:
        return f"The first row is the score of {first}; the other rows are differences to it."
    named = ", ".join([first, *others])
    return (
        f"Rows in % are scores of {named}; the others are differences to the one of their recipe, controls to {first}."
    )


def _controls_note(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which routes of a target are controls, by why they are; "" if none is."""
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        if "control" in cell:
            reasons.setdefault(cell["control"], []).append(cell["route"])
    named = [f"{', '.join(routes)} ({reason})" for reason, routes in reasons.items()]
    return f" Controls are not intermediate tasks of their own: {'; '.join(named)}." if named else ""


def _heat_summary(material: Material, target: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """In how many languages each route is better, worse or neither; with one training run, that nobody can say."""
    if material.transfer["seeds"] == 1:
        return f"Heat map of differences to {', '.join(_baselines(cells))}: one run of each route, so no verdict."
    rows = [row for row in heat_rows(material.transfer, material.study, target) if "difference" in row]
    languages = [row for row in rows if row["column"] not in (ZERO_SHOT, ENGLISH, "gap")]
    parts = []
    for route in distinct(rows, "route"):
        own = rows_with(languages, route=route)
        decided = [row for row in own if not row["hatched"]]
        better = sum(row["difference"] > 0 for row in decided)
        counts = f"better in {better}, worse in {len(decided) - better}, inconclusive in {len(own) - len(decided)}"
        parts.append(f"{route}: {counts} of {len(own)} languages")
    return f"Heat map of differences to {', '.join(_baselines(cells))}. {'; '.join(parts)}."


def _heat_table(material: Material, target: str, cells: Sequence[Mapping[str, Any]]) -> Table:
    """One row per route and column of the heat map."""
    part, groups = material.study[target], columns_of(cells)
    scores, columns = part[part["metric"]], [name for group in groups for name in group]
    rows = []
    for cell in cells:
        baseline, records = cell["baseline"], {**cell["languages"], **cell}
        for column in columns:
            score, other = (percent(scores[route].get(column)) for route in (cell["route"], baseline))
            compared = [route_name(cell), heading(column), score, baseline, other]
            rows.append([*compared, *_difference(records[column])])
    return Table([*HEAD, DETECTABLE, "says"], rows)


def _difference(record: Mapping[str, Any]) -> list[str]:
    """Points, interval, p-values, the minimum detectable difference and what they say."""
    says = {"better": "more", "worse": "less"}.get(said := verdict(record), said)
    p_values = [p_value(record["p"]), p_value(record.get("p_holm"))]
    return [*difference_cells(record), *p_values, percent(record["detectable"]), says]


def twin_figure(material: Material, target: str) -> Figure | None:
    """Multimodal minus text-only by question type, one panel per pair; None where there are no pairs or no types."""
    answers = [one for one in material.answer["answers"] if one["target"] == target and one["types"]]
    rows = [row for one in answers for row in twin_rows(one)]
    if not rows:
        return None
    pairs, ends = distinct(rows, "pair"), ends_of(rows, "difference")
    table = [[row["pair"], row["type"], row["where"], row["text"], row["interval"]] for row in rows]
    return Figure(
        name=f"twins-{target}",
        title="Multimodal minus text-only by question type, in points",
        summary=f"Differences by question type with 95 % intervals: {', '.join(pairs)}.",
        panels=panels(rows, "pair", lambda own: _forest(own, ends)),
        table=Table(["pair", "type", "where", "points", "95 % interval"], table),
        legend=BOTH,
        wide=len(pairs) == 1,
    )


def twin_rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    """One row per question type and place (zero-shot, English), in points."""
    pair = f"{answer['multimodal']} minus {answer['text']}"
    for name, by_place in answer["types"].items():
        for where in (place for place in PLACES if place in by_place):
            if by_place[where]["difference"] is not None:
                about = {"pair": pair, "type": name or "all", "where": PLACES[where]}
                yield about | difference_row(by_place[where])


def _forest(rows: list[Row], ends: list[float]) -> alt.LayerChart:
    """One line per interval, a mark at each estimate, a rule at 0.

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
    tooltip = tips(type="type", where="where", text="points", interval="95 % interval")
    marks = [
        rows_of(rows_with(rows, where=where))
        .mark_point(filled=True, **filled(fill, ACCENT))
        .encode(x, y, beside, tooltip=tooltip)
        for where, fill in ((PLACES[ZERO_SHOT], ACCENT), (PLACES[ENGLISH], PAPER))
    ]
    return alt.LayerChart(layer=[zero, lines, *marks], height=STEP * len(rows))
