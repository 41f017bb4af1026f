"""Phase 3: score a route's target checkpoint in every language, no labels there."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import PUBLIC, Cell, target_checkpoint
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target


def main(
    recipe: str,
    route: str,
    seed: int,
    target: str,
    checkpoint: Annotated[str | None, typer.Option(help="recipe of the checkpoint, if another")] = None,
) -> None:
    """Write data/scores/<RECIPE>/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        settings = task_settings(ScoreSettings, target, "score", recipe)
        trained = target_checkpoint(checkpoint or recipe, route, seed, target)
        score_target(trained, PUBLIC, Cell(recipe, route, seed, target), settings)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
