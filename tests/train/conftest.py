"""What training tests share: settings for a quick and exact run, and a set that a tiny model can learn."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from xstilts.base.files import read_json
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples, open_examples
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

ROOT = Path(__file__).parents[2]
Settings = Callable[..., TrainSettings]
# Biases that shift all scores of a softmax alike: of attention's keys, of the tokens of a text, of choices.
# The bias of the last layer norm stands before heads that normalise what they read: some of its elements cancel too.
SHIFTS = (
    "key.bias",
    "layer.1.output.LayerNorm.bias",
    *(f"heads.{task}.output.bias" for task in ("finds", "doubts", "picks", "points")),
)


@dataclass
class Trajectory:
    """What a phase went through: the rows of every update in their order, its loss, and what the checkpoint says."""

    order: list[list[int]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)

    def apart(self, other: Trajectory) -> tuple[float, float]:
        """The largest difference between two runs' losses, and between their final weights but `SHIFTS`."""
        assert self.order == other.order
        assert self.weights.keys() == other.weights.keys()
        deciding = {name: weight for name, weight in self.weights.items() if not name.endswith(SHIFTS)}
        losses = max(abs(one - two) for one, two in zip(self.losses, other.losses, strict=True))
        return losses, max((weight - other.weights[name]).abs().max().item() for name, weight in deciding.items())


@pytest.fixture(autouse=True)
def _fresh_accelerator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Train on the processor, also where there is an accelerator.

    Accelerate keeps the precision of the first run for the whole process; a stage has a process of its own.
    """
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a stage script that runs in this process does to the module path."""
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def parameter_files(parameter_files: Any) -> Any:
    """Those of all tests, with the recipes."""
    shutil.copytree(ROOT / "stages" / "recipes", parameter_files.root / "stages" / "recipes", dirs_exist_ok=True)
    return parameter_files


@pytest.fixture
def four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training use four threads, whatever the machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)


@pytest.fixture
def make_settings(full_precision: str) -> Settings:
    """The default settings in float32, with no layer frozen (a tiny encoder has two), and some of them changed."""
    return lambda **changed: replace(TrainSettings(), **{"precision": full_precision, "frozen_layers": 0, **changed})


@pytest.fixture(scope="session")
def rows(learn: Path) -> Examples:
    return open_examples(learn, "train")


@pytest.fixture(scope="session")
def dev(learn: Path) -> Examples:
    return open_examples(learn, "dev")


@pytest.fixture
def model(public: Path, learn: Path) -> MultitaskModel:
    """A fresh model with a head for each of the three tasks."""
    torch.manual_seed(0)
    return MultitaskModel(load_public(public), read_json(learn / "card.json")["tasks"])


@pytest.fixture(scope="session")
def separable(tiny: Any) -> Path:
    """A cache in which a region's features decide the answer to a question, and a word the class of a text."""
    answers, count = len(tiny.ANSWERS), 24
    classes = np.arange(count) % answers
    vectors = 3 * np.eye(tiny.DIM)[classes] + np.random.default_rng(0).normal(0, 0.2, (count, tiny.DIM))
    features = tiny.features("separable-features", vectors, (1,) * count)
    splits = {}
    for split, seed in (("train", 0), ("dev", 1)):
        looks, follows = (tiny.rows(task, 96, seed) for task in ("looks", "follows"))
        for i, row in enumerate(looks):
            row.update(image=i % count, label=int(classes[i % count]))
        for row in follows:
            row["input_ids"][1] = len(tiny.SPECIAL) + row["label"]
            row["input_ids"] = row["input_ids"][:4]
        splits[split] = [*looks, *follows]
    return tiny.cache("separable", splits, features)


@pytest.fixture
def trajectory_of() -> Callable[[Path], Trajectory]:
    """What a checkpoint tells of its training: weights, and the losses at the evaluations of dev."""

    def read(out: Path) -> Trajectory:
        card = read_json(out / "checkpoint.json")["training"]
        return Trajectory([], [point["loss"] for point in card["curve"]], load_file(out / "model.safetensors"), card)

    return read


@pytest.fixture(scope="session")
def mixed(tiny: Any, tiny_features: dict[str, str]) -> Path:
    """The learning part of a mixture of tasks that stay these, whatever kinds there will be.

    Tolerances of whole trajectories hold for a number of updates, and for these losses. That every kind is exact is
    tested update by update.
    """
    tasks = "looks votes follows compares finds doubts tags picks points matches fills".split()
    splits = {s: [row for t in tasks for row in tiny.rows(t, 24, i)] for i, s in enumerate(("train", "dev"))}
    return Path(tiny.cache("mixed", splits, tiny_features))


@pytest.fixture
def trajectory(
    mixed: Path, public: Path, tmp_path: Path, make_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Trajectory]:
    """Run a phase on a mixture of tasks of many kinds, with changed settings, and tell what it went through."""

    def run(processors: int = 1, **changed: Any) -> Trajectory:
        usual = {"epochs": 1.0, "batch_size": 8, "train_inputs": True, "learning_rate": 1e-3, "evaluations": 4}
        settings, found = make_settings(**{**usual, "token_budget": 10**6, **changed}), Trajectory()
        step = Updater.step

        def noted(self: Updater, number: int, update: Any, *made: Any) -> float:
            found.order.append([row for batch in update for row in batch.tolist()])
            found.losses.append(step(self, number, update, *made))
            return found.losses[-1]

        out = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        with monkeypatch.context() as patch:
            patch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
            patch.setattr(Updater, "step", noted)
            train_phase(mixed, public, out, settings, 3)
        AcceleratorState._reset_state(reset_partial_state=True)
        found.weights, found.card = load_file(out / "model.safetensors"), read_json(out / "checkpoint.json")["training"]
        return found

    return run
