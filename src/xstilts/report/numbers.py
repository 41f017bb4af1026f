"""How numbers are written: on the terminal, in Markdown, on the page and in plots alike; and what is inconclusive.

Scores are fractions of 1 as they stand in the JSON files, with four digits. They are shown in percent and their
differences in points, with one digit, rounded once: half away from zero, of the decimal number in the file.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

Verdict = Literal["better", "worse", "inconclusive", "one run"]
ONE_RUN: Verdict = "one run"  # no verdict: one training run of each route says nothing of what others would give
VERDICTS: tuple[Verdict, ...] = ("better", "worse", "inconclusive", ONE_RUN)
SIGNIFICANT = 0.05  # a p-value of no more counts, by Holm where there are several
MINUS = "−"
NO_INTERVAL = "no interval"
ABSENT = "-"  # a missing number


def rounded(fraction: float, digits: int = 1) -> float:
    """A fraction in percent or points, rounded; never -0.0."""
    step = Decimal(1).scaleb(-digits)
    return float((Decimal(repr(round(fraction, 6))) * 100).quantize(step, ROUND_HALF_UP)) + 0.0


def percent(fraction: float | None) -> str:
    """`48.0` of 0.48; a dash where there is none."""
    return ABSENT if fraction is None else f"{rounded(fraction):.1f}".replace("-", MINUS)


def points(fraction: float | None) -> str:
    """`+9.3`, `−1.2` or `0.0` of a difference between two scores; a dash where there is none."""
    if fraction is None:
        return ABSENT
    value = rounded(fraction)
    return f"{value:+.1f}".replace("-", MINUS) if value else "0.0"


def percent_interval(ends: Sequence[float | None]) -> str:
    """`48.1 to 51.0` of the ends of a score's interval."""
    low, high = ends
    return ABSENT if low is None or high is None else f"{percent(low)} to {percent(high)}"


def points_interval(ends: Sequence[float | None]) -> str:
    """`+7.1 to +11.5` of the ends of a difference's interval."""
    low, high = ends
    return NO_INTERVAL if low is None or high is None else f"{points(low)} to {points(high)}"


def difference(record: Mapping[str, Any]) -> str:
    """`+9.3 points (+7.1 to +11.5)` of a difference in the JSON files; with one run `(items +7.1 to +11.5)`."""
    return f"{points(record['difference'])} points ({items_only(record)}{points_interval(record['interval'])})"


def difference_cells(record: Mapping[str, Any] | None) -> list[str]:
    """A difference as two cells of a table, points and 95 % interval; dashes where there is none."""
    return [points(record["difference"]), points_interval(record["interval"])] if record else [ABSENT, ABSENT]


def items_only(record: Mapping[str, Any]) -> str:
    """What comes before an interval that covers test items alone."""
    return "items " if verdict(record) == ONE_RUN else ""


def p_value(p: float | None) -> str:
    """`0.034`, or `<0.001`."""
    if p is None:
        return ABSENT
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def detectable(record: Mapping[str, Any]) -> str:
    """The minimum detectable difference of a difference as the JSON files have it; `none` if no score can differ so.

    A dash with one training run, which finds nothing.
    """
    if record["p"] is None:
        return ABSENT
    return "none" if record["detectable"] is None else percent(record["detectable"])


def count(number: float) -> str:
    """`7,200` of updates, examples or tokens."""
    return f"{number:,.0f}"


def loss(value: float) -> str:
    """`0.413` of a training loss."""
    return f"{value:.3f}"


def coefficient(value: float) -> str:
    """`+0.62` or `−0.10` of a rank correlation."""
    return f"{value:+.2f}".replace("-", MINUS)


def share(fraction: float) -> str:
    """`20%` of 0.2."""
    return f"{rounded(fraction, 0):.0f}%"


def inconclusive(record: Mapping[str, Any], bound: float = 0.0) -> bool:
    """Whether a difference decides nothing: one training run, the bound in its interval, or Holm's p above 0.05.

    Args:
        record: a difference as the JSON files have it: `interval`, `p`, and of one of several `p_holm`.
        bound: what the difference is compared with.
    """
    low, high = record["interval"]
    if record["p"] is None or low is None or high is None or low <= bound <= high:
        return True
    return bool((record.get("p_holm") or 0) > SIGNIFICANT)


def verdict(record: Mapping[str, Any]) -> Verdict:
    """What a difference says. One training run of each route decides nothing, whatever its test items say."""
    if record["p"] is None:
        return "inconclusive" if record["interval"][0] is None else ONE_RUN
    if inconclusive(record):
        return "inconclusive"
    return "better" if record["difference"] > 0 else "worse"
