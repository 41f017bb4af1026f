"""What training tests share: settings for a quick and exact run, and a set that a tiny model can learn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from xstilts.cache import read_json
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples, open_examples
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]


@pytest.fixture(autouse=True)
def _fresh_accelerator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Train on the processor, also where there is an accelerator.

    Accelerate keeps the precision of the first run for the whole process; a stage has a process of its own.
    """
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


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
