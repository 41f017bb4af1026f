"""A study of simulated cells: what each test example earned, by route, seed and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.base.files import write_table
from xstilts.report.cells.items import CELL, SCHEMA
from xstilts.report.places import items_path

Write = Callable[..., Path]
LANGUAGES = ("en", "de", "zh")
TRAINED = {"updates": 300, "examples": 3600, "tokens": 40_000}


def cell_table(
    rng: np.random.Generator, names: str, chance: Mapping[str, float], images: int, pictures: bool
) -> pa.Table:
    """Five questions an image and language, of two types; what is hard is hard for every route that is given `rng`."""
    rows = [(image, number, language) for image in range(images) for number in range(5) for language in LANGUAGES]
    hard = np.repeat(rng.random((images, 5)), len(LANGUAGES))
    right = (hard < [chance[language] for _, _, language in rows]).astype(np.float32)
    blind = np.where(np.arange(len(rows)) % 4 == 0, right, 0).astype(np.float32)
    columns: dict[str, Any] = {
        "id": [f"{names}-{image}-{number}" for image, number, _ in rows],
        "image_id": [f"{names}-{image}" if pictures else "" for image, _, _ in rows],
        "cluster": [""] * len(rows),
        "language": [language for _, _, language in rows],
        "part": [""] * len(rows),
        "structural": [("verify", "query")[number % 2] if pictures else "" for _, number, _ in rows],
        "score": right,
        "of": np.ones(len(rows), np.float32),
        "blind": blind if pictures else [None] * len(rows),
        "shuffled": blind if pictures else [None] * len(rows),
    }
    return pa.table({one.name: pa.array(columns[one.name], one.type) for one in SCHEMA}, schema=SCHEMA)


@pytest.fixture
def write_cell(tmp_path: Path) -> Write:
    """Write the items of a cell below `tmp_path`."""

    def write(target: str, route: str, seed: int = 0, *, more: float = 0.0, **options: Any) -> Path:
        english, kind, images = options.get("english", 0.0), options.get("kind", "vqa"), options.get("images", 200)
        chance = {language: 0.5 + more + (english if language == "en" else 0) for language in LANGUAGES}
        rng = np.random.default_rng([seed, *target.encode()])
        table = cell_table(rng, options.get("names", target), chance, images, pictures=kind == "vqa")
        tasks = {"tasks": {route: options.get("trained_on", "pictograms")}}
        trained = None if route == "none" else tasks | TRAINED | options.get("cost", {})
        ours = {target: options.get("english_dev", 0.5 + more)}
        training = {
            "intermediate": trained,
            "target": {"tasks": {target: "pictograms"}, **TRAINED, "english_dev": ours},
        }
        about = {"target": target, "route": route, "seed": seed, "data": options.get("data", "pictograms")}
        about |= {"kind": kind, "metric": "accuracy", "training": training}
        path = items_path(tmp_path / "items", target, route, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        write_table(path, table.replace_schema_metadata({CELL: json.dumps(about).encode()}))
        return path

    return write
