"""Phase 3 of a recipe of system `canonical`: put a target's questions in English, and answer them with plain's head.

Also of system `entailment`: make statements of them, which the route's intermediate task judges.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import (
    DATA,
    PLAIN,
    PUBLIC,
    Cell,
    intermediate_checkpoint,
    layout_task,
    target_checkpoint,
    tokenized,
)
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.score.settings import ScoreSettings
from xstilts.systems.canonical import score_canonical
from xstilts.systems.entailment import score_entailment
from xstilts.systems.questions import Parser
from xstilts.systems.settings import SystemSettings

ASKED = "xgqa"  # the target whose questions and pictures the targets of these recipes share


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
        layouts, cell = layout_task(ASKED), Cell(recipe, route, seed, target)
        judged = system.kind == "entailment"  # by phase 1 alone, so the parser is the public encoder's on every route
        parsing = target_checkpoint(parser, "none" if judged else route, seed, layouts)
        asks = Parser(parsing, PUBLIC, tokenized(layouts), DATA / "perception" / ASKED)
        if judged:
            score_entailment(intermediate_checkpoint(PLAIN, route, seed), asks, cell, system, score)
        else:
            score_canonical(target_checkpoint(PLAIN, route, seed, target), asks, cell, system, score)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
