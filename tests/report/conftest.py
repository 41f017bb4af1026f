"""A study of simulated cells: what each test example earned, by route, seed and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.base.cells import Study, cell_of, leaks_path
from xstilts.base.files import write_json, write_table
from xstilts.report.cells.items import CELL, SCHEMA, read_items
from xstilts.report.comparisons import Comparisons, Design, read_comparisons
from xstilts.report.metrics_files import study_files
from xstilts.report.paired import Paired
from xstilts.report.side_by_side import read_paired
from xstilts.report.transfer import Transfer

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
LANGUAGES = ("en", "de", "zh")
GAINS = {"none": 0.0, "squad": -0.04, "gqa": 0.08, "mnli": 0.002}
SEEDS = (0, 1, 2)  # of a study whose test names no other
TRAINED = {"updates": 300, "examples": 3600, "tokens": 40_000}


def cell_table(
    rng: np.random.Generator, names: str, chance: Mapping[str, float], images: int, pictures: bool
) -> pa.Table:
    """Five questions per image and language, of two types; what is hard is hard for every route that is given `rng`."""
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
        "form": np.maximum(right, np.arange(len(rows)) % 3 == 0) if pictures else [None] * len(rows),
    }
    return pa.table({one.name: pa.array(columns[one.name], one.type) for one in SCHEMA}, schema=SCHEMA)


def metrics_of(items: pa.Table, data: str) -> dict[str, Any]:
    """What metrics.json of a cell with these items says."""
    languages, score = np.array(items["language"].to_pylist()), items["score"].to_numpy()
    own = {code: round(float(score[languages == code].mean()), 4) for code in LANGUAGES}
    own["zero_shot"] = round((own["de"] + own["zh"]) / 2, 4)
    return {"metric": "accuracy", "data": data, "accuracy": own, "gap": round(own["en"] - own["zero_shot"], 4)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, but for the parameter files; the working directory."""
    (tmp_path / "stages").symlink_to(ROOT / "stages")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write_cell(folder: Path) -> Write:
    """Write what a study keeps of a route's cells, of every seed or of one; return the items of the last."""
    return write


def write(target: str, route: str, seed: int | None = None, **options: Any) -> Path:
    """Write the cells of a route below the working directory, of `SEEDS` or of one seed."""
    return [write_one(target, route, one, **options) for one in (SEEDS if seed is None else [seed])][-1]


def write_one(target: str, route: str, seed: int, *, more: float = 0.0, **options: Any) -> Path:
    """Write a cell, whose examples are right with a chance of 0.5 and `more`."""
    english, kind, images = options.get("english", 0.0), options.get("kind", "vqa"), options.get("images", 200)
    chance = {language: 0.5 + more + (english if language == "en" else 0) for language in LANGUAGES}
    rng = np.random.default_rng([*target.encode()])
    table = cell_table(rng, options.get("names", target), chance, images, pictures=kind == "vqa")
    cell, data = cell_of(route, seed, target), options.get("data", "pictograms")
    tasks = {"tasks": {cell.route: options.get("trained_on", "pictograms")}}
    ours = {target: options.get("english_dev", 0.5 + more)}
    training = {
        "intermediate": None if cell.route == "none" else tasks | TRAINED | options.get("cost", {}),
        "target": {"tasks": {target: "pictograms"}, **TRAINED, "english_dev": ours, **options.get("phase2", {})},
    }
    about = {"target": target, "recipe": cell.recipe, "route": cell.route, "seed": seed, "data": data}
    about |= {"kind": kind, "metric": "accuracy", "training": training}
    path = cell.collected()
    write_json(path / "metrics.json", metrics_of(table, data))
    (path / "items.arrow").unlink(missing_ok=True)
    write_table(path / "items.arrow", table.replace_schema_metadata({CELL: json.dumps(about).encode()}))
    return path / "items.arrow"


@pytest.fixture
def write_scores(folder: Path) -> Write:
    """Write two cells of a route that have exactly a score in every language: no noise of items or runs."""

    def write_exact(target: str, route: str, score: float, kind: str) -> None:
        for seed in (0, 1):
            path = write_one(target, route, seed, images=2, kind=kind, english_dev=score)
            table, known = read_items(path)
            exact = table.set_column(SCHEMA.names.index("score"), "score", pa.array([score] * len(table), pa.float32()))
            path.unlink()
            write_table(path, exact.cast(SCHEMA).replace_schema_metadata({CELL: json.dumps(known).encode()}))

    return write_exact


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What git keeps of a study in which one route helps, one harms, and one does next to nothing."""
    root = tmp_path_factory.mktemp("study")
    (root / "stages").symlink_to(ROOT / "stages")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for route, gain in GAINS.items():
            write("xgqa", route, more=gain, english=0.1)
        found = Read(["xgqa"], GAINS)
        found.write_leaks()
        kept: dict[str, Any] = json.loads(json.dumps(study_files(found.study)))
    return kept


def study_of(
    targets: Iterable[str], routes: Iterable[str], seeds: Iterable[int] = SEEDS, recipes: Iterable[str] = ("plain",)
) -> Study:
    """A study of routes, of which those with a recipe (`longer/none`) are controls."""
    routes = list(routes)
    tasks, controls = ([one for one in routes if ("/" in one) is has] for has in (False, True))
    return Study(list(recipes), tasks, controls, list(seeds), list(targets))


class Read:
    """What the statistics know of a study of simulated cells."""

    def __init__(self, *args: Any, declared: Comparisons | None = None, shared: Any = None, **options: Any) -> None:
        self.folder = Path.cwd()
        self.study = study_of(*args, **options)
        self.design = Design(self.study, declared or read_comparisons())
        self.paired: Paired = read_paired(self.study)
        self.transfer = Transfer(self.paired, self.design, shared or {})

    def write_leaks(self) -> None:
        """Write that no intermediate task shares anything with a target."""
        for target in self.study.targets:
            for task in self.study.intermediates:
                write_json(leaks_path(None, target, task), {"kind": "vqa", "shared": [], "not_compared": []})


@pytest.fixture
def read(folder: Path) -> type[Read]:
    """Read a study: `read(targets, routes, seeds=SEEDS, recipes=("plain",))`."""
    return Read
