"""What git keeps of a study: the JSON files in metrics/ (or metrics/<name>), worked out, written and printed."""

from typing import Any

from xstilts.base.cells import Study, metrics_folder
from xstilts.base.files import write_compact
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.comparisons import Design, read_comparisons
from xstilts.report.packed import packed
from xstilts.report.shared import read_shared
from xstilts.report.side_by_side import clusters_of, pair_up, read_tables
from xstilts.report.study import read_cells, study_tables, with_intervals
from xstilts.report.summary import print_averages, print_summary
from xstilts.report.table import print_study
from xstilts.report.transfer import Transfer, transfer_matrix, transfer_rows


def study_files(study: Study, name: str | None = None) -> dict[str, Any]:
    """Return the content of each file below metrics/, by its path without `.json`.

    Args:
        name: of the study, whose folder the collected cells lie in; None: of the default study.
    """
    design = Design(study, read_comparisons())
    tables, about = read_tables(study, name)
    paired = pair_up(tables, about, design.routes, study.seeds)
    groups, _ = clusters_of({target: tables[target, 0, 0] for target in about})
    cells = read_cells(study, name)
    transfer = Transfer(paired, design, read_shared(study, name))
    matrix = transfer_matrix(transfer)
    return {
        "cells": cells,
        "study": with_intervals(study_tables(cells), paired),
        "answer": answers(paired, design),
        "transfer": matrix,
        "claims": claims(transfer),
        "items": packed(tables, about, groups, paired),
        "plots/transfer": transfer_rows(matrix),
    }


def write_files(files: dict[str, Any], name: str | None = None) -> None:
    """Write the files of a study."""
    for path, content in files.items():
        write_compact(metrics_folder(name) / f"{path}.json", content)


def print_files(files: dict[str, Any]) -> None:
    """Print what a person wants to know of them: scores, differences with intervals, the answer.

    Of one training run of each route, that this decides nothing comes first.
    """
    if files["answer"]["seeds"] == 1:
        print(f"One training run of each route: no verdict. Differences cover {files['answer']['covers']}.\n")
    print_study(files["study"])
    print_averages(files["transfer"])
    print_summary(files["transfer"], files["answer"])
