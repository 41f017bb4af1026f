"""Tiny targets: their test rows in three languages and checkpoints that answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from xstilts.base.cells import Cell
from xstilts.base.files import read_json, write_json
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target
from xstilts.train.examples import Examples, open_examples
from xstilts.train.phase import fresh_model

LANGUAGES = ("en", "de", "ko")
NOTHING: dict[str, Any] = {"tasks": {}, "training": None}  # what a phase says in which nothing was trained
Score = Callable[..., Path]


def rows_of(tiny: Any, task: str, number: int = 26) -> list[dict[str, Any]]:
    """Rows of a task in three languages, shuffled into one another."""
    columns = [tiny.rows(task, number, seed, language) for seed, language in enumerate(LANGUAGES)]
    rows = [row for rows in zip(*columns, strict=True) for row in rows]
    for row in rows:
        if task == "follows":
            row["answer"] = tiny.CLASSES[row["label"]]
        if task == "searches":  # all languages may be searched at once, so their ids must differ
            row["id"] = f"{row['language']} {row['id']}"
            row["answers"] = [f"{row['language']} {gold}" for gold in row["answers"]]
    return rows


def save_untrained(directory: Path, public: Path, cache: Path) -> Path:
    """A model that was not trained; a question answering head starts at the answers, so it does answer this and that.

    The heads of other kinds are made larger than they start, for the same reason.
    """
    directory.mkdir(parents=True, exist_ok=True)
    cards = {
        name: card for name, card in read_json(cache / "card.json")["tasks"].items() if card["kind"] != "retrieval"
    }
    torch.manual_seed(0)
    model = fresh_model(public, None, cards)
    weights = {
        name: 10 * weight if name.startswith("heads.") and model.cards[name.split(".")[1]]["kind"] != "vqa" else weight
        for name, weight in trained_weights(model).items()
    }
    save_checkpoint(directory, weights, {"tasks": model.cards, "training": None, "intermediate": NOTHING})
    return directory


@pytest.fixture(scope="session")
def question_rows(tiny: Any) -> list[dict[str, Any]]:
    """Questions of three languages, shuffled into one another."""
    return rows_of(tiny, "looks", 25)


@pytest.fixture(scope="session")
def cache(tiny: Any, question_rows: list[dict[str, Any]], tiny_features: dict[str, str]) -> Path:
    return Path(tiny.cache("score", {"test": question_rows}, tiny_features))


@pytest.fixture(scope="session")
def questions(cache: Path) -> Examples:
    return open_examples(cache, "test")


@pytest.fixture(scope="session")
def checkpoint(cache: Path, public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained(tmp_path_factory.mktemp("checkpoint"), public, cache)


@pytest.fixture
def untrained(public: Path, tmp_path: Path) -> Callable[[Path], Path]:
    """Write an untrained checkpoint for a cache (of a retrieval task: the public encoder passed on)."""
    return lambda cache: save_untrained(tmp_path / f"untrained-{cache.name}", public, cache)


@pytest.fixture
def make_cache(tiny: Any, tiny_features: dict[str, str], tmp_path: Path) -> Callable[..., Path]:
    """Write the test part of a task's cache; keywords are put over its entry in the card."""
    names = (f"{tmp_path.name}-{number}" for number in count())

    def make(task: str, rows: list[dict[str, Any]] | None = None, **entry: Any) -> Path:
        directory = Path(tiny.cache(next(names), {"test": rows or rows_of(tiny, task)}, tiny_features, task))
        card = read_json(directory / "card.json")
        card["tasks"][task].update(languages=list(LANGUAGES), **entry)
        write_json(directory / "card.json", card)
        return directory

    return make


@pytest.fixture
def settings(full_precision: str) -> ScoreSettings:
    return replace(ScoreSettings(), precision=full_precision)  # type: ignore[arg-type]


@pytest.fixture
def score(public: Path, tmp_path: Path, settings: ScoreSettings, monkeypatch: pytest.MonkeyPatch) -> Score:
    """Score a cache as the test rows of its task, and return the cell's folder of scores.

    Each call has a working directory of its own, `name`, in which the paths of the cell lead to the cache.
    """

    def score(cache: Path, checkpoint: Path, name: str = "out", **changed: Any) -> Path:
        (task,) = read_json(cache / "card.json")["tasks"]
        cell, root = Cell("lora", "gqa", 3, task), tmp_path / name
        (root / cell.test_cache.parent).mkdir(parents=True)
        (root / cell.test_cache).symlink_to(cache)
        monkeypatch.chdir(root)
        score_target(checkpoint, public, cell, replace(settings, **changed))
        return root / cell.scores

    return score
