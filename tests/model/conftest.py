"""Models over tiny encoders, with one head per kind of task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from xstilts.base.files import read_json
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples, open_examples
from xstilts.train.masking import read_masking


@pytest.fixture(scope="session")
def examples(learn: Path) -> Examples:
    """Rows of three tasks, of many lengths, with 0 to 5 regions an image."""
    return open_examples(learn, "train")


@pytest.fixture(scope="session")
def everything(every_kind: Path, public: Path) -> Examples:
    """Rows of all tasks that a head answers, of every kind."""
    return open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))


@pytest.fixture(scope="session")
def cards(learn: Path) -> dict[str, Any]:
    return dict(read_json(learn / "card.json")["tasks"])


@pytest.fixture
def make_model(cards: dict[str, Any]) -> Callable[[Path], MultitaskModel]:
    """A model over a public directory, in evaluation mode; the heads are random, but the same every time."""

    def make(public: Path) -> MultitaskModel:
        torch.manual_seed(0)
        return MultitaskModel(load_public(public), cards).eval()

    return make


@pytest.fixture
def full_model(public: Path, everything: Examples) -> MultitaskModel:
    """A model with heads for the tasks of every kind, in evaluation mode."""
    torch.manual_seed(0)
    return MultitaskModel(load_public(public), everything.card["tasks"]).eval()
