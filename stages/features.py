"""Stage `features@<set>`: visual features of a set of images, into data/features/<set>."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.base.files import check_sums
from xstilts.features.extract import extract
from xstilts.features.settings import feature_settings
from xstilts.features.vectors import FOLDER, from_vectors


def main(
    name: Annotated[str, typer.Argument(help="set of images: a directory of data/raw")],
    raw: Annotated[Path, typer.Option(help="directory of the sets")] = Path("data/raw"),
    vision: Annotated[Path, typer.Option(help="directory of the image model")] = Path("data/public/vision"),
    out: Annotated[Path, typer.Option(help="directory of the feature files")] = Path("data/features"),
) -> None:
    """Cache region features of a set's images, or the vectors that the set publishes instead of images."""

    def stage() -> None:
        check_sums(raw / name)
        settings = feature_settings()
        if (raw / name / FOLDER).is_dir():
            return from_vectors(raw / name / FOLDER, out / name, settings.tokens)
        return extract(raw / name / "images.zip", vision, out / name, settings)

    run_stage(stage)


if __name__ == "__main__":
    typer.run(main)
