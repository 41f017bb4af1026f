"""Ways to compute the same training, on a mixture of many kinds: one trajectory.

Losses are 0.7 to 5 and weights move by 1e-2; with sums in another order both differ by 1e-6 in float32. Biases that
shift all scores of a softmax alike have no gradient but rounding, which AdamW makes steps of: they decide nothing and
are left out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters

LOSS, WEIGHT, MOVED = 1e-5, 1e-5, 1e-2  # tolerances in float32, and how far the weights move at least
BF16_LOSS, BF16_DEV = 0.05, 0.02  # bf16 has 8 bits of precision
GRAPHS = 8  # with and without gradients, with and without padding
Run = Callable[..., Any]

pytestmark = pytest.mark.equivalence


@pytest.mark.parametrize("cut", [{"batch_size": 1, "accumulation": 8}, {"batch_size": 2, "accumulation": 4}])
def test_how_an_update_is_cut_into_batches(cut: dict[str, int], trajectory: Run) -> None:
    """8 x 1 == 1 x 8 == 2 x 4: padded with others or one example at a time."""
    whole, other = trajectory(batch_size=8, accumulation=1), trajectory(**cut)
    assert len(whole.losses) > 30
    assert {len(update) for update in whole.order} == {8}
    losses, weights = whole.apart(other)
    assert losses < LOSS
    assert weights < WEIGHT
    assert other.card["english_dev"] == pytest.approx(whole.card["english_dev"], abs=1e-6)
    assert (other.card["tokens"], other.card["updates"]) == (whole.card["tokens"], whole.card["updates"])


@pytest.mark.parametrize("changed", [{}, {"accumulation": 2}, {"precision": "bf16"}, {"batch_threads": 1}], ids=str)
def test_how_many_processors_share_the_work(changed: dict[str, Any], trajectory: Run) -> None:
    """1, 2 or 4 of them: the same bits. A cell trained beside others is the same as one trained alone."""
    usual = {"batch_size": 16, "token_budget": 512, "batch_threads": 2, **changed}
    whole = trajectory(processors=1, **usual)
    for processors in (2, 4):
        shared = trajectory(processors=processors, **usual)
        assert shared.apart(whole) == (0, 0)
        assert shared.card == whole.card


def test_torchs_own_threads_change_nothing(trajectory: Run) -> None:
    """Answer rows start at embeddings that the encoder works out before training: on one thread as well."""
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            found.append(trajectory())
        finally:
            torch.set_num_threads(before)
    assert found[0].apart(found[1]) == (0, 0)


def test_batches_without_padding(trajectory: Run) -> None:
    """Padded == packed; the checkpoint says which it was, where it was not left to the machine.

    Dev is scored at the end alone: one answer at a near tie may tip, and choose another of two evaluations as the best.
    """
    usual = {"batch_size": 16, "token_budget": 512, "evaluations": 1}
    padded, packed = trajectory(processors=2, **usual), trajectory(processors=2, attention="packed", **usual)
    losses, weights = padded.apart(packed)
    assert 0 < losses < LOSS
    assert weights < WEIGHT
    assert packed.card["english_dev"] == pytest.approx(padded.card["english_dev"], abs=1e-6)
    assert packed.card["settings"].pop("attention") == "packed"
    assert packed.card["settings"] == padded.card["settings"]


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="torch.compile needs a C++ compiler here")
@pytest.mark.parametrize(
    "changed", [{"attention": "padded"}, {"attention": "packed"}, {"frozen_layers": 1, "precision": "bf16"}]
)
def test_compiled_layers(changed: dict[str, Any], trajectory: Run) -> None:
    """As compiled for batches of any size: one graph per layer class and use (training, dev), however many batches.

    Dev is scored at the end alone, as above.
    """
    usual = {"batch_size": 16, "token_budget": 512, "evaluations": 1, **changed}
    plain = trajectory(**usual)
    counters.clear()
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):  # else the rest would run uncompiled
        compiled = trajectory(compile=True, **usual)
    losses, weights = plain.apart(compiled)
    half = usual.get("precision") == "bf16"
    assert 0 < losses < (BF16_LOSS if half else LOSS)
    assert half or weights < WEIGHT
    found, expected = compiled.card["english_dev"], plain.card["english_dev"]
    if half:  # of 24 rows per task one may tip
        found, expected = found["mean"], expected["mean"]
    assert found == pytest.approx(expected, abs=BF16_DEV if half else 1e-6)
    assert compiled.card["settings"].pop("compile") is True
    assert compiled.card["settings"] == plain.card["settings"]
    assert 0 < counters["stats"]["unique_graphs"] <= GRAPHS


def test_what_is_compared_moves(trajectory: Run) -> None:
    """The counterpart of the tests above: another rate is another trajectory, far outside the tolerances."""
    losses, weights = trajectory().apart(trajectory(learning_rate=1e-12, head_learning_rate=1e-12))
    assert losses > 100 * LOSS
    assert weights > MOVED
    assert MOVED > 100 * WEIGHT


@pytest.mark.parametrize(
    "changed",
    [
        {"attention": "packed"},
        {"batch_size": 4, "accumulation": 4},
        {"batch_size": 1, "accumulation": 16},
    ],
)
def test_in_bf16_as_well(changed: dict[str, Any], trajectory: Run) -> None:
    """As trained by default, on processors: packing, cuts; one more time the same, exactly."""
    usual = {"batch_size": 16, "token_budget": 10**6, "precision": "bf16", "evaluations": 1}
    whole, other, again = (trajectory(**{**usual, **one}) for one in ({}, changed, changed))
    losses, _ = whole.apart(other)
    assert 0 < losses < BF16_LOSS
    assert other.apart(again) == (0, 0)
    assert other.card["english_dev"]["mean"] == pytest.approx(whole.card["english_dev"]["mean"], abs=BF16_DEV)


def test_bf16_is_near_full_precision(trajectory: Run) -> None:
    """The same order; dev scores, means of 24 rows a task, within 0.02 on average."""
    whole, half = trajectory(), trajectory(precision="bf16")
    losses, _ = whole.apart(half)
    assert 0 < losses < BF16_LOSS
    assert half.card["english_dev"]["mean"] == pytest.approx(whole.card["english_dev"]["mean"], abs=BF16_DEV)
