"""Stage `collect`: data/report/cells/<target>/<recipe>/<route>-s<seed>, what a study keeps of one cell."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import cell_of, report_folder
from xstilts.base.errors import run_stage
from xstilts.report.cells.collect import collect


def main(
    route: str,
    seed: int,
    target: str,
    study: Annotated[str | None, typer.Option(help="folder of stages/ with a study.yaml")] = None,
) -> None:
    """Collect one cell; ROUTE is recipe/task."""
    cell = cell_of(route, seed, target)
    questions = report_folder(study) / "scenes" / target / "questions.arrow"
    run_stage(lambda: collect(cell.scores, questions, cell.collected(study)))


if __name__ == "__main__":
    typer.run(main)
