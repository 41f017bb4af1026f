"""What a claim is judged by: differences between routes, each above a bound, below it, or neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xstilts.report.differences import to_json
from xstilts.report.intervals import Interval, holm
from xstilts.report.numbers import inconclusive

Judgement = Literal["supported", "contradicted", "inconclusive", "not testable with these tasks"]
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
        if inconclusive(to_json(self.interval), self.above):
            return "inconclusive"
        return "supported" if (self.interval.value > self.above) != self.no_more else "contradicted"

    def contradicts(self, p_holm: float) -> bool:
        """Whether it contradicts the claim, as one of several differences."""
        told = not inconclusive(to_json(self.interval) | {"p_holm": p_holm}, self.above)
        return told and self.judgement == "contradicted"


def together(judgements: Sequence[Judgement]) -> Judgement:
    """Supported if everything is, contradicted if anything is; without evidence not testable."""
    if not judgements:
        return UNTESTABLE
    if "contradicted" in judgements:
        return "contradicted"
    return "supported" if all(one == "supported" for one in judgements) else "inconclusive"


def many(judgements: Sequence[Judgement]) -> Judgement:
    """Supported if a third are, contradicted if that cannot be any more; without evidence not testable."""
    if not judgements:
        return UNTESTABLE
    if 3 * judgements.count("supported") >= len(judgements):
        return "supported"
    possible = len(judgements) - judgements.count("contradicted")
    return "contradicted" if 3 * possible < len(judgements) else "inconclusive"


def adjusted(evidence: Sequence[Evidence]) -> list[Judgement]:
    """What each difference says, where any of them may contradict a claim: so that needs Holm's test over them all.

    Support needs none: where it takes every difference, each at 5 % leaves 5 % for all.
    """
    p_values = holm([one.interval.p_against(one.above) for one in evidence])
    return [
        "inconclusive" if one.judgement == "contradicted" and not one.contradicts(p) else one.judgement
        for one, p in zip(evidence, p_values, strict=True)
    ]


def judged(evidence: Sequence[Evidence]) -> Judgement:
    """What all the evidence says together: supported if all of it says so, contradicted if any does, by Holm."""
    return together(adjusted(evidence))


def undecided(evidence: Sequence[Evidence]) -> Judgement:
    """What evidence says that is beside the claim: nothing."""
    return "inconclusive" if evidence else UNTESTABLE
