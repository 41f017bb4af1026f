"""Stage `features@<set>`: visual features of a set of images, into data/features/<set>."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.base.parameters import STAGES, build, read_yaml
from xstilts.features.extract import FeatureSettings, extract
from xstilts.features.vectors import FOLDER, from_vectors


def main(
    name: Annotated[str, typer.Argument(help="set of images: a directory of data/raw")],
    raw: Annotated[Path, typer.Option(help="directory of the sets")] = Path("data/raw"),
    vision: Annotated[Path, typer.Option(help="directory of the image model")] = Path("data/public/vision"),
    out: Annotated[Path, typer.Option(help="directory of the feature files")] = Path("data/features"),
) -> None:
    """Cache region features of a set's images, or the vectors that the set publishes instead of images."""

    def stage() -> None:
        defaults = STAGES / "defaults.yaml"
        settings = build(FeatureSettings, read_yaml(defaults).get("features") or {}, f"{defaults}: features")
        if (raw / name / FOLDER).is_dir():
            return from_vectors(raw / name / FOLDER, out / name, settings.tokens)
        return extract(raw / name / "images.zip", vision, out / name, settings)

    run_stage(stage)


if __name__ == "__main__":
    typer.run(main)
