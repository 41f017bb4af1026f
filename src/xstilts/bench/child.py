"""A process of its own that measures one side once: `python -m xstilts.bench.child RESULT < job.json`."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from xstilts.base.errors import run_stage
from xstilts.bench.job import Job, Measured

MEASURES = {
    "train": {
        "ours": "xstilts.bench.ours:train_rows",
        "trainer": "xstilts.bench.trainer:train_rows",
        "vqa": "xstilts.bench.vqa_recipe:train_rows",
    },
    "score": {
        "ours": "xstilts.bench.ours:score_rows",
        "trainer": "xstilts.bench.trainer:score_rows",
        "vqa": "xstilts.bench.vqa_recipe:score_rows",
    },
    "tokenise": {"ours": "xstilts.bench.tokenising:encode_ours", "map": "xstilts.bench.tokenising:encode_map"},
    "read": {"ours": "xstilts.bench.reading:read_ours", "vqa": "xstilts.bench.reading:read_recipe"},
    "step": {"ours": "xstilts.bench.step:split_step"},
    "pace": {"train": "xstilts.bench.pace:pace_of_training", "score": "xstilts.bench.pace:pace_of_scoring"},
    "gemm": {"limit": "xstilts.bench.gemm:best_rates"},
}


def measure(job: Job) -> Measured:
    """Do a job with as many processors as it may have."""
    import torch

    module, name = MEASURES[job.what][job.side.split("_")[0]].split(":")
    torch.set_num_threads(job.threads)
    function: Callable[[Job], Measured] = getattr(import_module(module), name)
    return function(job)


def few_processors(count: int) -> None:
    """Let this process use `count` processors; before libraries count them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def peak_of_gpu() -> dict[str, int]:
    """The most that this process had allocated on a GPU, in bytes; nothing where there is none."""
    import torch

    return {"peak_gpu_memory_bytes": torch.cuda.max_memory_allocated()} if torch.cuda.is_available() else {}


def main(result: Path) -> None:
    """Read a job from standard input and write what was measured, with this process's peak memory."""
    job = Job.loads(sys.stdin.read())
    few_processors(job.threads)
    measured = measure(job).result()
    unit = 1 if sys.platform == "darwin" else 1024
    measured["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    measured |= peak_of_gpu()
    result.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    run_stage(lambda: main(Path(sys.argv[1])))
