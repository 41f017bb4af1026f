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
from xstilts.score.soup import score_soup
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
        cell, trained = Cell(recipe, route, seed, target), checkpoint or recipe
        if settings.soup:
            members = [target_checkpoint(trained, route, one, target) for one in range(settings.soup)]
            score_soup(members, PUBLIC, cell, settings)
        else:
            score_target(target_checkpoint(trained, route, seed, target), PUBLIC, cell, settings)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
