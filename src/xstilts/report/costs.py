"""What training took, and which of it two routes have in common."""

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


def no_less(control: Mapping[str, float], route: Mapping[str, float]) -> bool:
    """Whether a control of equal exposure had no fewer updates and tokens than its route; not if nobody knows."""
    known = bool(control and route)
    return known and all(control[name] >= (1 - SAME) * route[name] for name in ("updates", "tokens"))


def in_words(costs: Mapping[str, float]) -> str:
    """`900 updates, 14,400 examples, 80,000 tokens`."""
    return ", ".join(f"{count(number)} {name}" for name, number in costs.items()) or "an unknown number of updates"
