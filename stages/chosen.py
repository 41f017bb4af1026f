"""Stage `chosen`: metrics/<target>.json, curves/<target> and confusion/<target>.json of the route in params.yaml."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.cells import METRICS, cell_of
from xstilts.base.errors import run_stage
from xstilts.report.cells.chosen import write_chosen


def main(route: str, seed: int, target: str) -> None:
    """Write what the front door shows of one cell; ROUTE is recipe/task."""
    run_stage(lambda: write_chosen(cell_of(route, seed, target).scores, METRICS, target))


if __name__ == "__main__":
    typer.run(main)
