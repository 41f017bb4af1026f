"""Stage `report`: the table of routes by language and their differences; `xstilts show` prints both."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import Study, study_file
from xstilts.base.errors import run_stage
from xstilts.base.parameters import build, read_yaml
from xstilts.report.metrics_files import study_files, write_files


def report(name: str | None) -> None:
    """Read the cells that a study names, write their table and statistics."""
    path = study_file(name)
    study = build(Study, read_yaml(path).get("study") or {}, f"{path}: study")
    write_files(study_files(study, name), name)
    print(f"`xstilts show{f' {name}' if name else ''}` prints the table and the answer")


def main(
    study: Annotated[
        str | None, typer.Option(help="folder of stages/ whose study.yaml counts, instead of params.yaml")
    ] = None,
) -> None:
    """Compare the routes of a study."""
    run_stage(lambda: report(study))


if __name__ == "__main__":
    typer.run(main)
