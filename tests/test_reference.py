"""Every setting has a range, and what is out of it is refused."""

from __future__ import annotations

from dataclasses import fields

import pytest

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import Range, build, ranges_of
from xstilts.reference import SECTIONS
from xstilts.train.settings import TrainSettings


def test_every_number_has_a_range() -> None:
    numbers = [
        (cls, one.name)
        for cls in SECTIONS.values()
        for one in fields(cls)
        if "int" in str(one.type) or "float" in str(one.type)
    ]
    assert len(numbers) > 30
    assert [name for cls, name in numbers if name not in ranges_of(cls) and name != "terms"] == []


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1.5])
def test_a_rate_out_of_its_range_is_refused(value: float) -> None:
    with pytest.raises(ParameterError, match=r"here: learning_rate is \S+, expected 0 to 1"):
        build(TrainSettings, {"learning_rate": value}, "here")


@pytest.mark.parametrize(
    "given",
    [
        {"warmup": 5},
        {"epochs": float("inf")},
        {"epochs": 0},
        {"evaluations": 10**9},
        {"loader_workers": -1},
        {"lora_rank": 0},
    ],
)
def test_settings_without_sense_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=f"here: {next(iter(given))} is .*, expected"):
        build(TrainSettings, given, "here")


def test_the_ends_of_a_range() -> None:
    assert [one in Range(0, 2, above=True) for one in (0, 1, 2, 3)] == [False, True, True, False]
    assert str(Range(0, 100_000)) == "0 to 100,000"
