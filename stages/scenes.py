"""Stage `scenes`: data/report/scenes/<target>, test images with their questions that the page may show."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import DATA, report_folder
from xstilts.base.errors import run_stage
from xstilts.features.settings import feature_settings
from xstilts.scenes import write_scenes
from xstilts.tasks.schema import load_task


def main(
    target: str,
    study: Annotated[str | None, typer.Option(help="folder of stages/ with a study.yaml")] = None,
) -> None:
    """Draw the scenes of one target."""
    out = report_folder(study) / "scenes" / target
    run_stage(lambda: write_scenes(load_task(target), DATA / "raw" / target, out, feature_settings()))


if __name__ == "__main__":
    typer.run(main)
