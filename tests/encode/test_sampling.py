"""Mixtures draw in the proportions of the closed formula, and in the order that the seed says."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from xstilts.encode.members import Sampling
from xstilts.encode.sampling import draws, epoch_rows, member_order, member_rows, rates

ROWS = {"gqa": 943_000, "snli_ve": 529_527, "mnli": 392_702, "rte": 2_490}
CAP = 131_072


def test_proportional_is_the_capped_share() -> None:
    total = 3 * CAP + 2490
    expected = {"gqa": CAP / total, "snli_ve": CAP / total, "mnli": CAP / total, "rte": 2490 / total}
    assert rates(ROWS, Sampling()) == pytest.approx(expected)
    assert epoch_rows(ROWS, Sampling()) == total


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 5.0, 100.0])
def test_temperature_is_the_root_of_the_capped_share(temperature: float) -> None:
    sampling = Sampling("temperature", 500_000, temperature)
    weights = {name: min(n, 500_000) ** (1 / temperature) for name, n in ROWS.items()}
    found = rates(ROWS, sampling)
    assert found == pytest.approx({name: weight / sum(weights.values()) for name, weight in weights.items()})
    ratio = (2_490 / 392_702) ** (1 / temperature)
    assert found["rte"] / found["mnli"] == pytest.approx(ratio)


def test_uniform_is_equal_and_the_limit_of_temperature() -> None:
    assert rates(ROWS, Sampling("uniform")) == dict.fromkeys(ROWS, 0.25)
    assert rates(ROWS, Sampling("temperature", CAP, math.inf)) == dict.fromkeys(ROWS, 0.25)


@pytest.mark.parametrize("temperature", [1e-3, 1e-300, 5e-324])
def test_a_temperature_near_zero_draws_from_the_largest_alone(temperature: float) -> None:
    found = rates(ROWS, Sampling("temperature", 1_000_000, temperature))
    assert found == pytest.approx({"gqa": 1.0, "snli_ve": 0.0, "mnli": 0.0, "rte": 0.0})
    capped = rates(ROWS, Sampling("temperature", CAP, temperature))
    assert capped == pytest.approx({"gqa": 1 / 3, "snli_ve": 1 / 3, "mnli": 1 / 3, "rte": 0})


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0, math.inf])
def test_under_a_cap_that_all_reach_every_temperature_is_uniform(temperature: float) -> None:
    assert rates(ROWS, Sampling("temperature", 2_490, temperature)) == dict.fromkeys(ROWS, 0.25)


def test_proportional_ignores_the_temperature() -> None:
    assert rates(ROWS, Sampling("proportional", CAP, 7.0)) == rates(ROWS, Sampling("temperature", CAP, 1.0))


def test_a_mixture_without_members_draws_nothing() -> None:
    assert rates({}, Sampling()) == {}
    assert draws({}, epoch_rows({}, Sampling())) == {}
    assert member_order({}, 0) == []


@pytest.mark.parametrize("rule", ["proportional", "temperature", "uniform"])
@pytest.mark.parametrize("cap", [1, 1000, CAP])
def test_draws_are_the_rates_to_the_row(rule: str, cap: int) -> None:
    sampling = Sampling(rule, cap, 3.0)  # type: ignore[arg-type]
    total = epoch_rows(ROWS, sampling)
    shares = rates(ROWS, sampling)
    counts = draws(shares, total)
    assert sum(counts.values()) == total
    for member, count in counts.items():
        assert abs(count - shares[member] * total) < 1
    if rule == "proportional":
        assert counts == {member: min(n, cap) for member, n in ROWS.items()}


def test_remainders_go_to_the_largest_then_to_the_first() -> None:
    assert draws({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 5) == {"a": 2, "b": 2, "c": 1}
    assert draws({"a": 0.5, "b": 0.27, "c": 0.23}, 10) == {"a": 5, "b": 3, "c": 2}


def test_no_row_is_drawn_twice_before_all_were_drawn() -> None:
    drawn = member_rows("gqa", 10, 25, seed=0)
    assert len(drawn) == 25
    assert sorted(drawn[:10]) == sorted(drawn[10:20]) == list(range(10))
    assert len(set(drawn[20:])) == 5
    assert drawn[:10] != drawn[10:20]


def test_order_is_the_seeds() -> None:
    assert member_rows("gqa", 100, 50, 0) == member_rows("gqa", 100, 50, 0)
    assert member_rows("gqa", 100, 50, 0) != member_rows("gqa", 100, 50, 1)
    assert member_rows("gqa", 100, 50, 0) != member_rows("mnli", 100, 50, 0)
    assert member_order({"a": 50, "b": 50}, 0) == member_order({"a": 50, "b": 50}, 0)
    assert member_order({"a": 50, "b": 50}, 0) != member_order({"a": 50, "b": 50}, 1)


def test_members_are_interleaved() -> None:
    order = member_order({"a": 600, "b": 300, "c": 100}, 0)
    tenths = [Counter(order[start : start + 100]) for start in range(0, 1000, 100)]
    assert len(tenths) == 10
    assert all(40 < tenth["a"] < 80 and 10 < tenth["b"] < 50 for tenth in tenths)
