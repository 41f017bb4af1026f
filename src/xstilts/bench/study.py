"""`xstilts bench study`: what a study takes on this machine, from a sample of every cache that it reads."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_json
from xstilts.base.parameters import task_kind, task_section
from xstilts.bench.comparison import settings_of_task
from xstilts.bench.cost import PARTS, Pace, Study, apart, grown, shared
from xstilts.bench.job import Job
from xstilts.bench.load import busyness
from xstilts.bench.report import where_it_ran
from xstilts.bench.rounds import Result, run_job

NONE = "none"
MINUTE = 60.0
WARM = 16  # rows that are trained on before the clock starts
ROWS = 512  # of each cache: with 128, the first updates and batches, which are slower, made a third too much of all


@dataclass(frozen=True)
class Sampling:
    """How a cache's pace is found.

    Attributes:
        cache: folder of the tokenised caches; `public`: phase 0.
        rows: trained on, of each cache; twice as many are scored.
        threads: processors to use; `seed`: of the rows.
    """

    cache: Path
    public: Path
    rows: int = ROWS
    threads: int = 1
    seed: int = 0


def study_of(routes: list[str], seeds: int, targets: list[str]) -> Study:
    """The study with the caches that its routes are made of, as stages/tasks say."""
    members = {route: _members(route) for route in routes}
    return Study(routes, seeds, targets, members)


def _members(route: str) -> list[str]:
    if task_kind(route) != "mixture":
        return [route]
    return list(task_section(route, "encode").get("members") or [])


def measure_study(
    study: Study, sampling: Sampling, note: Callable[[str], None] = print, run: Callable[[Job], Result] = run_job
) -> dict[str, Any]:
    """Measure a sample of every cache and work out what the study takes: the content of the JSON, in seconds.

    Raises:
        DataError: a cache has not been made.
    """
    load = busyness()
    names = {*study.routes, *(one for route in study.routes for one in study.members[route])} - {NONE}
    first = {NONE: Pace()}
    for name in sorted(names):
        note(f"pace of {name} in phase 1")
        first[name] = _trained(name, "intermediate", sampling, run)
    target = {}
    for name in study.targets:
        note(f"pace of {name} in phases 2 and 3")
        pace = _trained(name, "target", sampling, run)
        target[name] = Pace(pace.encode, pace.train, _scored(name, sampling, run))
    parts = {"shared": shared(study, first, target), "apart": apart(study, first, target)}
    paces = {"phase_1": {name: asdict(pace) for name, pace in first.items()}}
    paces["targets"] = {name: asdict(pace) for name, pace in target.items()}
    return {"study": asdict(study), "busy": load, "pace": paces, **parts, "grown": grown(study, first, target)} | {
        **where_it_ran()
    }


def _trained(name: str, section: str, sampling: Sampling, run: Callable[[Job], Result]) -> Pace:
    """The pace of training on all rows of a cache; of one that has a stage's whole English dev to score as well."""
    cache = sampling.cache / name / "learn"
    counts, settings = _rows(cache), settings_of_task(name, section)
    chosen = {split: _some(counts[split], number, sampling.seed) for split, number in _sizes(sampling).items()}
    job = _job("train", cache, "train", chosen["train"], sampling, asdict(settings))
    found = run(replace(job, warmup=chosen["train"][:WARM], dev=chosen["dev"]))
    row = found["seconds"] / found["examples"]
    dev = settings.evaluations * counts["dev"] * found["more"]["dev_seconds"]
    encode = sum(counts.values()) * found["more"]["encode_seconds"]
    return Pace(encode, settings.epochs * counts["train"] * row + dev)


def _scored(name: str, sampling: Sampling, run: Callable[[Job], Result]) -> float:
    cache = sampling.cache / name / "test"
    rows = _rows(cache)["test"]
    chosen = _some(rows, 2 * sampling.rows, sampling.seed)
    found = run(_job("score", cache, "test", chosen, sampling, {}))
    return rows * float(found["seconds"]) / float(found["examples"])


def _job(
    side: str, cache: Path, split: str, rows: tuple[int, ...], sampling: Sampling, settings: dict[str, Any]
) -> Job:
    job = Job("pace", side, str(cache), str(sampling.public), split=split, rows=rows, settings=settings)
    return replace(job, threads=sampling.threads, seed=sampling.seed)


def _sizes(sampling: Sampling) -> dict[str, int]:
    return {"train": sampling.rows, "dev": 2 * sampling.rows}


def _some(count: int, number: int, seed: int) -> tuple[int, ...]:
    return tuple(random.Random(seed).sample(range(count), min(number, count)))


def _rows(cache: Path) -> dict[str, int]:
    if not (cache / CARD).is_file():
        raise DataError(cache, None, "no cache", "a tokenised task", "run `dvc repro` with it in the study")
    card = read_json(cache / CARD)
    if not card["tasks"]:
        found, todo = "a cache that nothing is trained on", "leave out retrieval targets"
        raise DataError(cache, None, found, "training rows", todo)
    counts: dict[str, int] = card["rows"]
    return counts


def print_study(report: dict[str, Any], console: Console | None = None) -> None:
    """Print minutes by part, and as the study grows by its routes."""
    console = console or Console(width=120)
    study = report["study"]
    console.print(f"{report['hardware']}; {report['busy']:.0%} busy with other work before the start", highlight=False)
    what = f"{len(study['routes'])} routes, {study['seeds']} seeds, {len(study['targets'])} targets"
    console.print(f"{what}: minutes, from samples", highlight=False)
    parts = Table("", *PARTS, "sum", box=SIMPLE_HEAD)
    for name in ("shared", "apart"):
        minutes = [report[name][part] / MINUTE for part in PARTS]
        parts.add_row(name, *(f"{one:,.1f}" for one in (*minutes, sum(minutes))))
    console.print(parts)
    growth = Table("routes", "the last one", "cells", "shared", "it added", "apart", "apart / shared", box=SIMPLE_HEAD)
    for row, route in zip(report["grown"], study["routes"], strict=True):
        minutes = [row[key] / MINUTE for key in ("shared", "added", "apart")]
        ratio = row["apart"] / row["shared"]
        numbers = [f"{one:,.1f}" for one in minutes] + [f"{ratio:.2f}"]
        growth.add_row(f"{row['routes']:.0f}", route, f"{row['cells']:.0f}", *numbers)
    console.print(growth)
