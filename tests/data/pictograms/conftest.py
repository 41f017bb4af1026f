"""The twins of the embedded world at a tenth of their size, and oracles that share no code with it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import INTERMEDIATES, TARGETS, World, make
from xstilts.data.pictograms.gqa import scene_graphs

SHARE = 0.1


def load(name: str) -> ModuleType:
    """A module beside this one (tests are not a package)."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"pictogram_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def answers_oracle() -> ModuleType:
    return load("oracle")


@pytest.fixture(scope="session")
def claims_oracle() -> ModuleType:
    return load("claims_oracle")


@pytest.fixture(scope="session")
def categorial() -> ModuleType:
    return load("categorial")


@pytest.fixture(scope="session")
def world() -> World:
    return World(Path("unused"), share=SHARE)


@pytest.fixture(scope="session")
def twins(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every raw set that borrows its pictures, or has none, in a folder of its name."""
    out = tmp_path_factory.mktemp("twins")
    for dataset in (*INTERMEDIATES, *TARGETS):
        make(dataset, world, out / dataset)
    return out


@pytest.fixture(scope="session")
def graphs(world: World) -> dict[str, dict[str, Any]]:
    """The scene graphs of all splits by image id, as their raw files have them."""
    splits = [("gqa", "train"), ("gqa", "dev"), ("xgqa", "train"), ("xgqa", "dev"), ("xgqa", "test")]
    content = scene_graphs(scene for split in splits for scene in world.scenes(*split))
    return dict(json.loads(json.dumps(content)))
