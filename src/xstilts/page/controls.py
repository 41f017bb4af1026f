"""The controls: scores beside those of the same model without the picture and with another's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from xstilts.page.charts import ACCENT, PAPER, QUIET, Row, by_route, distinct, dots, filled, panels, rows_with
from xstilts.page.figure import PLACES, Figure, Mark, Table, metric_name, no_intervals
from xstilts.page.material import Material
from xstilts.report.cells.metrics import CONTROLS
from xstilts.report.numbers import ABSENT, difference_cells, percent

SEEN = "seen"
_WORDS = {SEEN: "with the picture", "blind": "blind: masked at test time", "shuffled": "shuffled: with another scene's"}
_STYLES = {SEEN: "dot", "blind": "ring muted", "shuffled": "diamond"}
_MARKS = {SEEN: filled(ACCENT, ACCENT), "blind": filled(PAPER, QUIET), "shuffled": filled(PAPER, QUIET, "diamond")}
_SHOWN = {"blind": "blind", "shuffled": "shuffled", "above_blind": "seen minus blind"}
NOTE = "The same model and questions. A score that is not above blind needs no picture."


def control_figure(material: Material, target: str) -> Figure | None:
    """The score beside the same model's without the picture and with another's; None without pictures."""
    rows = control_rows(material, target)
    shown = [what for what in (SEEN, *CONTROLS) if any(row["what"] == what for row in rows)]
    if len(shown) < 2:
        return None
    return Figure(
        name=f"controls-{target}",
        title=f"{metric_name(material.study[target]['metric'], first=True)} with the picture and without, in %",
        summary=f"Scores of {', '.join(material.routes)} beside the controls {' and '.join(shown[1:])}.",
        panels=panels([row | {"place": PLACES[row["where"]]} for row in rows], "place", _controls),
        table=_table(rows, shown, material.routes),
        legend=[Mark(_STYLES[what], _WORDS[what]) for what in shown],
        note=f"{NOTE} {no_intervals(control_differences(material, target) is not None)}",
    )


def _table(rows: Sequence[Row], shown: Sequence[str], routes: Sequence[str]) -> Table:
    text = {(row["where"], row["route"], row["what"]): row["text"] for row in rows}
    table = [
        [word, route, *(text.get((where, route, what), ABSENT) for what in shown)]
        for where, word in PLACES.items()
        for route in routes
    ]
    return Table(["where", "route", *shown], table)


def control_rows(material: Material, target: str) -> list[Row]:
    """One row per place, route and what was shown (`seen`, `blind`, `shuffled`): the score in percent."""
    part = material.study[target]
    tables = {SEEN: part[part["metric"]], **{control: part[control] for control in CONTROLS if control in part}}
    return [
        {"where": where, "route": route, "what": what, "score": 100 * score, "text": percent(score)}
        for where in PLACES
        for route in material.routes
        for what, table in tables.items()
        if (score := table[route].get(where)) is not None
    ]


def _controls(rows: Sequence[Row]) -> alt.LayerChart:
    routes = distinct(rows, "route")
    drawn = {what: rows_with(rows, what=what) for what in _MARKS}
    return by_route([dots(own, routes, _MARKS[what]) for what, own in drawn.items() if own], routes)


def control_differences(material: Material, target: str) -> Table | None:
    """Multimodal minus text-only with the picture and under each control, with intervals; None where there are none."""
    twins = [one for one in material.answer["answers"] if one["target"] == target and one["controls"]]
    rows = [row for one in twins for row in _difference_rows(one)]
    places = [heading for word in PLACES.values() for heading in (word, "95 % interval")]
    return Table(["pair", "shown", *places], rows) if rows else None


def _difference_rows(answer: Mapping[str, Any]) -> Iterator[list[str]]:
    pair = f"{answer['multimodal']} minus {answer['text']}"
    known = {_SHOWN[name]: answer["controls"][name] for name in _SHOWN if name in answer["controls"]}
    for what, own in {SEEN: answer, **known}.items():
        yield [pair, what, *(cell for place in PLACES for cell in difference_cells(own.get(place)))]
