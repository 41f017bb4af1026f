"""Writing tiny data files, reading them, and finding the real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.kinds import KINDS
from xstilts.tasks import READERS
from xstilts.tasks.examples import Reading
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.source import Source

ROOT = Path(__file__).parents[2]
NLI = ("entailment", "neutral", "contradiction")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a text as it is, or anything else as JSON; a list of rows as JSON lines if the name says so."""

    def write_file(content: Any, name: str = "file.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list) and name.endswith(".jsonl"):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write_file


@pytest.fixture(scope="session")
def read() -> Callable[..., Reading[Any]]:
    """Read one source: its files in one language, in a format of a kind."""

    def read_source(
        kind: str,
        name: str,
        *paths: Path,
        language: str = "en",
        split: str = "dev",
        labels: Collection[str] = (),
        features: str | None = "set",
        images: Collection[str] | None = None,
        number: int = 0,
        metric: str = "",
        **section: Any,
    ) -> Reading[Any]:
        if not KINDS[kind].takes_images:
            features = None
        metric = metric or KINDS[kind].metrics[-1]  # of tagging, one for any tags
        spec = EncodeSection([language], metric, {}, labels=list(labels), features=features, **section)
        source = Source(paths, language, split, TaskSpec("sample", kind, spec), images, number)
        return source.some(READERS[kind][name](source))

    return read_source
