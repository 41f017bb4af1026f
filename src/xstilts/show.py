"""The result of a study, from the files that git holds of it: it needs neither data nor a run."""

from __future__ import annotations

from pathlib import Path

from xstilts.base.cells import metrics_folder, report_folder
from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.report.metrics_files import print_files

FILES = ("study", "transfer", "answer")


def show(name: str | None = None) -> None:
    """Print a study's table, its differences and its answer, and where its page is.

    Args:
        name: of the study, a folder of stages/; None: the default one.

    Raises:
        DataError: the study was not run.
    """
    folder = metrics_folder(name)
    command = f"xstilts grid run {name}" if name else "make repro"
    for file in FILES:
        if not (path := folder / f"{file}.json").is_file():
            raise DataError(path, None, "no such file", "what a finished study leaves there", f"run `{command}`")
    print_files({file: read_json(folder / f"{file}.json") for file in FILES})
    page: Path = report_folder(name) / "index.html"
    print(f"page: {page}" if page.is_file() else f"page: `{command}` makes {page}")
    print("next: dvc exp run dvc.yaml -S intermediate=mnli, then dvc metrics diff; xstilts tasks lists the tasks")
