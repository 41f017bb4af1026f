"""Numbers that are read late: the same ones, and the update and ids of one that is none are named as they would be."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples
from xstilts.train.finite import FiniteCheck, NotFinite
from xstilts.train.loop import make_optimizer, train
from xstilts.train.schedule import Schedule
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

Settings = Callable[..., TrainSettings]


def make_updater(model: MultitaskModel, rows: Examples, settings: TrainSettings, late: bool) -> Updater:
    accelerator = Accelerator(mixed_precision="no", cpu=True)
    return Updater(accelerator, model, make_optimizer(model, settings), rows, settings.clip, late=late)


def updates_of(rows: Examples) -> list[list[np.ndarray]]:
    chosen = np.flatnonzero(rows.tasks == "follows")[:40].reshape(5, 8)
    return [list(np.split(update, [5])) for update in chosen]


@pytest.mark.equivalence
def test_late_losses_are_the_losses_an_update_later(
    model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    """Summed in float32 instead of Python's floats, so within 1e-6; the weights are the same to the bit."""
    settings, losses, models = make_settings(learning_rate=1e-3), [], []
    for late in (False, True):
        mine = copy.deepcopy(model)
        updater = make_updater(mine, rows, settings, late)
        found = [updater.step(number, update) for number, update in enumerate(updates_of(rows), start=1)]
        losses.append([*found, updater.settle()])
        models.append(mine)
    at_once, late_ones = losses
    assert at_once[-1] == at_once[-2]
    assert len(set(at_once)) == 5
    assert late_ones == pytest.approx([at_once[0], *at_once[:4], at_once[4]], abs=1e-6)
    for one, two in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, two)


def third_and_what_reads_it(updater: Updater, updates: list[list[np.ndarray]], settled: bool) -> None:
    updater.step(3, updates[2])
    updater.settle() if settled else updater.step(4, updates[3])


@pytest.mark.parametrize("settled", [False, True])
def test_a_late_gradient_that_is_no_number_is_named_as_it_would_be_at_once(
    settled: bool, model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    updates, messages = updates_of(rows), []
    for late in (False, True):
        mine, calls = copy.deepcopy(model), [0]

        def spoil(gradient: Any, calls: list[int] = calls) -> Any:
            calls[0] += 1
            return gradient * float("inf") if calls[0] == 6 else gradient  # in the third update's second batch

        mine.heads["follows"].output.weight.register_hook(spoil)
        updater = make_updater(mine, rows, make_settings(), late)
        updater.step(1, updates[0])
        updater.step(2, updates[1])
        with pytest.raises(NotFinite) as caught:
            third_and_what_reads_it(updater, updates, settled)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith("update 3: the gradient norm is")
    assert all(rows.ids[row] in messages[0] for row in updates[2][0])


def test_no_weights_are_scored_after_a_late_loss_that_is_no_number(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bad update is the one before English dev is scored: nothing later would read its loss."""
    from xstilts.train import loop

    init, forward, calls = Updater.__init__, MultitaskModel.forward, [0]

    def spoiled(self: MultitaskModel, batch: Any) -> Any:
        calls[0] += 1
        return forward(self, batch) * (float("nan") if calls[0] == 3 else 1.0)

    monkeypatch.setattr(Updater, "__init__", lambda self, *given: init(self, *given, late=True))
    monkeypatch.setattr(MultitaskModel, "forward", spoiled)
    monkeypatch.setattr(Schedule, "scores_dev", lambda self, step, curve: step == 3)
    monkeypatch.setattr(loop, "dev_scores", lambda *_: pytest.fail("scored"))
    with pytest.raises(NotFinite, match=r"update 3: the loss of \w+ is nan; batch ids \w+"):
        train(model, rows, dev, make_settings(batch_size=4), seed=0, title="test")


def test_the_first_update_is_read_at_once() -> None:
    """There is none before it to speak of."""
    check = FiniteCheck(late=True)
    assert math.isnan(check.settle())
    check.see("loss of a", torch.tensor(2.0), 1, ["x"])
    assert check.end(torch.tensor(2.0), 1, ["x"]) == 2.0
    check.see("loss of a", torch.tensor(float("nan")), 2, ["y"])
    assert check.end(torch.tensor(float("nan")), 2, ["y"]) == 2.0
    with pytest.raises(NotFinite, match="update 2: the loss of a is nan; batch ids y"):
        check.settle()
    assert check.settle() == 2.0
