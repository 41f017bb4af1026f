"""Means over targets of what each intermediate task changes: with sentence retrieval and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.page.figure import Table, interval, p_value, points
from xstilts.page.material import Material
from xstilts.report.metrics import ZERO_SHOT

HEAD = ("intermediate", "mean over", "points", "95 % interval", "p (Holm)", "targets", "left out")
NO_RETRIEVAL = "all targets (none is retrieval)"
Average = Mapping[str, Any]


@dataclass(frozen=True)
class Averages:
    """The means over targets of one kind of data, which share no mean with those of another."""

    data: str
    table: Table


def averages(material: Material) -> list[Averages]:
    """A table for each kind of data; a route's mean with retrieval stands beside that without."""
    found: Sequence[Average] = material.transfer["averages"]
    return [Averages(data, _table(found, data)) for data in dict.fromkeys(one["data"] for one in found)]


def _table(found: Sequence[Average], data: str) -> Table:
    mine = [one for one in found if one["data"] == data]
    routes = dict.fromkeys(one["route"] for one in mine)
    return Table(HEAD, [row for route in routes for row in _rows([one for one in mine if one["route"] == route])])


def _rows(own: Sequence[Average]) -> list[list[str]]:
    """A route's means; one row where both are over the same targets."""
    if len(own) > 1 and len({tuple(one["targets"]) for one in own}) == 1:
        return [_row(own[0], NO_RETRIEVAL)]
    return [_row(one, one["over"]) for one in own]


def _row(one: Average, over: str) -> list[str]:
    own, unchecked = one[ZERO_SHOT], one["not_checked"]
    targets = [f"{target} (not checked)" if target in unchecked else target for target in one["targets"]]
    numbers = [points(own["difference"]), interval(own), p_value(own["p_holm"])]
    return [one["route"], over, *numbers, ", ".join(targets), "; ".join(one["left_out"]) or "–"]
