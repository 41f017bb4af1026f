"""Phase 1: train the public encoder on a route's English intermediate task (or mixture, or nothing)."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.cells import PUBLIC, intermediate_checkpoint, tokenized
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.train.phase import SCRATCH, train_phase
from xstilts.train.settings import TrainSettings


def main(recipe: str, route: str, seed: int) -> None:
    """Write data/intermediate/<RECIPE>/<ROUTE>-s<SEED>."""

    def run() -> None:
        settings = task_settings(TrainSettings, route, "intermediate", recipe)
        out = intermediate_checkpoint(recipe, route, seed)
        train_phase(tokenized(route) / "learn", PUBLIC, out, settings, seed, scratch=SCRATCH)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
