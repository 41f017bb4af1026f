"""Fixtures shared by all tests: the repository's parameter files in a directory of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

# Before anything imports torch: tests are small, and several threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).parents[1]
CHOICES = {"world": "pictograms", "intermediate": "none", "seed": 0}
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
    for name in ("grid.yaml", "defaults.yaml"):
        shutil.copy(ROOT / "stages" / name, tmp_path / "stages")
    shutil.copytree(ROOT / "stages" / "tasks", tmp_path / "stages" / "tasks")
    monkeypatch.chdir(tmp_path)
    files = ParameterFiles(tmp_path)
    files.edit("params.yaml", lambda content: content.update(CHOICES))  # whatever an experiment left there
    return files
