"""Batches made ahead: in order, the same bytes for any number of threads, never many at once, errors as themselves."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from xstilts.base.errors import ParameterError
from xstilts.model.batch import Batch
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import batches_of, make_optimizer, update_plan
from xstilts.train.masking import read_masking
from xstilts.train.prefetch import AHEAD, loaders, made_ahead
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

WORKERS = (0, 1, 2, 5)


def digest(batch: Batch) -> str:
    found = hashlib.sha256()
    for one in fields(batch):
        value = getattr(batch, one.name)
        found.update(value.numpy().tobytes() if isinstance(value, torch.Tensor) else repr(value).encode())
    return found.hexdigest()


def loader_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("loader")]


@pytest.mark.equivalence
def test_any_number_of_threads_makes_the_same_batches(every_kind: Path, public: Path, make_settings: Any) -> None:
    """Every byte of every batch of an epoch of every kind of task, what an mlm task hides included."""
    rows = open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))
    settings = make_settings(batch_size=8, accumulation=2, token_budget=200)
    model = MultitaskModel(load_public(public), rows.card["tasks"])
    accelerator = Accelerator(mixed_precision="no", cpu=True)
    updater = Updater(accelerator, model, make_optimizer(model, settings), rows, 1.0)
    plan, found = update_plan(rows, settings, 0), []
    for workers in WORKERS:
        made = list(batches_of(plan, 3, updater, workers))
        assert [step for step, _, _ in made] == list(range(4, len(plan) + 1))
        found.append([digest(part) for _, _, batches in made for parts in batches for part in parts])
    assert len(set(found[0])) == len(found[0]) > 20
    assert all(other == found[0] for other in found[1:])
    assert not loader_threads()


@pytest.mark.equivalence
def test_any_number_of_threads_trains_the_same(trajectory: Callable[..., Any]) -> None:
    """To the bit, and a checkpoint does not say how many there were."""
    alone, others = trajectory(loader_workers=0), [trajectory(loader_workers=count) for count in (1, 3)]
    assert len(alone.losses) > 30
    for other in others:
        assert alone.apart(other) == (0, 0)
        assert other.card == alone.card


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_arrives_as_itself_at_its_item(workers: int) -> None:
    def make(item: int) -> int:
        time.sleep(0.001 * (item % 3))
        if item == 7:
            raise ParameterError("the seventh")
        return item

    found: list[int] = []
    with pytest.raises(ParameterError, match=r"^the seventh$"):
        found.extend(made_ahead(make, range(20), workers))
    assert found == list(range(7))
    assert not loader_threads()


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_are_made_than_will_soon_be_asked_for(workers: int) -> None:
    begun: list[int] = []
    made = made_ahead(lambda item: begun.append(item) or item, range(1000), workers)
    assert [next(made) for _ in range(10)] == list(range(10))
    time.sleep(0.05)
    assert 10 <= len(begun) <= 10 + AHEAD * workers
    made.close()
    count = len(begun)
    time.sleep(0.02)
    assert len(begun) == count
    assert not loader_threads()


def test_threads_are_for_accelerators() -> None:
    assert loaders(None, torch.device("cpu")) == 0
    assert loaders(None, torch.device("cuda")) > 0
    assert loaders(3, torch.device("cpu")) == 3
    assert loaders(0, torch.device("cuda")) == 0


def test_what_decides_nothing_is_not_among_what_decides() -> None:
    assert TrainSettings(loader_workers=3).deciding() == TrainSettings(resume_minutes=1.0).deciding()


def test_an_update_made_ahead_is_the_update(rows: Examples, public: Path, learn: Path, make_settings: Any) -> None:
    """`step` with batches of `batches` is `step` without."""
    losses = []
    for ahead in (False, True):
        torch.manual_seed(0)
        model, settings = MultitaskModel(load_public(public), rows.card["tasks"]), make_settings()
        accelerator = Accelerator(mixed_precision="no", cpu=True)
        updater = Updater(accelerator, model, make_optimizer(model, settings), rows, settings.clip)
        update = list(np.split(np.flatnonzero(rows.tasks == "looks")[:8], [5]))
        losses.append([updater.step(i, update, updater.batches(i, update) if ahead else None) for i in (1, 2, 3)])
    assert losses[0] == losses[1]
    assert losses[0][0] > losses[0][2]
