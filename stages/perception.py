"""Stage `perception@<set>`: the objects that a set of images shows, with names and attributes."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import DATA, PUBLIC
from xstilts.base.errors import run_stage
from xstilts.features.perceive import perceive_regions


def main(name: Annotated[str, typer.Argument(help="set of images: a directory of data/raw")]) -> None:
    """Write data/perception/<NAME>."""
    run_stage(
        lambda: perceive_regions(DATA / "features" / name, DATA / "raw/names", PUBLIC, DATA / "perception" / name)
    )


if __name__ == "__main__":
    typer.run(main)
