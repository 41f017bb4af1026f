"""What the two phases of each cell share, and whether the cell is in the averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.report.heat_map import route_name

_STATUS = {"shared": "shares data", "not checked": "not checked", "none": "nothing shared"}


@dataclass(frozen=True)
class Leaks:
    """A cell of the transfer matrix and what its two phases share."""

    route: str
    status: str
    words: str
    in_averages: str


def leaks(cells: Sequence[Mapping[str, Any]]) -> list[Leaks]:
    """What each cell of a target shares."""
    return [
        Leaks(route_name(cell), _STATUS[cell["shared_data"]], "; ".join(cell["shared"]), _averages(cell))
        for cell in cells
    ]


def _averages(cell: Mapping[str, Any]) -> str:
    """Whether a cell is in the averages, and where it shares nothing and is not, why."""
    if cell["in_averages"]:
        return "in the averages"
    return "left out of the averages" + (f" (control: {cell['control']})" if "control" in cell else "")


def controls_note(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which routes of a target are controls, by why they are; "" if none is."""
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        if "control" in cell:
            reasons.setdefault(cell["control"], []).append(cell["route"])
    named = [f"{', '.join(routes)} ({reason})" for reason, routes in reasons.items()]
    return f" Controls are no intermediate tasks of their own: {'; '.join(named)}." if named else ""
