"""Means over targets of what each intermediate task changes: with sentence retrieval and without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xstilts.page.figure import Table, interval, p_value, points
from xstilts.page.material import Material
from xstilts.report.averages import by_data, targets_of
from xstilts.report.cells.metrics import ZERO_SHOT

HEAD = ("intermediate", "mean over", "points", "95 % interval", "p (Holm)", "targets", "left out")


@dataclass(frozen=True)
class Averages:
    """The means over targets of one kind of data, which share no mean with those of another."""

    data: str
    table: Table


def averages(material: Material) -> list[Averages]:
    """A table for each kind of data."""
    return [Averages(data, Table(HEAD, list(map(_row, own)))) for data, own in by_data(material.transfer).items()]


def _row(one: Mapping[str, Any]) -> list[str]:
    own = one[ZERO_SHOT]
    numbers = [points(own["difference"]), interval(own), p_value(own["p_holm"])]
    return [one["route"], one["over"], *numbers, targets_of(one), "; ".join(one["left_out"]) or "–"]
