"""Differences between two routes on one target, as they stand in the JSON files: in fractions of 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from xstilts.report.bootstrap import Interval, holm
from xstilts.report.cells.metrics import DIGITS, ENGLISH, ZERO_SHOT
from xstilts.report.paired import SCORE, Paired

LARGEST = 1.0  # difference between two scores
Verdict = Literal["better", "worse", "cannot tell"]
ONE_SEED = "test items only: one seed says nothing about the variance between training runs"
SCHEME = (
    "95 %, paired, bootstrap over clusters of test examples (images or paragraphs with all their questions), "
    "seeds as blocks"
)


def covers(seeds: int) -> str:
    """What an interval covers."""
    return ONE_SEED if seeds == 1 else f"test items and training runs ({seeds} seeds)"


def about(paired: Paired) -> dict[str, Any]:
    """What every file of statistics says of its intervals."""
    return {"seeds": paired.seeds, "intervals": SCHEME, "covers": covers(paired.seeds)}


def facts(paired: Paired, target: str) -> dict[str, Any]:
    """What a target is scored on, and by what: data, metric, examples a language, clusters of examples."""
    scored = {"data": paired.fact(target, "data"), "metric": paired.fact(target, "metric")}
    return scored | {"examples": max(paired.rows[target].values()), "clusters": paired.clusters[target]}


def spelled(interval: Interval, tests: int = 1) -> dict[str, Any]:
    """An interval as JSON: difference, 95 % interval, p, and the smallest difference found with 80 % power.

    What is not known is null; so is the smallest difference where even the largest that scores can have, 1, is too
    small for the design (two training runs that differ a lot).

    Args:
        tests: how many Holm's p-values are adjusted over; `smallest` is then what the first of them finds.
    """
    smallest = interval.smallest_of(tests)
    return {
        "difference": _number(interval.value),
        "interval": [_number(interval.low), _number(interval.high)],
        "p": _number(interval.p),
        "smallest": _number(smallest if smallest <= LARGEST else math.nan),
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS) + 0.0  # no -0.0


def verdict(interval: Interval) -> Verdict:
    """Whether the interval lies above 0, below, or on both sides."""
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "cannot tell"


def means(paired: Paired, route: str, baseline: str, target: str, measure: str = SCORE) -> dict[str, Any]:
    """The difference in English, in the mean over the other languages, and in the gap; what there is of these."""
    mixes = {ENGLISH: paired.english(target, measure), ZERO_SHOT: paired.zero_shot(target, measure)}
    if measure == SCORE:
        mixes["gap"] = paired.gap(target)
    return {name: spelled(paired.difference(route, baseline, mix)) for name, mix in mixes.items() if mix}


def languages(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """The difference in each language other than English, with Holm's p-value over them (`p_holm`).

    `smallest` is what would have been found in a language by Holm's test, too.
    """
    codes = paired.others(target)
    found = [paired.difference(route, baseline, paired.mix(target, [code])) for code in codes]
    adjusted = holm([interval.p for interval in found])
    return {
        code: spelled(interval, len(codes)) | {"p_holm": _number(p)}
        for code, interval, p in zip(codes, found, adjusted, strict=True)
    }


def types(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """The difference by question type, in English and in the mean over the other languages.

    Holm's p-value over the types (`p_holm`) stands with the latter, whose `smallest` is of Holm's test as well.
    """
    names = paired.types(target)
    mixes = {name: mix for name in names if (mix := paired.zero_shot(target, type=name))}
    others = {name: paired.difference(route, baseline, mix) for name, mix in mixes.items()}
    adjusted = dict(zip(others, holm([one.p for one in others.values()]), strict=True))
    found: dict[str, Any] = {name: _in_english(paired, route, baseline, target, name) for name in names}
    for name, interval in others.items():
        found[name][ZERO_SHOT] = spelled(interval, len(others)) | {"p_holm": _number(adjusted[name])}
    return found


def _in_english(paired: Paired, route: str, baseline: str, target: str, name: str) -> dict[str, Any]:
    mix = paired.english(target, type=name)
    return {ENGLISH: spelled(paired.difference(route, baseline, mix))} if mix else {}


def signed(value: float) -> str:
    """`+9.3` or `−1.2`, of a fraction, in points."""
    return f"{round(100 * value, 1) + 0.0:+.1f}".replace("-", "−")


def in_points(difference: Mapping[str, Any]) -> str:
    """`+9.3 points (+7.1 to +11.5)`, of a spelled interval."""
    low, high = difference["interval"]
    known = "no interval" if low is None else f"{signed(low)} to {signed(high)}"
    return f"{signed(difference['difference'])} points ({known})"
