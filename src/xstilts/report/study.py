"""The study: routes side by side, a mean over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from xstilts.cache import read_json
from xstilts.errors import DataError
from xstilts.report.metrics import DIGITS, ENGLISH

Cells = Mapping[str, Sequence[Mapping[str, Any]]]  # route -> its cells, one a seed


def cell_path(root: Path, target: str, route: str, seed: int) -> Path:
    """Where the metrics of one cell of the study lie below `root` (metrics/study)."""
    return root / target / f"{route}-s{seed}.json"


def read_study(root: Path, targets: Iterable[str], routes: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """Return the content of metrics/study.json: a table of routes by language for each target.

    Raises:
        DataError: a cell is missing, or cells of one table were made from different data.
    """
    return {target: _read_target(root, target, routes, seeds) for target in targets}


def _read_target(root: Path, target: str, routes: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    paths = {route: [cell_path(root, target, route, seed) for seed in seeds] for route in routes}
    cells = {route: [read_json(path) for path in paths[route]] for route in routes}
    data, metric = cells[routes[0]][0]["data"], cells[routes[0]][0]["metric"]
    for route in routes:
        for path, cell in zip(paths[route], cells[route], strict=True):
            if cell["data"] != data:
                todo = "keep embedded and official scores apart: run `dvc repro` to make every cell again"
                raise DataError(path, None, f"data '{cell['data']}'", f"'{data}' as in the other cells", todo)
    return {"data": data, "metric": metric, "seeds": len(seeds)} | study_table(cells)


def study_table(cells: Cells) -> dict[str, Any]:
    """Return accuracy, blind control and English question types, each a mean over seeds, by route.

    With more than one seed, `spread` is the sample standard deviation of the accuracies over seeds.
    """
    rows = {
        "accuracy": {
            route: [{**cell["accuracy"], "gap": cell["gap"]} for cell in seeds] for route, seeds in cells.items()
        },
        "blind": {route: [cell["blind"] for cell in seeds] for route, seeds in cells.items()},
        "types": {route: [cell["types"][ENGLISH] for cell in seeds] for route, seeds in cells.items()},
    }
    table = {what: _over_seeds(by_route, fmean) for what, by_route in rows.items()}
    if all(len(seeds) > 1 for seeds in cells.values()):
        table["spread"] = _over_seeds(rows["accuracy"], stdev)
    return table


def _over_seeds(
    by_route: Mapping[str, Sequence[Mapping[str, float]]], statistic: Callable[[list[float]], float]
) -> dict[str, dict[str, float]]:
    """Apply a statistic over a route's rows, one a seed, key by key."""
    return {
        route: {key: round(statistic([row[key] for row in rows]), DIGITS) for key in rows[0]}
        for route, rows in by_route.items()
    }
