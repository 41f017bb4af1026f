"""One update: its gradient is the mean over its examples, it is clipped once, and no number but a number passes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from tiny_files import TinyFiles
from xstilts.base.threads import workers
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples, open_examples
from xstilts.train.finite import NotFinite, guard
from xstilts.train.loop import make_optimizer, train
from xstilts.train.masking import read_masking
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

Settings = Callable[..., TrainSettings]
RATE = 0.1
TASKS = TinyFiles.TRAINED
SPLITS = [(8,), (4, 4), (5, 3), (2, 2, 2, 2), (1,) * 8]


def fixed_updates(rows: Examples, task: str, sizes: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Three updates of the same eight rows each, split into batches of these sizes."""
    chosen = np.flatnonzero(rows.tasks == task)[:24].reshape(3, 8)
    return [np.split(update, np.cumsum(sizes)[:-1]) for update in chosen]


def updated(
    model: MultitaskModel,
    rows: Examples,
    updates: list[list[np.ndarray]],
    settings: TrainSettings,
    adam: bool,
    threads: int = 1,
) -> dict[str, Tensor]:
    """The weights of a copy of the model after the updates, by the real optimizer or by plain SGD."""
    mine, accelerator = copy.deepcopy(model), Accelerator(mixed_precision="no", cpu=True)
    optimizer: torch.optim.Optimizer = make_optimizer(mine, settings)
    if not adam:
        optimizer = torch.optim.SGD([p for p in mine.parameters() if p.requires_grad], lr=RATE)
    with workers(threads) as pool:
        updater = Updater(accelerator, mine, optimizer, rows, settings.clip, pool, threads)
        for step, update in enumerate(updates, start=1):
            updater.step(step, update)
    return {name: parameter.detach().clone() for name, parameter in mine.named_parameters()}


@pytest.mark.parametrize("clip", [0.05, 1e9])
@pytest.mark.parametrize("task", ["looks", "follows", "finds"])
def test_how_an_update_is_split_changes_nothing(
    task: str, clip: float, model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    """8 x 1 == 4 x 2 == 5 + 3 == 1 x 8; with plain SGD, in which no error of scale can hide."""
    settings = make_settings(clip=clip, train_inputs=True)
    whole = updated(model, rows, fixed_updates(rows, task, (8,)), settings, adam=False)
    moved = max((whole[name] - p).abs().max().item() for name, p in model.named_parameters())
    assert moved > 1e-4
    for sizes in SPLITS[1:]:
        split = updated(model, rows, fixed_updates(rows, task, sizes), settings, adam=False)
        for name, weight in whole.items():
            torch.testing.assert_close(split[name], weight, atol=1e-3 * moved, rtol=0, msg=f"{sizes}: {name}")


@pytest.mark.parametrize("task", TASKS)
def test_how_many_threads_share_a_batch_changes_nothing(
    task: str, public: Path, every_kind: Path, make_settings: Settings
) -> None:
    """Of every kind of task; what an mlm task hides is that of the update."""
    rows = open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))
    torch.manual_seed(0)
    model = MultitaskModel(load_public(public), rows.card["tasks"])
    settings, updates = make_settings(train_inputs=True), fixed_updates(rows, task, (8,))
    whole = updated(model, rows, updates, settings, adam=False)
    moved = max((whole[name] - p).abs().max().item() for name, p in model.named_parameters())
    assert moved > 1e-4
    shared = updated(model, rows, updates, settings, adam=False, threads=2)
    again = updated(model, rows, updates, settings, adam=False, threads=2)
    for name, weight in whole.items():
        torch.testing.assert_close(shared[name], weight, atol=1e-3 * moved, rtol=0, msg=name)
        assert torch.equal(shared[name], again[name]), name


def test_every_update_starts_from_no_gradient(model: MultitaskModel, rows: Examples, make_settings: Settings) -> None:
    """Three updates by hand: gradient of the mean loss, clipped, one step of plain SGD."""
    settings = make_settings(clip=0.5, train_inputs=True)
    updates = fixed_updates(rows, "follows", (5, 3))
    found = updated(model, rows, updates, settings, adam=False)
    for update in updates:
        model.zero_grad()
        (sum(model(rows.batch(indices)) for indices in update) / 8).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= RATE * parameter.grad
    for name, weight in model.named_parameters():
        torch.testing.assert_close(found[name], weight, atol=1e-5, rtol=0, msg=name)


def test_accumulation_with_the_real_optimizer(model: MultitaskModel, rows: Examples, make_settings: Settings) -> None:
    """AdamW divides by the gradient's size, so tiny ones differ by up to a rate; the answers do not."""
    settings = make_settings(learning_rate=1e-3, head_learning_rate=1e-3)
    answers = []
    for sizes in ((8,), (4, 4), (1,) * 8):
        mine = copy.deepcopy(model)
        mine.load_state_dict(updated(mine, rows, fixed_updates(rows, "looks", sizes), settings, True), strict=False)
        answers.append(mine.logits(rows.batch(np.flatnonzero(rows.tasks == "looks"))))
    untrained = model.logits(rows.batch(np.flatnonzero(rows.tasks == "looks")))
    assert (untrained - answers[0]).abs().max() > 0.05
    for other in answers[1:]:
        torch.testing.assert_close(other, answers[0], atol=1e-3, rtol=0)


def test_the_loss_shown_is_the_mean_over_the_update(
    model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    settings, accelerator = make_settings(), Accelerator(mixed_precision="no", cpu=True)
    chosen = np.flatnonzero(rows.tasks == "follows")[:8]
    expected = float(model.eval()(rows.batch(chosen)).detach()) / 8
    updater = Updater(accelerator, model, make_optimizer(model, settings), rows, settings.clip)
    shown = updater.step(1, np.split(chosen, [3]))
    assert shown == pytest.approx(expected, rel=1e-5)


def test_clipping_comes_once_an_update_after_all_its_batches(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def spy(name: str, after: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            events.append(name)
            return after(*arguments, **named)

        return call

    monkeypatch.setattr(torch.autograd, "grad", spy("backward", torch.autograd.grad))
    monkeypatch.setattr(Accelerator, "clip_grad_norm_", spy("clip", Accelerator.clip_grad_norm_))
    monkeypatch.setattr(torch.optim.AdamW, "step", spy("step", torch.optim.AdamW.step))
    settings = make_settings(epochs=1, batch_size=4, accumulation=5, token_budget=10**6)
    result = train(model, rows, dev, settings, seed=0, title="test")
    one = ["backward"] * 5 + ["clip", "step"]
    assert result.updates > 3
    assert events == one * result.updates
    assert events.count("clip") == events.count("step") == result.updates


def test_large_gradients_are_clipped_to_the_setting(
    model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    settings, before = make_settings(clip=0.01), {n: p.detach().clone() for n, p in model.named_parameters()}
    after = updated(model, rows, fixed_updates(rows, "looks", (8,))[:1], settings, adam=False)
    length = sum(((after[name] - before[name]) ** 2).sum().item() for name in before) ** 0.5
    assert length == pytest.approx(RATE * 0.01, rel=0.01)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_run(
    bad: float, model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings, monkeypatch: Any
) -> None:
    calls: list[list[str]] = []

    def forward(batch: Any) -> Tensor:
        calls.append(batch.ids)
        loss = sum((parameter**2).sum() for parameter in model.heads.parameters())
        return loss * (bad if len(calls) == 3 else 1.0)

    monkeypatch.setattr(model, "forward", forward)
    settings = make_settings(epochs=1, batch_size=4, accumulation=2)
    with pytest.raises(NotFinite) as caught:
        train(model, rows, dev, settings, seed=0, title="test")
    assert "update 2: the loss of" in str(caught.value)
    assert all(name in str(caught.value) for name in calls[2])
    assert len(calls) == 3


@pytest.mark.usefixtures("four_processors")
def test_the_part_of_a_batch_that_went_wrong_is_named(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings, monkeypatch: Any
) -> None:
    """Also where threads share a batch."""
    whole = model.forward
    monkeypatch.setattr(model, "forward", lambda b: whole(b) * (float("nan") if "follows3" in b.ids else 1.0))
    with pytest.raises(NotFinite, match=r"loss of follows is nan; batch ids .*follows3\b") as caught:
        train(model, rows, dev, make_settings(epochs=1, batch_size=8, batch_threads=2), seed=0, title="test")
    assert str(caught.value).count("follows") == 5  # the task and half of the batch


def test_gradients_that_are_no_numbers_stop_the_run(
    model: MultitaskModel, rows: Examples, make_settings: Settings
) -> None:
    """A finite loss may have infinite gradients; after the last update nothing else would notice."""
    settings, accelerator = make_settings(), Accelerator(mixed_precision="no", cpu=True)
    model.heads["follows"].output.weight.register_hook(lambda gradient: gradient * float("inf"))
    updater = Updater(accelerator, model, make_optimizer(model, settings), rows, settings.clip)
    chosen = np.flatnonzero(rows.tasks == "follows")[:8]
    with pytest.raises(NotFinite, match="update 7"):
        updater.step(7, [chosen])


def test_many_ids_are_cut_short(rows: Examples) -> None:
    batch = rows.batch(np.flatnonzero(rows.tasks == "follows")[:20])
    with pytest.raises(NotFinite, match="follows7 and 12 more"):
        guard("loss", float("nan"), 1, batch.ids)
