"""Cells of tiny models: two checkpoints, and scores made of random predictions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.base.files import read_json, write_json, write_table
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.report.model_card.facts import Places
from xstilts.score.accuracy import label_scores

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
Write = Callable[..., Places]


def scored(folder: Path, target: str, data: str) -> None:
    """Random answers to 60 questions about 20 images in three languages, and their scores."""
    random, words = np.random.default_rng(0), np.array(["yes", "no", "cat"], object)
    gold = random.choice(words, 180)
    columns: dict[str, Any] = {
        "id": [str(row // 3) for row in range(180)],
        "image_id": [f"i{row // 9}" for row in range(180)],
        "language": ["en", "de", "zh"] * 60,
        "structural": ["query"] * 180,
        "semantic": [""] * 180,
        "gold": gold.tolist(),
        "golds": [[word] for word in gold.tolist()],
        "prediction": np.where(random.random(180) < 0.6, gold, "dog").tolist(),
        "blind": ["yes"] * 180,
        "shuffled": ["no"] * 180,
    }
    columns["gold_scores"] = pa.array([[]] * 180, pa.list_(pa.float32()))
    found = label_scores(pa.table(columns), "accuracy", ("blind", "shuffled"))
    about = {"target": target, "route": "gqa", "seed": 0, "data": data, "kind": "vqa", "metric": "accuracy"}
    folder.mkdir(parents=True)
    write_table(folder / "predictions.arrow", found.predictions)
    write_json(folder / "scores.json", about | {"rows": found.rows, "scores": found.scores, "controls": found.controls})
    origin = {"revision": "abc123", "versions": VERSIONS, "precision": "bf16", "hardware": "some CPU, 2 cores"}
    write_json(folder / "provenance.json", origin)


@pytest.fixture
def write_cell(every_kind: Path, public: Path, tmp_path: Path) -> Write:
    """Write the cell of a target that is one of the tiny tasks, after the task `looks`."""
    own = tmp_path / "public"
    shutil.copytree(public, own)
    (own / "vision").mkdir()
    write_json(own / "public.json", {"encoder": "multilingual-e5-small", "vision": "/somewhere/eyes", "dim": 8})

    def write(target: str = "looks", data: str = "pictograms", with_scores: bool = False, **more: Any) -> Places:
        cards = read_json(every_kind / "card.json")["tasks"]
        places = Places(tmp_path / "before", tmp_path / "after", tmp_path / "scores", own, tmp_path / "test")
        torch.manual_seed(0)
        for folder, task in ((places.intermediate, "looks"), (places.target, target)):
            named = {task: cards[task] | {"data": data, "licence": "CC0", "citation": "A and B 2020"} | more}
            model = MultitaskModel(load_public(own), named)
            for weight in model.heads.parameters():
                torch.nn.init.normal_(weight)
            folder.mkdir()
            save_checkpoint(folder, trained_weights(model), {"tasks": named, "training": TRAINING})
        if with_scores:
            scored(places.scores, target, data)
        return places

    return write
