"""A cell's folder of scores, as the scorer leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.files import write_json, write_table

LANGUAGES = ("en", "de")
COST = {"updates": 300, "examples": 900, "tokens": 9000, "english_dev": {"xgqa": 0.7}}
CURVE = [{"update": 150, "loss": 0.5, "dev": 0.6}, {"update": 300, "loss": 0.25, "dev": 0.7}]


def predictions() -> pa.Table:
    """Twelve answers, "yes" throughout, which is right to every other question."""
    asked = [(f"q{n}", code, ("yes", "no")[n % 2]) for code in LANGUAGES for n in range(6)]
    columns: dict[str, Any] = {
        "id": [name for name, _, _ in asked],
        "image_id": [f"i{name}" for name, _, _ in asked],
        "language": [code for _, code, _ in asked],
        "structural": ["verify"] * 12,
        "gold": [gold for _, _, gold in asked],
        "prediction": ["yes"] * 12,
        "cluster": [""] * 12,
        "score": pa.array([float(gold == "yes") for _, _, gold in asked], pa.float32()),
        "of": pa.array([1.0] * 12, pa.float32()),
        "blind_score": pa.array([0.0] * 12, pa.float32()),
        "shuffled_score": pa.array([1.0] * 12, pa.float32()),
    }
    return pa.table(columns)


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """The folder of a cell of the route `none`: nothing was trained in phase 1."""
    folder, halves = tmp_path / "scores", dict.fromkeys(LANGUAGES, 0.5)
    about = {"target": "xgqa", "recipe": "lora", "route": "none", "seed": 2, "data": "pictograms", "kind": "vqa"}
    found = {"metric": "accuracy", "rows": dict.fromkeys(LANGUAGES, 6), "scores": {"accuracy": halves}, "controls": {}}
    write_json(folder / "scores.json", about | found)
    trained = {"tasks": {"xgqa": "pictograms"}, **COST, "curve": CURVE}
    write_json(folder / "training.json", {"intermediate": None, "target": trained})
    write_table(folder / "predictions.arrow", predictions())
    return folder
