"""Differences between two routes on one target, as they stand in the JSON files: in fractions of 1."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from xstilts.report.cells.metrics import DIGITS, ENGLISH, ZERO_SHOT
from xstilts.report.intervals import Interval, holm, seeds_needed
from xstilts.report.paired import FORMS, SCORE, Paired

LARGEST = 1.0  # difference between two scores
ONE_SEED = "test items only: one seed says nothing about the variance between training runs"
SCHEME = (
    "95 % by t, paired over clusters of test examples (images or paragraphs with all their questions); the "
    "training runs of each route vary by themselves"
)


def covers(seeds: int) -> str:
    """What an interval covers."""
    return ONE_SEED if seeds == 1 else f"test items and training runs ({seeds} seeds)"


def about(paired: Paired) -> dict[str, Any]:
    """What every file of statistics says of its intervals."""
    return {"seeds": paired.seeds, "intervals": SCHEME, "covers": covers(paired.seeds)}


def facts(paired: Paired, target: str) -> dict[str, Any]:
    """What a target is scored on, and by what: data, metric, examples per language, clusters of examples."""
    scored = {"data": paired.fact(target, "data"), "metric": paired.fact(target, "metric")}
    return scored | {"examples": max(paired.rows[target].values()), "clusters": paired.clusters[target]}


def to_json(interval: Interval, tests: int = 1) -> dict[str, Any]:
    """An interval as JSON: difference, 95 % interval, p, and the minimum detectable difference (`detectable`).

    What is not known is null: with one training run p and `detectable`, which need several; and the latter where
    even the largest difference that scores can have, 1, is too small for the design (two runs that differ a lot).

    Args:
        tests: how many Holm's p-values are adjusted over; `detectable` is then what the first of them finds.
    """
    detectable = interval.detectable(tests)
    return {
        "difference": _number(interval.value),
        "interval": [_number(interval.low), _number(interval.high)],
        "p": _number(interval.p),
        "detectable": _number(detectable if detectable <= LARGEST else math.nan),
    }


def family(intervals: Mapping[str, Interval]) -> dict[str, dict[str, Any]]:
    """Several differences as JSON, with Holm's p-value over them (`p_holm`); `detectable` is of Holm's test, too."""
    adjusted = holm([interval.p for interval in intervals.values()])
    return {
        name: to_json(interval, len(intervals)) | {"p_holm": _number(p if interval.p == interval.p else math.nan)}
        for (name, interval), p in zip(intervals.items(), adjusted, strict=True)
    }


def with_holm(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Differences as `to_json` gives them, with Holm's p-value over them; None where there is no p-value."""
    adjusted = holm([math.nan if one["p"] is None else one["p"] for one in records])
    return [
        {**one, "p_holm": None if one["p"] is None else round(p, DIGITS)}
        for one, p in zip(records, adjusted, strict=True)
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS) + 0.0  # no -0.0


def means(paired: Paired, route: str, baseline: str, target: str, measure: str = SCORE) -> dict[str, Any]:
    """The difference in English, in the mean over the other languages and in the gap, as far as the study has them.

    With one training run per route, `seeds_needed` says how many would settle a difference as large as this one.
    """
    mixes = paired.means(target, measure)
    found = {name: paired.difference(route, baseline, mix) for name, mix in mixes.items()}
    return {
        name: to_json(one) | ({"seeds_needed": seeds_needed(one)} if one.runs == 1 else {})
        for name, one in found.items()
    }


def compared(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """One route minus another on a target: its facts, and the difference in English, zero-shot and by language."""
    return {
        **facts(paired, target),
        **means(paired, route, baseline, target),
        "languages": languages(paired, route, baseline, target),
    }


def languages(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """The difference in each language other than English, with Holm's p-value over them."""
    mixes = {code: paired.mix(target, [code]) for code in paired.others(target)}
    return family({code: paired.difference(route, baseline, mix) for code, mix in mixes.items()})


def types(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """The difference by question type: in English, and in the mean over the other languages with Holm's p-value."""
    english, others = (
        {
            name: paired.difference(route, baseline, mix)
            for name in paired.types(target)
            if (mix := of(target, type=name))
        }
        for of in (paired.english, paired.zero_shot)
    )
    found = {ENGLISH: {name: to_json(one) for name, one in english.items()}, ZERO_SHOT: family(others)}
    return {name: {place: own[name] for place, own in found.items() if name in own} for name in paired.types(target)}


def form(paired: Paired, route: str, baseline: str, target: str) -> dict[str, Any]:
    """The difference in the rate of answers of the right form (`form`) and in accuracy given that (`content`).

    In English and zero-shot; empty where answers have no form.
    """
    return {measure: means(paired, route, baseline, target, measure) for measure in paired.measures(target, FORMS)}


def score_to_json(interval: Interval, least: float = 0.0) -> dict[str, Any]:
    """A score as JSON: its value and its 95 % interval, which ends at `least` and 1."""
    ends = [_number(min(1.0, max(least, end))) if end == end else None for end in (interval.low, interval.high)]
    return {"score": _number(interval.value), "interval": ends}
