"""When what happens: the learning rate, the evaluations, whole and partial epochs, and who is trained at which rate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import build
from xstilts.model.multitask import MultitaskModel
from xstilts.train import loop
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import make_optimizer, update_plan
from xstilts.train.order import epoch_batches
from xstilts.train.schedule import Schedule, stopped_rising
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]


def scheduled(longest: int, epoch: int = 100, **changed: Any) -> Schedule:
    return Schedule(longest, epoch, TrainSettings(**changed))


def points(*dev: float, every: int = 10) -> list[dict[str, float]]:
    """A curve that was scored every so many updates."""
    return [{"update": every * (number + 1), "dev": score} for number, score in enumerate(dev)]


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 500])
def test_the_rate_rises_to_1_and_falls_to_0(steps: int, warmup: float) -> None:
    rates = [scheduled(steps, warmup=warmup).rate(step, []) for step in range(steps)]
    peak = rates.index(max(rates))
    assert max(rates) == 1
    assert min(rates) > 0  # no update is for nothing
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert scheduled(steps, warmup=warmup).rate(steps, []) == 0
    if steps == 500:
        assert peak == pytest.approx(warmup * steps, abs=1)
        assert warmup == 1 or rates[-1] < 0.01
        assert warmup == 0 or rates[0] < 0.03
        slopes = np.diff(rates[peak + 1 :])
        assert np.ptp(slopes) < 1e-9 if len(slopes) else warmup == 1


def test_with_a_cool_down_the_rate_is_constant_and_falls_at_the_end() -> None:
    schedule = scheduled(400, cooldown=0.5, warmup=0.1)
    rates = [schedule.rate(step, []) for step in range(401)]
    assert rates[39:351] == [1.0] * 312
    assert rates[375] == 0.5
    assert rates[400] == 0


def test_a_run_ends_when_dev_has_stopped_rising() -> None:
    """Without a cool-down at once; with one the rate falls from there, and what dev does then changes nothing."""
    curve = points(0.3, 0.5, 0.5, 0.4, 0.6, 0.6)
    assert stopped_rising(curve, 2) == 40
    assert stopped_rising(curve, 1) == 30
    assert stopped_rising(curve, 3) is None
    assert stopped_rising(curve, None) is None
    assert scheduled(400, patience=2).end(curve) == 40
    assert scheduled(400, patience=3).end(curve) == 400
    cooled = scheduled(400, patience=2, cooldown=0.2)
    assert cooled.end(curve) == 60
    assert [cooled.rate(step, curve) for step in (40, 50, 60)] == [1, 0.5, 0]
    late = points(*np.linspace(0.1, 0.8, 37).tolist(), 0.1, 0.1)
    assert cooled.end(late) == 400  # the cool-down before the last update had begun already
    assert cooled.rate(390, late) == 0.5


@pytest.mark.parametrize("longest", [1, 40, 100, 130, 501])
@pytest.mark.parametrize("evaluations", [1, 2, 4])
def test_dev_is_scored_so_often_an_epoch_and_at_the_end(longest: int, evaluations: int) -> None:
    schedule = scheduled(longest, evaluations=evaluations)
    marks = [step for step in range(1, longest + 1) if schedule.scores_dev(step, [])]
    assert marks == sorted({*range(100 // evaluations, longest + 1, 100 // evaluations), longest})


def test_a_plan_is_every_epoch_in_its_order(rows: Examples, make_settings: Settings) -> None:
    settings = make_settings(epochs=2, batch_size=4, accumulation=3)
    plan = update_plan(rows, settings, seed=3)
    found = [np.concatenate(update).tolist() for update in plan]
    assert found == [update.tolist() for epoch in (0, 1) for update in epoch_batches(rows, settings, 3, epoch)]
    assert max(len(update) for update in plan) == 3
    assert {len(batch) for update in plan for batch in update} == {4}  # 40 rows a task are 3 updates and a third


@pytest.mark.equivalence
@pytest.mark.parametrize("budget", [10**6, 512])
def test_an_update_has_the_same_examples_however_it_is_cut(
    budget: int, rows: Examples, make_settings: Settings
) -> None:
    """Exactly: 8 x 1, 4 x 2, 2 x 4 and 1 x 8; every batch within its limits."""
    plans = []
    for size in (8, 4, 2, 1):
        limits = {"batch_size": size, "token_budget": budget * size // 8, "accumulation": 8 // size}
        plans.append(update_plan(rows, make_settings(epochs=1.5, **limits), seed=3))
        assert {len(batch) for update in plans[-1] for batch in update} <= set(range(1, size + 1))
    for plan in plans:
        updates = [np.concatenate(update).tolist() for update in plan]
        assert updates == [update[0].tolist() for update in plans[0]]


@pytest.mark.parametrize("epochs", [0.25, 0.5, 1.5, 2.75])
def test_part_of_an_epoch(epochs: float, rows: Examples, make_settings: Settings) -> None:
    plan = update_plan(rows, make_settings(epochs=epochs, batch_size=4, accumulation=1), seed=0)
    one = len(update_plan(rows, make_settings(epochs=1, batch_size=4, accumulation=1), seed=0))
    assert len(plan) == pytest.approx(epochs * one, abs=1.5)
    seen = np.bincount(np.concatenate([batch for update in plan for batch in update]), minlength=len(rows))
    assert set(seen) == {int(epochs), int(epochs) + 1}


def test_a_run_ends_early_at_so_many_updates_or_tokens(rows: Examples, make_settings: Settings) -> None:
    """The same updates as the longer run's first ones; the update that reaches the tokens is the last."""
    usual = {"epochs": 2.0, "batch_size": 4}
    whole = update_plan(rows, make_settings(**usual), seed=0)
    seen = np.cumsum([rows.tokens[np.concatenate(update)].sum() for update in whole])
    for changed, length in (
        ({"max_updates": 3}, 3),
        ({"max_updates": 10**6}, len(whole)),
        ({"max_tokens": 1}, 1),
        ({"max_tokens": int(seen[4])}, 5),
        ({"max_tokens": int(seen[4]) + 1}, 6),
        ({"max_tokens": 10**9}, len(whole)),
        ({"max_tokens": int(seen[4]), "max_updates": 2}, 2),
        ({"max_tokens": int(seen[1]), "max_updates": 7}, 2),
    ):
        plan = update_plan(rows, make_settings(**usual, **changed), seed=0)
        assert len(plan) == length
        for update, expected in zip(plan, whole, strict=False):
            assert [batch.tolist() for batch in update] == [batch.tolist() for batch in expected]


def test_a_run_that_ends_early_has_the_rate_of_its_length(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    settings = make_settings(batch_size=4, max_updates=6, evaluations=1)
    result = loop.train(model, rows, dev, settings, seed=0, title="test")
    assert result.updates == 6
    assert [point["update"] for point in result.curve] == [6]  # an epoch is more


@pytest.mark.parametrize("cooldown", [None, 0.1])
def test_training_stops_when_dev_does_not_rise(
    cooldown: float | None, model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    """With a rate of next to nothing dev stays as it is: the first evaluation is the best one."""
    still = {"learning_rate": 1e-12, "head_learning_rate": 1e-12, "epochs": 5.0, "batch_size": 4, "evaluations": 3}
    settings = make_settings(**still, patience=2, cooldown=cooldown)
    result = loop.train(model, rows, dev, settings, seed=0, title="test")
    epoch = len(epoch_batches(rows, settings, 0, 0))
    assert result.updates == epoch + (round(0.1 * epoch) if cooldown else 0)
    assert [point["update"] for point in result.curve[:3]] == [round(epoch * k / 3) for k in (1, 2, 3)]
    assert result.curve[-1]["update"] == result.updates
    assert result.best["mean"] == pytest.approx(result.curve[0]["dev"], abs=1e-4)


def test_fewer_rows_are_among_more_of_them(learn: Path) -> None:
    """So that a curve over numbers of rows is one of more rows, not of other ones."""
    whole = open_examples(learn, "train").ids
    found = {n: open_examples(learn, "train", limit=(n, 3)).ids for n in (5, 20, len(whole))}
    assert found[len(whole)] == whole
    assert set(found[5]) < set(found[20]) < set(whole)
    assert [len(own) for own in found.values()] == [5, 20, len(whole)]
    assert set(open_examples(learn, "train", limit=(5, 4)).ids) != set(found[5])
    with pytest.raises(ParameterError, match=r"examples is 10000, but .* has \d+ training rows"):
        open_examples(learn, "train", limit=(10_000, 0))


def test_settings_that_change_nothing_are_not_in_a_checkpoint() -> None:
    absent = {"labels", "pictures", "max_updates", "max_tokens", "terms", "patience", "cooldown", "examples"}
    assert not absent & TrainSettings().deciding().keys()
    changed = {
        "labels": "shuffled",
        "pictures": "blind",
        "max_updates": 3,
        "max_tokens": 9,
        "terms": {"public_distance": 1.0},
        "patience": 2,
        "cooldown": 0.5,
        "examples": 360,
    }
    assert changed.items() <= build(TrainSettings, changed, "gqa").deciding().items()


@pytest.mark.parametrize("inputs", [False, True])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_who_is_trained_and_how(inputs: bool, frozen: int, model: MultitaskModel, make_settings: Settings) -> None:
    """Every trained weight in exactly one group: heads at their own rate, vectors and word embeddings without decay."""
    settings = make_settings(train_inputs=inputs, frozen_layers=frozen, weight_decay=0.1)
    groups = make_optimizer(model, settings).param_groups
    parameters: dict[str, Any] = dict(model.named_parameters())
    names = {id(parameter): name for name, parameter in parameters.items()}
    placed = [(names[id(p)], group) for group in groups for p in group["params"]]
    trained = {name for name, _ in placed}
    assert len(placed) == len(trained)
    for name, parameter in parameters.items():
        layer = int(name.split("layer.")[1][0]) if "layer." in name else None
        expected = inputs if name.startswith("encoder.") and layer is None else layer is None or layer >= frozen
        assert (name in trained) == parameter.requires_grad == expected, name
    for name, group in placed:
        new = name.startswith("heads.")
        assert group["lr"] == (settings.head_learning_rate if new else settings.learning_rate), name
        assert group["weight_decay"] == (0.1 if parameters[name].ndim > 1 and "word" not in name else 0), name


def test_no_more_layers_are_frozen_than_there_are(model: MultitaskModel, make_settings: Settings) -> None:
    with pytest.raises(ParameterError, match="frozen_layers is 3, but the encoder has 2 layers"):
        make_optimizer(model, make_settings(frozen_layers=3))


def test_dropout_is_that_of_the_settings(model: MultitaskModel, make_settings: Settings) -> None:
    make_optimizer(model, make_settings(dropout=0.25))
    found = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    assert found
    assert set(found) == {0.25}


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"gqa: unknown key 'learning_rat'.* Did you mean 'learning_rate'"):
        build(TrainSettings, {"learning_rat": 1.0e-4}, "gqa")


def test_both_precisions_can_be_written_in_a_task_file(full_precision: str) -> None:
    """YAML reads some words (no, off, ...) as booleans; an error hints at this one."""
    for precision in ("bf16", full_precision):
        written = yaml.safe_load(f"precision: {precision}")
        assert build(TrainSettings, written, "gqa").precision == precision


@pytest.mark.parametrize(
    "value",
    [
        {"epochs": 0},
        {"evaluations": 0},
        {"accumulation": 0},
        {"batch_size": 0},
        {"epochs": -1.0},
        {"frozen_layers": -1},
        {"max_updates": 0},
        {"max_tokens": -5},
        {"patience": 0},
        {"cooldown": 0},
        {"examples": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(value: dict[str, Any]) -> None:
    """Otherwise an empty checkpoint would pass for a trained one, or most layers would be frozen unasked."""
    with pytest.raises(ParameterError, match=next(iter(value))):
        build(TrainSettings, value, "gqa")
