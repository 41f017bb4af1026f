"""The controls: scores beside those of the same model without the picture and with another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from xstilts.page.colours import ACCENT, PAPER, QUIET
from xstilts.page.figure import Figure, Mark, Panel, Table, interval, no_intervals, percent, points, spec_of
from xstilts.page.material import Material
from xstilts.page.names import PLACES, metric_name
from xstilts.page.routes import by_route, dots, filled
from xstilts.report.cells.metrics import CONTROLS, ENGLISH, ZERO_SHOT
from xstilts.report.sentences import COST_NAMES

Row = dict[str, Any]
SEEN = "seen"
_WORDS = {SEEN: "with the picture", "blind": "blind: without it", "shuffled": "shuffled: with another scene's"}
_STYLES = {SEEN: "dot", "blind": "ring muted", "shuffled": "diamond"}
_MARKS = {SEEN: filled(ACCENT, ACCENT), "blind": filled(PAPER, QUIET), "shuffled": filled(PAPER, QUIET, "diamond")}
_LESS = {"blind": "blind", "shuffled": "shuffled", "above_blind": "seen less blind"}
NOTE = "The same model and questions. What is not above blind was not seen."


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
        panels=_panels(rows),
        table=_table(rows, shown, material.routes),
        legend=[Mark(_STYLES[what], _WORDS[what]) for what in shown],
        note=f"{NOTE} {no_intervals(control_differences(material, target) is not None)}",
    )


def _panels(rows: Sequence[Row]) -> list[Panel]:
    found = {word: [row for row in rows if row["where"] == where] for where, word in PLACES.items()}
    return [Panel(word, spec_of(_controls(own))) for word, own in found.items() if own]


def _table(rows: Sequence[Row], shown: Sequence[str], routes: Sequence[str]) -> Table:
    score = {(row["where"], row["route"], row["what"]): percent(row["score"] / 100) for row in rows}
    table = [
        [word, route, *(score.get((where, route, what), "–") for what in shown)]
        for where, word in PLACES.items()
        for route in routes
    ]
    return Table(["where", "route", *shown], table)


def control_rows(material: Material, target: str) -> list[Row]:
    """A mapping a place, route and what was shown (`seen`, `blind`, `shuffled`): the score in percent."""
    part = material.study[target]
    tables = {SEEN: part[part["metric"]], **{control: part[control] for control in CONTROLS if control in part}}
    return [
        {"where": where, "route": route, "what": what, "score": 100 * table[route][where]}
        for where in PLACES
        for route in material.routes
        for what, table in tables.items()
        if where in table[route]
    ]


def _controls(rows: Sequence[Row]) -> alt.LayerChart:
    routes = list(dict.fromkeys(row["route"] for row in rows))
    there = {what: mark for what, mark in _MARKS.items() if any(row["what"] == what for row in rows)}
    return by_route(
        [dots([r for r in rows if r["what"] == what], routes, mark) for what, mark in there.items()], routes
    )


def control_differences(material: Material, target: str) -> Table | None:
    """Multimodal less text-only with the picture and under each control, with intervals; None where there are none.

    Of twins alone: their variants at a matched cost are controls themselves.
    """
    twins = [one for one in material.answer["answers"] if one["matching"] not in COST_NAMES]
    rows = [row for one in twins if one["target"] == target and one["controls"] for row in _difference_rows(one)]
    places = [heading for word in PLACES.values() for heading in (word, "95 % interval")]
    return Table(["pair", "shown", *places], rows) if rows else None


def _difference_rows(answer: Mapping[str, Any]) -> Iterator[list[str]]:
    pair = f"{answer['multimodal']} less {answer['text']}"
    seen = {SEEN: {where: answer[where] for where in (ZERO_SHOT, ENGLISH) if where in answer}}
    known = {_LESS[name]: answer["controls"][name] for name in _LESS if name in answer["controls"]}
    for what, own in {**seen, **known}.items():
        cells = [(points(own[at]["difference"]), interval(own[at])) if at in own else ("–", "–") for at in PLACES]
        yield [pair, what, *(cell for both in cells for cell in both)]
