"""Tiny caches for both sides of a comparison, and jobs done within the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from xstilts.bench.comparison import PEERS, PIPELINE, Plan
from xstilts.bench.job import Job, Result, measure

Plans = Callable[..., Plan]
SOURCES = {side.name: f"xstilts.bench.{side.source}" for side in (*PIPELINE, *PEERS)}
SETTINGS = {"frozen_layers": 1, "batch_size": 8, "precision": "fp32"}  # a tiny encoder has two layers


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Train on the processor, and leave threads and precision as they were: a measurement has a process of its own."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def caches(tiny: Any, tiny_features: dict[str, str]) -> Path:
    """A folder with the caches `mnli` and `xgqa`, each of one task."""
    for name, task in (("mnli", "follows"), ("xgqa", "looks")):
        splits = {split: tiny.rows(task, count, seed) for split, count, seed in (("train", 60, 0), ("dev", 40, 1))}
        tiny.cache(f"bench/{name}/learn", splits, tiny_features)
    tiny.cache("bench/xgqa/test", {"test": tiny.rows("looks", 40, 2)}, tiny_features)
    return Path(tiny.root) / "bench"


@pytest.fixture
def make_plan(caches: Path, public: Path) -> Plans:
    """A plan on the tiny caches, with some of it changed."""
    fixed = {"cache": caches, "tasks": {"text": "mnli", "vqa": "xgqa"}, "public": public, "quick": True, "rounds": 1}
    return lambda **changed: Plan(**{**fixed, **changed})


@pytest.fixture
def make_job(caches: Path, public: Path) -> Callable[..., Job]:
    """A job of a registered side on one of the tiny caches, with some of it changed."""

    def make(data: str = "mnli", side: str = "ours", **changed: Any) -> Job:
        where = {"source": SOURCES[side], "cache": str(caches / data / "learn"), "public": str(public)}
        fixed = {"what": "train", "side": side, "rows": tuple(range(0, 40, 2)), "settings": SETTINGS}
        return Job(**{**where, **fixed, **changed})

    return make


@pytest.fixture
def run_here() -> Callable[[Job], Result]:
    """Does a job in this process, as a tiny encoder can be trained."""

    def run(job: Job) -> Result:
        AcceleratorState._reset_state(reset_partial_state=True)
        fitting = Job.from_json(job.to_json())
        fitting.settings.update(SETTINGS)
        return {**measure(fitting).result(), "peak_memory_bytes": 1}

    return run
