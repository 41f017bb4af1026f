"""Means over targets are printed with sentence retrieval and without."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from xstilts.report.summary import NO_RETRIEVAL, by_data, print_averages

Json = dict[str, Any]


def average(
    over: str, targets: Sequence[str], difference: float, interval: Sequence[float | None] = (0.01, 0.05)
) -> Json:
    about = {"route": "squad", "baseline": "none", "data": "official", "over": over, "targets": list(targets)}
    about |= {"left_out": ["xnli: its texts"], "not_checked": ["xnli"]}
    return {**about, "zero_shot": {"difference": difference, "interval": list(interval), "p_holm": 0.0004}}


def printed(*averages: Json) -> str:
    out = io.StringIO()
    print_averages({"baseline": "none", "averages": list(averages)}, Console(file=out, width=160))
    return out.getvalue()


def test_both_means_are_printed() -> None:
    text = printed(average("all targets", ["xnli", "tatoeba"], 0.08), average("without retrieval", ["xnli"], 0.03))
    assert "means over targets minus none in points, official data" in text
    first, second = [line.split() for line in text.splitlines() if line.lstrip().startswith("squad")]
    assert first[:5] == ["squad", "all", "targets", "+8.0", "+1.0"]
    assert second[:4] == ["squad", "without", "retrieval", "+3.0"]
    assert "xnli (not checked), tatoeba" in text
    assert text.count("xnli: its texts") == 2
    assert text.count("<0.001") == 2


def test_without_retrieval_in_the_study_there_is_one() -> None:
    both = [average(over, ["xnli"], 0.03, (None, None)) for over in ("all targets", "without retrieval")]
    (shown,) = by_data({"averages": both})["official"]
    assert shown["over"] == NO_RETRIEVAL
    assert NO_RETRIEVAL in printed(*both)
