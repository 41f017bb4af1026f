"""Stage `report`: metrics/study.json, the table of routes by language, which it also prints."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.parameters import choices
from xstilts.report.study import read_study
from xstilts.report.table import print_study


def report() -> None:
    """Read the cells that params.yaml: study names, write their table and print it."""
    study = choices()["study"]
    table = read_study(Path("metrics/study"), study["targets"], study["intermediates"], study["seeds"])
    write_json(Path("metrics/study.json"), table)
    print_study(table)


def main() -> None:
    """Compare the routes of the study."""
    run_stage(report)


if __name__ == "__main__":
    typer.run(main)
