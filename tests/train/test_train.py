"""A whole run: it learns, it keeps its best state, and the same seed gives the same weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from xstilts.base.errors import XstiltsError
from xstilts.base.files import read_json
from xstilts.model.checkpoint import trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train import loop
from xstilts.train.dev import dev_scores
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import train
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(weight, other[name]) for name, weight in one.items())


def test_it_learns_what_can_be_learned(tiny: Any, separable: Path, make_settings: Settings) -> None:
    """Pictures and texts at once, from features and words to answers and classes."""
    torch.manual_seed(0)
    public = tiny.public("bert", initializer_range=0.1)
    model = MultitaskModel(load_public(public), read_json(separable / "card.json")["tasks"])
    rows, dev = open_examples(separable, "train"), open_examples(separable, "dev")
    rates = {"learning_rate": 2e-3, "head_learning_rate": 5e-3, "warmup": 0.1, "weight_decay": 0.0}
    settings = make_settings(epochs=8, batch_size=16, token_budget=1024, accumulation=1, dropout=0.0, **rates)
    before = dev_scores(model, dev, 1024, settings.precision)
    result = train(model, rows, dev, settings, seed=0, title="test")
    assert before["mean"] < 0.7
    assert result.best["looks"] > 0.95
    assert result.best["follows"] > 0.95


def test_the_best_state_is_kept_not_the_last(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best is the first of the highest, and its weights are those of that moment."""
    script = [0.2, 0.9, 0.9, 0.5]
    seen: list[dict[str, Tensor]] = []

    def scored(at: MultitaskModel, examples: Examples, *_: Any) -> dict[str, float]:
        assert examples is dev
        seen.append(copy.deepcopy(trained_weights(at)))
        return {"looks": 0.1, "mean": script[len(seen) - 1]}

    monkeypatch.setattr(loop, "dev_scores", scored)
    settings = make_settings(epochs=1, batch_size=4, accumulation=1, evaluations=4)
    result = train(model, rows, dev, settings, seed=0, title="test")
    assert [point["dev"] for point in result.curve] == script
    assert result.best == {"looks": 0.1, "mean": 0.9}
    assert equal(result.weights, seen[1])
    assert not equal(result.weights, seen[2])
    assert equal(trained_weights(model), seen[3])


def test_what_a_run_costs(model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings) -> None:
    settings = make_settings(epochs=2, accumulation=2, evaluations=3)
    result = train(model, rows, dev, settings, seed=0, title="test")
    assert result.examples == 2 * len(rows)
    assert result.tokens == 2 * int(rows.text_lengths.sum() + rows.visual_lengths.sum())
    assert result.updates == result.curve[-1]["update"]
    assert len(result.curve) == 3 * 2  # so often an epoch


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.usefixtures("four_processors")
def test_the_seed_decides_everything(
    dropout: float, model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    """The order of examples and dropout; neither what the process drew before nor its threads matter."""
    settings = make_settings(epochs=1, dropout=dropout, batch_size=8)
    found = []
    for seed in (3, 3, 4):
        torch.rand(len(found) + 1)
        found.append(train(copy.deepcopy(model), rows, dev, settings, seed, "test"))
    assert equal(found[0].weights, found[1].weights)
    assert found[0].curve == found[1].curve
    assert not equal(found[0].weights, found[2].weights)


def test_dropout_is_on_in_training(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    found = [
        train(copy.deepcopy(model), rows, dev, make_settings(epochs=0.5, dropout=dropout), 0, "test").weights
        for dropout in (0.0, 0.5)
    ]
    assert not equal(*found)


@pytest.mark.parametrize("precision", ["bf16", None])
def test_training_and_dev_compute_in_the_precision_of_the_settings(
    precision: str | None, model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    seen: set[tuple[bool, bool]] = set()
    model.encoder.register_forward_pre_hook(
        lambda encoder, _: seen.add((encoder.training, torch.is_autocast_enabled("cpu")))
    )
    chosen = {"precision": precision} if precision else {}
    train(model, rows, dev, make_settings(epochs=0.5, **chosen), 0, "test")
    assert seen == {(True, precision == "bf16"), (False, precision == "bf16")}


def test_frozen_weights_stay_and_all_others_move(
    model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    settings = make_settings(epochs=1, batch_size=8, train_inputs=False, frozen_layers=1, weight_decay=0.1)
    train(model, rows, dev, settings, seed=0, title="test")
    still = {name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])}
    frozen = ("encoder.text.embeddings.", "encoder.prefix.", "encoder.text.encoder.layer.0.")
    assert still == {name for name in before if name.startswith(frozen)}


@pytest.mark.parametrize("empty", ["train", "dev"])
def test_nothing_to_train_on_or_to_choose_by_is_an_error(
    empty: str, model: MultitaskModel, rows: Examples, dev: Examples, make_settings: Settings
) -> None:
    """Otherwise an empty checkpoint, or one that nobody chose, would pass for a trained one."""
    parts = {"train": rows, "dev": dev}
    parts[empty] = Examples(parts[empty].table.slice(0, 0), parts[empty].card)
    with pytest.raises(XstiltsError, match=f"no .*{empty}"):
        train(model, parts["train"], parts["dev"], make_settings(), seed=0, title="test")
