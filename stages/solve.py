"""Phase 3 of a recipe with a section `system`: answer a target's questions by modules, in every language."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import DATA, PUBLIC, Cell, layout_task, target_checkpoint, tokenized
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.score.settings import ScoreSettings
from xstilts.systems.questions import Parser
from xstilts.systems.score import score_modules
from xstilts.systems.settings import SystemSettings


def main(
    recipe: str,
    route: str,
    seed: int,
    target: str,
    parser: Annotated[str, typer.Option(help="recipe of the checkpoint that parses questions")],
) -> None:
    """Write data/scores/<RECIPE>/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        system = task_settings(SystemSettings, target, "system", recipe)
        score = task_settings(ScoreSettings, target, "score", recipe)
        layouts, cell = layout_task(target), Cell(recipe, route, seed, target)
        trained = target_checkpoint(parser, route, seed, layouts)
        score_modules(Parser(trained, PUBLIC, tokenized(layouts), DATA / "perception" / target), cell, system, score)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
