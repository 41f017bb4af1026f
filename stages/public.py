"""Stage `public`: assemble encoder, image model and aligned projector into data/public."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.base.parameters import choices
from xstilts.features.public import assemble
from xstilts.features.settings import feature_settings


def main(
    assets: Annotated[Path, typer.Option(help="directory with the wheels")] = Path("data/raw/assets"),
    raw: Annotated[Path, typer.Option(help="directory of the raw sets")] = Path("data/raw"),
    out: Annotated[Path, typer.Option(help="directory to write")] = Path("data/public"),
) -> None:
    """Assemble the checkpoint that every route starts from."""

    def stage() -> None:
        chosen, settings = choices(), feature_settings()
        assemble(assets, raw, out, chosen["encoder"], chosen["vision"], chosen["alignment"], settings)

    run_stage(stage)


if __name__ == "__main__":
    typer.run(main)
