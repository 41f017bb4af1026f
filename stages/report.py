"""Stage `report`: the table of routes by language and what can be said of their differences; it prints both."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.errors import run_stage
from xstilts.base.files import write_compact
from xstilts.base.parameters import read_yaml
from xstilts.report.answer import answers
from xstilts.report.averages import print_averages
from xstilts.report.claims import claims
from xstilts.report.dvc_plots import transfer_rows
from xstilts.report.places import Study, metrics_folder, report_folder, study_file
from xstilts.report.shared import read_shared
from xstilts.report.side_by_side import read_paired
from xstilts.report.study import read_study, with_intervals
from xstilts.report.summary import print_summary
from xstilts.report.table import print_study
from xstilts.report.transfer import Transfer, transfer_matrix


def report(study: str | None) -> None:
    """Read the cells that a study names, write their table and statistics, and print them."""
    metrics, collected = metrics_folder(study), report_folder(study)
    named = read_yaml(study_file(study))["study"]
    targets, routes, seeds = named["targets"], named["intermediates"], named["seeds"]
    table = read_study(metrics / "study", targets, routes, seeds)
    paired = read_paired(collected / "items", targets, routes, seeds)
    table = with_intervals(table, paired)
    transfer = Transfer(paired, read_shared(collected / "leaks", targets, routes))
    parts = {"answer": answers(paired), "transfer": transfer_matrix(transfer), "claims": claims(transfer)}
    write_compact(metrics / "study.json", table)
    for name, content in parts.items():
        write_compact(metrics / f"{name}.json", content)
    write_compact(metrics / "plots" / "transfer.json", transfer_rows(parts["transfer"]))
    print_study(table)
    print_averages(parts["transfer"])
    print_summary(parts["transfer"], parts["answer"])


def main(
    study: Study = None,
) -> None:
    """Compare the routes of a study."""
    run_stage(lambda: report(study))


if __name__ == "__main__":
    typer.run(main)
