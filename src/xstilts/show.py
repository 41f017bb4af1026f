"""The result of a study, from the files that git holds of it: it needs neither data nor a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from xstilts.base.cells import metrics_folder, report_folder
from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.metrics_files import print_files
from xstilts.report.numbers import ONE_RUN, count, difference, points, verdict
from xstilts.report.table import fitting_table

FILES = ("study", "transfer", "answer")
SCREEN = 100  # columns of what is printed: a window beside another one, and a README, have no more
Record = Mapping[str, Any]


def show(name: str | None = None, everything: bool = False) -> None:
    """Print a study's table, its answer, what that rests on, where its page is, and what to try next.

    Args:
        name: of the study, a folder of stages/; None: the default one.
        everything: also scores by question type, every difference with its interval, and the controls.

    Raises:
        DataError: the study was not run.
    """
    files = read_study(name)
    if everything:
        print_files(files)
    else:
        print_short(files)
    page, command = report_folder(name) / "index.html", f"xstilts grid run {name}" if name else "make repro"
    print(f"Page: {page}{'' if page.is_file() else f' (not there yet: `{command}` makes it)'}")
    more = "" if everything else f" xstilts show{f' {name}' if name else ''} --all prints every table;"
    print(f"Next:{more} dvc exp run dvc.yaml -S intermediate=mnli adds a route")


def read_study(name: str | None) -> dict[str, Any]:
    """The files of `FILES` by name; `DataError` if one is missing."""
    folder, command = metrics_folder(name), f"xstilts grid run {name}" if name else "make repro"
    for file in FILES:
        if not (path := folder / f"{file}.json").is_file():
            raise DataError(path, None, "no such file", "what a finished study leaves there", f"run `{command}`")
    return {file: read_json(folder / f"{file}.json") for file in FILES}


def print_short(files: Mapping[str, Any], console: Console | None = None) -> None:
    """Print, for each target, its table, the answer, and the data and runs behind it."""
    console = console or Console(width=SCREEN)
    for target, part in files["study"].items():
        console.print(fitting_table(target, part, part["metric"], console))
        for line in (answer(target, files), *rests_on(target, files)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def answer(target: str, files: Mapping[str, Any]) -> str:
    """Whether an intermediate task helps on a target, in one sentence of at most 25 words."""
    cells = [one for one in files["transfer"]["cells"] if one["target"] == target and ZERO_SHOT in one]
    if not cells:
        return f"{target}: one route alone gives no comparison; add another to study.intermediates in params.yaml."
    best = max(cells, key=lambda one: one[ZERO_SHOT]["difference"])
    route, baseline, record = best["route"], best["baseline"], best[ZERO_SHOT]
    where = "in languages without labels"
    if verdict(record) == ONE_RUN:
        gain = points(record["difference"])
        return f"{route} minus {baseline} is {gain} points {where}, from one run each, which decides nothing."
    if verdict(record) == "better":
        return f"{route} beats {baseline} {where} by {difference(record)}; {_equal_exposure(best, files)}."
    return f"No intermediate task is shown to beat {baseline} {where}; closest is {route}, {difference(record)}."


def _equal_exposure(best: Record, files: Mapping[str, Any]) -> str:
    """What becomes of a gain beside a control that was trained for as long."""
    controls = [one for one in files["answer"].get("exposure", ()) if one["route"] == best["route"]]
    own = [one for one in controls if one["target"] == best["target"]]
    return f"at equal exposure: {own[0]['verdict']}" if own else "equal exposure was not controlled"


def rests_on(target: str, files: Mapping[str, Any]) -> Iterator[str]:
    """The data, items and training runs behind the answer, and what was not controlled."""
    for one in [one for one in files["transfer"]["cells"] if one["target"] == target][:1]:
        runs = files["transfer"]["seeds"]
        items = f"{count(one['examples'])} test examples in {count(one['clusters'])} clusters"
        yield f"Rests on: {one['data']} data, {items}, {runs} training run{'s' * (runs != 1)} of each route."
    lacking = [one for one in files["answer"].get("controls_missing", ()) if "equal exposure" in one]
    for one in lacking[:1]:
        yield f"Not controlled: equal exposure, so any gain may be more training; {one.rpartition(': ')[2]}."
