"""Stage `report`: the table of routes by language and what can be said of their differences; it prints both."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.parameters import choices
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.compact import write_compact
from xstilts.report.shared import read_shared
from xstilts.report.side_by_side import read_paired
from xstilts.report.study import read_study
from xstilts.report.summary import print_summary
from xstilts.report.table import print_study
from xstilts.report.transfer import Transfer, transfer_matrix

METRICS = Path("metrics")


def report() -> None:
    """Read the cells that params.yaml: study names, write their table and statistics, and print them."""
    study = choices()["study"]
    targets, routes, seeds = study["targets"], study["intermediates"], study["seeds"]
    table = read_study(METRICS / "study", targets, routes, seeds)
    write_json(METRICS / "study.json", table)
    paired = read_paired(Path("data/report/items"), targets, routes, seeds)
    transfer = Transfer(paired, read_shared(Path("data/report/leaks"), targets, routes))
    parts = {"answer": answers(paired), "transfer": transfer_matrix(transfer), "claims": claims(transfer)}
    for name, content in parts.items():
        write_compact(METRICS / f"{name}.json", content)
    print_study(table)
    print_summary(parts["transfer"], parts["answer"])


def main() -> None:
    """Compare the routes of the study."""
    run_stage(report)


if __name__ == "__main__":
    typer.run(main)
