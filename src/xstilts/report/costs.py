"""What training took, and which of it two routes have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from xstilts.report.numbers import count
from xstilts.report.paired import Paired

COSTS = ("updates", "examples", "tokens")
PHASES = ("intermediate", "target")
SAME = 0.1  # costs that differ by no more than this part of the larger count as the same


def cost(paired: Paired, route: str, target: str, phases: Sequence[str] = PHASES) -> dict[str, float]:
    """What some phases of a route took together, a mean over seeds; empty where the checkpoints do not say."""
    cells = paired.about[target][route]
    trained = [[own for phase in phases if (own := cell["training"][phase])] for cell in cells]
    known = [phases_of for phases_of in trained if phases_of]
    return {name: fmean(sum(own[name] for own in phases_of) for phases_of in known) for name in COSTS if known}


def matched(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """The costs that are the same."""
    if not one or not other:
        return []
    return [name for name in COSTS if abs(one[name] - other[name]) <= SAME * max(one[name], other[name])]


def shortfalls(control: Mapping[str, float], route: Mapping[str, float]) -> list[str]:
    """Of which updates and tokens a control of equal exposure had fewer than its route, in words."""
    if not control or not route:
        return ["the checkpoints do not say what training took"]
    fewer = [name for name in ("updates", "tokens") if control[name] < (1 - SAME) * route[name]]
    return [f"{name} {count(route[name])} against {count(control[name])}" for name in fewer]


def in_words(costs: Mapping[str, float]) -> str:
    """`900 updates, 14,400 examples, 80,000 tokens`."""
    return ", ".join(f"{count(number)} {name}" for name, number in costs.items()) or "an unknown number of updates"
