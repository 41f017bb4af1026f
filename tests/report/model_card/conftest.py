"""Cells of tiny models: a target checkpoint, and scores made of random predictions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.base.cells import PUBLIC, Cell
from xstilts.base.files import read_json, write_json, write_table
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel

ROOT = Path(__file__).parents[3]
TRAINING = {
    "cache": "some",
    "seed": 0,
    "settings": {"epochs": 1.0},
    "updates": 1234,
    "examples": 5678,
    "tokens": 91011,
    "english_dev": {"mean": 0.75},
}
VERSIONS = {"python": "3.11.7", "torch": "2.13.0"}
LANGUAGES = ("en", "de", "zh")
Write = Callable[..., Cell]


def scored(cell: Cell, data: str, kind: str) -> None:
    """Random answers to 60 questions about 20 images in three languages, and their scores."""
    right = (np.random.default_rng(0).random(180) < 0.6).astype(np.float32)
    columns: dict[str, Any] = {
        "id": [str(row // 3) for row in range(180)],
        "image_id": [f"i{row // 9}" for row in range(180)],
        "cluster": [""] * 180,
        "language": list(LANGUAGES) * 60,
        "structural": ["query"] * 180,
        "score": right,
        "of": np.ones(180, np.float32),
        "blind_score": right * (np.arange(180) % 2 == 0).astype(np.float32),
        "shuffled_score": np.zeros(180, np.float32),
    }
    found = {
        name: {language: float(np.mean(columns[name][place::3])) for place, language in enumerate(LANGUAGES)}
        for name in ("score", "blind_score", "shuffled_score")
    }
    about = {"target": cell.target, "recipe": cell.recipe, "route": cell.route, "seed": cell.seed, "data": data}
    about |= {"kind": kind, "metric": "accuracy", "rows": dict.fromkeys(LANGUAGES, 60)}
    controls = {name: found[f"{name}_score"] for name in ("blind", "shuffled")}
    cell.scores.mkdir(parents=True)
    write_table(cell.scores / "predictions.arrow", pa.table(columns))
    write_json(cell.scores / "scores.json", about | {"scores": {"accuracy": found["score"]}, "controls": controls})
    origin = {"revision": "abc123", "versions": VERSIONS, "precision": "bf16", "hardware": "some CPU, 2 cores"}
    write_json(cell.scores / "provenance.json", origin)


@pytest.fixture
def write_cell(every_kind: Path, public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the cell of a target that is one of the tiny tasks, after the task `looks`, in a directory of its own.

    It becomes the working directory, and has neither a tokenised cache nor a checkpoint of phase 1.
    """
    monkeypatch.chdir(tmp_path)
    shutil.copytree(public, PUBLIC)
    (PUBLIC / "vision").mkdir()
    write_json(PUBLIC / "public.json", {"encoder": "multilingual-e5-small", "vision": "/somewhere/eyes", "dim": 8})
    (tmp_path / "stages").mkdir()
    shutil.copy(ROOT / "stages/defaults.yaml", "stages")
    shutil.copytree(ROOT / "stages/recipes", "stages/recipes")

    def write(
        target: str = "looks", data: str = "pictograms", with_scores: bool = False, recipe: str = "plain", **more: Any
    ) -> Cell:
        cards = read_json(every_kind / "card.json")["tasks"]
        cell = Cell(recipe, "gqa", 0, target)
        shuffled = {"labels": "shuffled"} if recipe == "shuffled_labels" else {}
        first = TRAINING | {"settings": {"epochs": 1.0} | shuffled}
        named = {
            task: cards[task] | {"data": data, "licence": "CC0", "citation": "A and B 2020"} | more
            for task in ("looks", target)
        }
        torch.manual_seed(0)
        model = MultitaskModel(load_public(PUBLIC), {target: named[target]})
        for weight in model.heads.parameters():
            torch.nn.init.normal_(weight)
        cell.target_checkpoint.mkdir(parents=True)
        intermediate = {"tasks": {"looks": named["looks"]}, "training": first}
        card = {"tasks": {target: named[target]}, "training": TRAINING, "intermediate": intermediate}
        save_checkpoint(cell.target_checkpoint, trained_weights(model), card)
        if with_scores:
            scored(cell, data, named[target]["kind"])
        return cell

    return write
