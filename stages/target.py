"""Phase 2: train a route's encoder on the English target task."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import PUBLIC, intermediate_checkpoint, target_checkpoint, tokenized
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.train.phase import SCRATCH, train_phase
from xstilts.train.settings import TrainSettings


def main(
    recipe: str,
    route: str,
    seed: int,
    target: str,
    phase_1: Annotated[str | None, typer.Option("--phase-1", help="recipe of phase 1, if it is another")] = None,
) -> None:
    """Write data/target/<RECIPE>/<ROUTE>-s<SEED>/<TARGET>, starting from the checkpoint of phase 1."""

    def run() -> None:
        settings = task_settings(TrainSettings, target, "target", recipe)
        start = intermediate_checkpoint(phase_1 or recipe, route, seed)
        out = target_checkpoint(recipe, route, seed, target)
        train_phase(tokenized(target) / "learn", PUBLIC, out, settings, seed, start, SCRATCH)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
