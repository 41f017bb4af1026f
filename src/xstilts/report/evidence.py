"""What a claim is judged by: differences between routes, each above a bound, below it, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xstilts.report.bootstrap import SIGNIFICANT, Interval, holm

Judgement = Literal["supported", "contradicted", "cannot tell", "not testable with these tasks"]
UNTESTABLE: Judgement = "not testable with these tasks"


@dataclass(frozen=True)
class Evidence:
    """A difference that a claim is judged by.

    Attributes:
        above: the claim holds where the difference is above this, or, of `no_more`, not above it.
        over: `all targets` or `without retrieval`; "" where that makes no difference.
    """

    what: str
    interval: Interval
    above: float = 0.0
    no_more: bool = False
    over: str = ""

    @property
    def judgement(self) -> Judgement:
        """What this difference alone says: its interval lies above the bound, below it, or on both sides."""
        over, under = self.interval.low > self.above, self.interval.high < self.above
        if self.no_more:
            over, under = under, over
        return "supported" if over else "contradicted" if under else "cannot tell"


def together(judgements: Sequence[Judgement]) -> Judgement:
    """Supported if everything is, contradicted if anything is; without evidence not testable."""
    if not judgements:
        return UNTESTABLE
    if "contradicted" in judgements:
        return "contradicted"
    return "supported" if all(one == "supported" for one in judgements) else "cannot tell"


def majority(judgements: Sequence[Judgement]) -> Judgement:
    """Supported if more than half are, contradicted if at least half are; without evidence not testable."""
    if not judgements:
        return UNTESTABLE
    if 2 * judgements.count("supported") > len(judgements):
        return "supported"
    return "contradicted" if 2 * judgements.count("contradicted") >= len(judgements) else "cannot tell"


def adjusted(evidence: Sequence[Evidence]) -> list[Judgement]:
    """What each difference says, where any of them may contradict a claim: so that needs Holm's test over them all.

    Support needs none: where it takes every difference, each at 5 % leaves 5 % for all.
    """
    p_values = holm([one.interval.p_against(one.above) for one in evidence])
    return [
        "cannot tell" if one.judgement == "contradicted" and p > SIGNIFICANT else one.judgement
        for one, p in zip(evidence, p_values, strict=True)
    ]


def judged(evidence: Sequence[Evidence]) -> Judgement:
    """What all the evidence says together: supported if all of it says so, contradicted if any does, by Holm."""
    return together(adjusted(evidence))


def undecided(evidence: Sequence[Evidence]) -> Judgement:
    """What evidence says that is beside the claim: nothing."""
    return "cannot tell" if evidence else UNTESTABLE
