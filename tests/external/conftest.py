"""Tiny files in official formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from few_questions import gqa
from xstilts.external.gold import Gold, read_gold
from xstilts.tasks.schema import load_task

ROOT = Path(__file__).parents[2]
Write = Callable[[str, Any], str]


@pytest.fixture(autouse=True)
def repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task files are read from the working directory."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the temporary folder, a text as it is and anything else as JSON; return its path."""

    def write_file(name: str, content: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write_file


@pytest.fixture
def gold(write: Write) -> Gold:
    """The questions, with answers that hold in every language of xGQA."""
    return read_gold(write("gold.json", gqa()), load_task("xgqa"))
