"""Stage `export`: data/models/<target>, the chosen route's model as a Hugging Face folder with its card."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.cells import cell_of
from xstilts.base.errors import run_stage
from xstilts.export import export_cell


def main(route: str, seed: int, target: str) -> None:
    """Export the target checkpoint of one cell; ROUTE is recipe/task."""
    run_stage(lambda: export_cell(cell_of(route, seed, target), Path("data/models", target)))


if __name__ == "__main__":
    typer.run(main)
