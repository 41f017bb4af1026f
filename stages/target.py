"""Phase 2: train a route's encoder on the English target task."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.parameters import build, task_section
from xstilts.train.phase import SCRATCH, train_phase
from xstilts.train.settings import TrainSettings


def main(route: str, seed: int, target: str) -> None:
    """Write data/target/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        settings = build(TrainSettings, task_section(target, "target"), f"stages/tasks/{target}.yaml: target")
        cell = f"{route}-s{seed}"
        start = Path("data/intermediate", cell)
        cache = Path("data/tokenized", target, "learn")
        train_phase(cache, Path("data/public"), Path("data/target", cell, target), settings, seed, start, SCRATCH)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
