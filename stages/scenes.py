"""Stage `scenes`: data/report/scenes/<target>, test images with their questions that the page may show."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.errors import run_stage
from xstilts.scenes import write_scenes
from xstilts.tasks.schema import load_task


def main(target: str, report: Annotated[Path, typer.Option(help="the report's folder")] = Path("data/report")) -> None:
    """Draw the scenes of one target."""
    run_stage(lambda: write_scenes(load_task(target), Path("data/raw") / target, report / "scenes" / target))


if __name__ == "__main__":
    typer.run(main)
