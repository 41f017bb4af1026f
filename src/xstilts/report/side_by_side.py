"""The items of every cell of a study, read, checked to be of the same examples, and summed by cluster."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.cells import Route, Study
from xstilts.base.errors import DataError
from xstilts.report.cells.items import read_items
from xstilts.report.cells.metrics import CONTROLS
from xstilts.report.intervals import deal
from xstilts.report.paired import CONTENT, FORM, SCORE, Column, Paired

ITEMS = "items.arrow"
About = dict[str, dict[str, list[dict[str, Any]]]]  # target -> route -> what is true of its cells, one per seed


def read_paired(study: Study, name: str | None = None) -> Paired:
    """Read what was collected of every cell of a study, and put it side by side; arguments as of `read_tables`."""
    return pair_up(*read_tables(study, name), [str(route) for route in study.routes()], study.seeds)


def read_tables(study: Study, name: str | None = None) -> tuple[dict[tuple[str, int, int], pa.Table], About]:
    """The items of every cell of a study, and what is true of each cell.

    Args:
        name: of the study, whose folder it lies in; None: of the default study.

    Raises:
        DataError: a missing file, or cells of one target that differ in data, metric or test examples.
    """
    routes = study.routes()
    about: About = {target: {} for target in study.targets}
    cells: dict[tuple[str, int, int], pa.Table] = {}
    for target in study.targets:
        for i, (route, own) in enumerate(study.cells(target).items()):
            for j, cell in enumerate(own):
                path = cell.collected(name) / ITEMS
                cells[target, i, j], known = read_items(path)
                about[target].setdefault(str(route), []).append(known)
                _check_alike(path, cells[target, i, j], known, cells[target, 0, 0], about[target][str(routes[0])][0])
    return cells, about


def pair_up(
    cells: Mapping[tuple[str, int, int], pa.Table], about: About, routes: Sequence[str], seeds: Sequence[int]
) -> Paired:
    """Join the items of a study's cells.

    Args:
        cells: {(target, number of the route, number of the seed): items}.
    """
    first = {target: cells[target, 0, 0] for target in about}
    columns = {column: number for number, column in enumerate(_columns(first))}
    rows = {target: Counter(table["language"].to_pylist()) for target, table in first.items()}
    groups, clusters = clusters_of(first)
    many = 1 + max(int(own.max()) for own in groups.values())
    sums = np.zeros((many, 2, len(routes), len(seeds), len(columns)), np.float32)
    for (target, i, j), table in cells.items():
        _add_sums(sums[:, :, i, j], target, table, groups[target], columns)
    return Paired(routes, len(seeds), about, columns, rows, clusters, sums)


def _check_alike(
    path: Path, table: pa.Table, cell: Mapping[str, Any], first: pa.Table, head: Mapping[str, Any]
) -> None:
    """Refuse a cell whose examples are not those of the first."""
    for key in ("data", "kind", "metric"):
        if cell[key] != head[key]:
            todo = "run `dvc repro` to score every cell again"
            raise DataError(path, None, f"{key} '{cell[key]}'", f"'{head[key]}' as in the other cells", todo)
    same = ("id", "image_id", "cluster", "language", "part", "structural")
    if not table.select(same).equals(first.select(same)):
        first_route = Route(head["route"], head["recipe"])
        found, expected = "other test examples", f"those of route {first_route}, seed {head['seed']}, row by row"
        raise DataError(path, None, found, expected, "run `dvc repro` to score every cell again")


def _columns(tables: Mapping[str, pa.Table]) -> Iterator[Column]:
    """Every language, part and question type of every target, and its controls."""
    for target, table in tables.items():
        groups = table.group_by(["language", "part", "structural"], use_threads=False).aggregate([]).to_pylist()
        typed = {tuple(group.values()) for group in groups}
        whole = {(language, part, "") for language, part, _ in typed}
        for measure in _measures(table):
            yield from (Column(target, measure, *one) for one in sorted(typed | whole))


def _measures(table: pa.Table) -> list[str]:
    """What the examples of a table have: points, those of controls, and the form of their answers."""
    there = [name for name in (*CONTROLS, FORM) if table[name].null_count < len(table)]
    return [SCORE, *there, *([CONTENT] if FORM in there else [])]


def clusters_of(tables: Mapping[str, pa.Table]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """The group of every row of every target, int64 `[rows]` each, and how many clusters a target has."""
    known: dict[tuple[str, str], int] = {}
    rows, clusters = {}, {}
    for target, table in tables.items():
        names = zip(*(table[name].to_pylist() for name in ("image_id", "cluster", "id")), strict=True)
        keys = [("", image) if image else (target, cluster or own) for image, cluster, own in names]
        rows[target] = np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
        clusters[target] = len(set(keys))
    dealt = deal(len(known))
    return {target: dealt[own] for target, own in rows.items()}, clusters


def _add_sums(
    sums: np.ndarray, target: str, table: pa.Table, groups: np.ndarray, columns: Mapping[Column, int]
) -> None:
    """Add a cell's points, and what could be earned, to `sums` `[clusters, 2, columns]`.

    A form is right or not, and the content is scored where it is right.
    """
    own, of = table[SCORE].to_numpy(), table["of"].to_numpy()
    keys = list(zip(*(table[name].to_pylist() for name in ("language", "part", "structural")), strict=True))
    for measure in _measures(table):
        right = table[FORM].to_numpy() if measure in (FORM, CONTENT) else np.ones(len(table), np.float32)
        points = {FORM: right, CONTENT: own * right}.get(measure)
        points = table[measure].to_numpy() if points is None else points
        could = {FORM: np.ones_like(right), CONTENT: of * right}.get(measure, of)
        whole = np.array([columns[Column(target, measure, language, part, "")] for language, part, _ in keys])
        typed = np.array([columns[Column(target, measure, *key)] for key in keys])
        for numbers, rows in ((whole, np.arange(len(keys))), (typed, np.flatnonzero(typed != whole))):
            np.add.at(sums[:, 0], (groups[rows], numbers[rows]), points[rows])
            np.add.at(sums[:, 1], (groups[rows], numbers[rows]), could[rows])
