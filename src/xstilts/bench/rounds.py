"""Sides in turn, each in a process of its own: A B C A B C ..., so that a machine's moods fall on all of them alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from xstilts.base.errors import XstiltsError
from xstilts.bench.job import Job

Result = dict[str, Any]
Rounds = dict[str, list[Result]]
PACKAGES = Path(__file__).parents[2]  # where a new process finds xstilts
FORCED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM")  # a job says itself how many threads it has


def run_job(job: Job) -> Result:
    """Do a job in a new process.

    Raises:
        XstiltsError: with the last line that the process said.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FORCED}
    environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment |= {"HF_HUB_OFFLINE": "1", "RAYON_NUM_THREADS": str(job.threads)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        command = [sys.executable, "-m", "xstilts.bench.child", str(out)]
        run = subprocess.run(command, input=job.dumps(), env=environment, capture_output=True, text=True)
        if run.returncode or not out.exists():
            said = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1].removeprefix("error: ")
            raise XstiltsError(f"{job.what}, {job.side}: {said}")
        result: Result = json.loads(out.read_text(encoding="utf-8"))
    return result


def alternate(
    jobs: Mapping[str, Job], rounds: int, run: Callable[[Job], Result] = run_job, note: Callable[[str], None] = print
) -> Rounds:
    """Measure every side once a round, with the round's number added to the seed.

    Args:
        jobs: by side, in the order in which they take turns.
        run: does one job.
        note: is told what is being done.
    """
    results: Rounds = {side: [] for side in jobs}
    for number in range(rounds):
        for side, job in jobs.items():
            note(f"round {number + 1} of {rounds}: {job.what} {side}")
            results[side].append(run(replace(job, seed=job.seed + number)))
    return results


def medians(results: list[Result]) -> Result:
    """The median of every number over the rounds; None where one was not measured."""
    names = [name for name, value in results[0].items() if isinstance(value, (int, float)) or value is None]
    values = {name: [result[name] for result in results] for name in names}
    return {name: None if None in found else median(found) for name, found in values.items()}


def ratios(ours: list[Result], theirs: list[Result], quantity: str = "examples_per_second") -> list[float]:
    """Ours over theirs, round by round: both sides of a round ran right after each other."""
    return [mine[quantity] / yours[quantity] for mine, yours in zip(ours, theirs, strict=True)]
