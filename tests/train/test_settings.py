"""Settings of training: numbers that would train nothing, or never end well, are refused when they are read."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import build
from xstilts.train.settings import TrainSettings

POSITIVE = ["epochs", "token_budget", "batch_size", "accumulation", "evaluations", "clip", "lora_rank"]
LIMITS = ["max_updates", "max_tokens"]
NOT_NEGATIVE = ["learning_rate", "head_learning_rate", "weight_decay", "frozen_layers", "resume_minutes"]
SHARES = ["warmup", "dropout"]
REFUSED = [
    *[(name, value) for name in POSITIVE for value in (0, -1, inf, nan)],
    *[(name, value) for name in LIMITS for value in (0, -1)],
    *[(name, value) for name in NOT_NEGATIVE for value in (-1e-9, inf, nan)],
    *[(name, value) for name in SHARES for value in (-0.1, 1.1, nan)],
]
BOUNDS = [*[(name, None) for name in LIMITS], *[(name, 0) for name in NOT_NEGATIVE]]
BOUNDS += [(name, value) for name in SHARES for value in (0, 1)]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_number_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=rf"^here: {name} is {value}, expected"):
        build(TrainSettings, {name: value}, "here")


@pytest.mark.parametrize(("name", "value"), BOUNDS)
def test_the_ends_of_a_range_are_in_it(name: str, value: Any) -> None:
    assert getattr(build(TrainSettings, {name: value}, "here"), name) == value


@pytest.mark.parametrize("weight", [-0.1, inf, nan])
def test_a_weight_that_is_no_weight_is_refused(weight: float) -> None:
    with pytest.raises(ParameterError, match=f"terms: the weight of public_distance is {weight}, expected 0 or more"):
        TrainSettings(terms={"public_distance": weight})
    assert TrainSettings(terms={"public_distance": 0.0}).terms


def test_an_unknown_term_is_refused() -> None:
    expected = (
        r"unknown term 'public_distanc'. Did you mean 'public_distance'\? Valid: answer_distance, public_distance"
    )
    with pytest.raises(ParameterError, match=expected):
        TrainSettings(terms={"public_distanc": 1.0})
