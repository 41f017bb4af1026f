"""Stage `leaks`: data/report/leaks/<target>/<route>.json, what a route's intermediate task shares with a target."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import DATA, leaks_path
from xstilts.base.errors import run_stage
from xstilts.base.files import write_json
from xstilts.leaks import leak_facts


def main(
    route: str,
    target: str,
    study: Annotated[str | None, typer.Option(help="folder of stages/ with a study.yaml")] = None,
) -> None:
    """Compare the caches of one route and one target."""
    run_stage(lambda: write_json(leaks_path(study, target, route), leak_facts(DATA / "tokenized", route, target)))


if __name__ == "__main__":
    typer.run(main)
