"""Stage `details`: data/report/details/<target>/<route>-s<seed>, a cell's learning curves and its answers on scenes."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.errors import run_stage
from xstilts.report.details import details_path, write_details


def main(
    route: str,
    seed: int,
    target: str,
    report: Annotated[Path, typer.Option(help="the report's folder")] = Path("data/report"),
) -> None:
    """Collect what the page shows of one cell."""
    cell = f"{route}-s{seed}"
    out = details_path(report / "details", target, route, seed)
    intermediate = Path("data/intermediate", cell, "checkpoint.json")
    trained = Path("data/target", cell, target, "checkpoint.json")
    scenes = report / "scenes" / target / "questions.arrow"
    run_stage(lambda: write_details(Path("data/scores", cell, target), intermediate, trained, scenes, out))


if __name__ == "__main__":
    typer.run(main)
