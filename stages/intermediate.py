"""Phase 1: train the public encoder on a route's English intermediate task (or mixture, or nothing)."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.parameters import build, task_section
from xstilts.train.phase import SCRATCH, train_phase
from xstilts.train.settings import TrainSettings


def main(route: str, seed: int) -> None:
    """Write data/intermediate/<ROUTE>-s<SEED>."""

    def run() -> None:
        where = f"stages/tasks/{route}.yaml: intermediate"
        settings = build(TrainSettings, task_section(route, "intermediate"), where)
        cache, out = Path("data/tokenized", route, "learn"), Path("data/intermediate", f"{route}-s{seed}")
        train_phase(cache, Path("data/public"), out, settings, seed, scratch=SCRATCH)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
