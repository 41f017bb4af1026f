"""A tiny target: its test questions in three languages and a checkpoint that answers them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from xstilts.cache import read_json
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples, open_examples
from xstilts.train.phase import fresh_model

LANGUAGES = ("en", "de", "ko")


@pytest.fixture(scope="session")
def question_rows(tiny: Any) -> list[dict[str, Any]]:
    """Questions of three languages, shuffled into one another."""
    columns = [tiny.rows("looks", 25, seed, language) for seed, language in enumerate(LANGUAGES)]
    return [row for rows in zip(*columns, strict=True) for row in rows]


@pytest.fixture(scope="session")
def cache(tiny: Any, question_rows: list[dict[str, Any]], tiny_features: dict[str, str]) -> Path:
    return Path(tiny.cache("score", {"test": question_rows}, tiny_features))


@pytest.fixture(scope="session")
def questions(cache: Path) -> Examples:
    return open_examples(cache, "test")


@pytest.fixture(scope="session")
def checkpoint(cache: Path, public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was not trained; its head starts at the answers, so it does answer this and that."""
    directory = tmp_path_factory.mktemp("checkpoint")
    torch.manual_seed(0)
    model = fresh_model(public, None, read_json(cache / "card.json")["tasks"])
    save_checkpoint(directory, trained_weights(model), {"tasks": model.cards, "training": None})
    return directory


@pytest.fixture
def settings(full_precision: str) -> ScoreSettings:
    return replace(ScoreSettings(), precision=full_precision)  # type: ignore[arg-type]
