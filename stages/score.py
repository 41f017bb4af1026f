"""Phase 3: score a route's target checkpoint in every language, no labels there."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.parameters import build, task_section
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target


def main(route: str, seed: int, target: str) -> None:
    """Write data/scores/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        settings = build(ScoreSettings, task_section(target, "score"), f"stages/tasks/{target}.yaml: score")
        cell = f"{route}-s{seed}"
        score_target(
            checkpoint=Path("data/target", cell, target),
            public=Path("data/public"),
            cache=Path("data/tokenized", target, "test"),
            out=Path("data/scores", cell, target),
            settings=settings,
            route=route,
            seed=seed,
        )

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
