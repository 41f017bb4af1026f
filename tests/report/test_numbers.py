"""A number reads the same wherever it stands, and is written by one module."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from xstilts.report import numbers
from xstilts.report.heat_map import heat_rows
from xstilts.report.numbers import (
    detectable,
    difference,
    inconclusive,
    percent,
    points,
    points_interval,
    share,
    verdict,
)
from xstilts.report.review import differences
from xstilts.report.sentences import details
from xstilts.report.summary import in_cells
from xstilts.report.transfer import transfer_rows

REPORT = Path(numbers.__file__).parent
SHOWING = (REPORT, REPORT.with_name("page"))
FORMAT = re.compile(r"\.[0-3][f%]|,|\+")  # of a number for a reader: `:.1f`, `:+.1f`, `:.0%`, `:,`


@pytest.mark.parametrize(
    ("fraction", "written"),
    [
        (-0.0004, "0.0"), (0.0004, "0.0"), (0.0, "0.0"), (-0.0185, "−1.9"), (0.0185, "+1.9"), (-0.0005, "−0.1"),
        (0.093, "+9.3"), (-0.1885, "−18.9"), (1.0, "+100.0"), (None, "-"),
    ],
)  # fmt: skip
def test_points(fraction: float | None, written: str) -> None:
    assert points(fraction) == written


def test_percent_counts_and_shares() -> None:
    assert (percent(0.4805), percent(-0.0004), percent(None)) == ("48.1", "0.0", "-")
    assert points_interval([-0.0004, 0.1151]) == "0.0 to +11.5"
    assert points_interval([None, None]) == "no interval"
    assert (numbers.count(7200.4), share(0.2), share(0.004)) == ("7,200", "20%", "0%")
    assert (numbers.p_value(0.0004), numbers.p_value(0.0341), numbers.p_value(None)) == ("<0.001", "0.034", "-")


def record(difference: float, low: float | None, high: float | None, **more: float) -> dict[str, Any]:
    return {"difference": difference, "interval": [low, high], "p": 0.5, "detectable": 0.02, **more}


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (record(0.1, 0.01, 0.2), "better"),
        (record(-0.1, -0.2, -0.01), "worse"),
        (record(0.1, -0.01, 0.2), "inconclusive"),
        (record(0.1, 0.0, 0.2), "inconclusive"),
        (record(0.1, None, None), "inconclusive"),
        (record(0.1, 0.01, 0.2, p_holm=0.05), "better"),
        (record(0.1, 0.01, 0.2, p_holm=0.0501), "inconclusive"),
    ],
)
def test_the_verdict_is_by_the_interval_and_of_several_by_holm(one: dict[str, Any], says: str) -> None:
    assert verdict(one) == says
    assert inconclusive(one) == (says == "inconclusive")


def test_one_run_gives_no_verdict() -> None:
    """There is no p-value of it, so that no place that asks can take its interval for more."""
    one = record(0.1, 0.08, 0.12) | {"p": None, "p_holm": None, "detectable": None}
    assert verdict(one) == "one run"
    assert inconclusive(one)
    assert difference(one) == "+10.0 points (items +8.0 to +12.0)"
    assert detectable(one) == "-"


def test_a_difference_is_compared_with_a_bound() -> None:
    assert not inconclusive(record(0.1, 0.06, 0.14), 0.05)
    assert inconclusive(record(0.1, 0.04, 0.16), 0.05)


@pytest.mark.parametrize(("difference", "written"), [(-0.0004, "0.0"), (-0.0185, "−1.9"), (0.0185, "+1.9")])
def test_a_number_reads_the_same_everywhere(difference: float, written: str) -> None:
    """In the table, the heat map, the rows of `dvc plots`, the review comment and the sentences."""
    own = record(difference, -0.0185, -0.0004, p_holm=0.01)
    cell = {"target": "xgqa", "route": "gqa", "baseline": "none", "zero_shot": own, "languages": {"zh": own}}
    transfer = {"baseline": "none", "cells": [cell]}
    study = {"xgqa": {"metric": "accuracy", "accuracy": {"none": {"zero_shot": 0.5, "zh": 0.5}}}}
    interval = "−1.9 to 0.0"
    assert in_cells(own)[:2] == [written, interval]
    drawn = [row for row in heat_rows(transfer, study, "xgqa") if row["route"] == "gqa"]
    assert [(row["text"], row["interval"]) for row in drawn] == [(written, interval)] * 2
    plotted = transfer_rows(transfer)
    assert [(row["text"], row["interval"]) for row in plotted] == [(written, interval)] * 2
    assert {points(row["difference"] / 100) for row in plotted} == {written}  # rounded once: a second time is no change
    commented = [cell.strip(" ()") for cell in differences({"transfer": transfer})[1].splitlines()[2].split("|")]
    assert commented[1:-1] == ["gqa", written, interval, written]
    empty: dict[str, Any] = {key: {} for key in ("types", "controls", "against_none")}
    empty |= {"multimodal": "gqa", "text": "squad", "data": "", "primary": True, "matched": [], "verdict": "better"}
    empty |= {"exposure": {"multimodal": {}, "text": {}}, "zero_shot": own, "languages": {"zh": own}}
    assert f"zh ({written} points)" in details("answers", empty, 3)[-1]


def writes_numbers(node: ast.AST) -> bool:
    """Whether a number is formatted for a reader here, or a minus put for a dash."""
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        parts = [part.value for part in node.format_spec.values if isinstance(part, ast.Constant)]
        return any(FORMAT.search(str(part)) for part in parts)
    return isinstance(node, ast.Constant) and node.value in (numbers.MINUS, "–")


def test_no_other_module_writes_numbers() -> None:
    modules = [path for folder in SHOWING for path in folder.rglob("*.py")]
    assert len(modules) > 40
    found = {path.name for path in modules if any(map(writes_numbers, ast.walk(ast.parse(path.read_text()))))}
    assert found == {"numbers.py"}
