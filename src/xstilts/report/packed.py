"""metrics/items.json: which test examples each cell answered right, one bit each: all that the statistics need, in git.

A study of 6 routes, 8 seeds and 10,400 questions takes 90 KB. From it any difference is computed, between any two
routes, in any languages, on any question types, with its interval: by `xstilts recommend`, and on the page. Left out
are targets whose examples earn anything but 0 or 1 of 1 (F1, exact match of several answers), image-text retrieval,
which is scored in two parts, and whatever is more than `MOST` bits.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xstilts.report.costs import COSTS, PHASES
from xstilts.report.paired import SCORE, Column, Paired

MOST = 1 << 23  # bits of a target: a megabyte
Json = Mapping[str, Any]
Cells = Mapping[tuple[str, int, int], Any]  # (target, number of the route, number of the seed): items, an Arrow table


def packed(cells: Cells, about: Mapping[str, Any], groups: Mapping[str, Any], paired: Paired) -> dict[str, Any]:
    """The content of the file.

    Args:
        cells, about: what `side_by_side.read_tables` read.
        groups: {target: the cluster of each row}.
        paired: the same side by side.
    """
    fitting = [target for target in about if _fits([cells[key] for key in cells if key[0] == target])]
    targets = {target: _target(cells, about[target], groups[target], paired, target) for target in fitting}
    return {"routes": list(paired.routes), "seeds": paired.seeds, "targets": targets}


def _fits(tables: Sequence[Any]) -> bool:
    """Whether a bit per example says all."""
    first = tables[0]
    if len(first) * len(tables) > MOST or any(first["part"].to_pylist()):
        return False
    return all(np.isin(one["score"].to_numpy(), (0, 1)).all() and np.all(one["of"].to_numpy() == 1) for one in tables)


def _target(cells: Cells, about: Json, groups: NDArray[Any], paired: Paired, target: str) -> dict[str, Any]:
    first = cells[target, 0, 0]
    languages, ids = np.array(first["language"].to_pylist()), np.array(first["id"].to_pylist())
    types = ["", *paired.types(target)]
    number = np.array([types.index(one) for one in first["structural"].to_pylist()], np.uint8)
    orders = {code: _of_language(languages, ids, code) for code in paired.languages(target)}
    layouts = {code: (_text(groups[order].astype("<u2")), _text(number[order])) for code, order in orders.items()}
    unlike = list(dict.fromkeys(layouts.values()))
    every = np.concatenate(list(orders.values()))
    seeds = range(paired.seeds)
    return {
        **{key: paired.fact(target, key) for key in ("data", "kind", "metric")},
        "clusters": paired.clusters[target],
        "types": types,
        "layouts": [dict(zip(("clusters", "types"), layout, strict=True)) for layout in unlike],
        "languages": {code: unlike.index(layout) for code, layout in layouts.items()},
        "training": {route: [_cost(cell["training"]) for cell in own] for route, own in about.items()},
        "right": {
            route: [_text(np.packbits(cells[target, i, j]["score"].to_numpy()[every] > 0)) for j in seeds]
            for i, route in enumerate(paired.routes)
        },
    }


def _of_language(languages: NDArray[np.str_], ids: NDArray[np.str_], code: str) -> NDArray[np.int64]:
    """The rows of a language by id, so that translations of the same questions have the same layout."""
    rows = np.flatnonzero(languages == code)
    ordered: NDArray[np.int64] = rows[np.argsort(ids[rows], kind="stable")]
    return ordered


def _cost(training: Json) -> dict[str, Any]:
    phases = {phase: training[phase] for phase in PHASES}
    return {phase: own and {name: own[name] for name in COSTS} for phase, own in phases.items()}


def _text(numbers: NDArray[Any]) -> str:
    return b64encode(numbers.tobytes()).decode()


def unpacked(content: Json) -> Paired:
    """The cells of the file side by side, of all examples and by question type; no controls and no forms."""
    routes, seeds, targets = content["routes"], content["seeds"], content["targets"]
    columns = {column: number for number, column in enumerate(_columns(targets))}
    read = {target: [_layout(one) for one in own["layouts"]] for target, own in targets.items()}
    many = 1 + max((int(own.max()) for layouts in read.values() for own, _ in layouts), default=0)
    sums = np.zeros((many, 2, len(routes), seeds, len(columns)), np.float32)
    for target, own in targets.items():
        _add(sums, target, own, read[target], columns)
    about, rows = {}, {}
    for target, own in targets.items():
        facts = {key: own[key] for key in ("data", "kind", "metric")}
        runs = own["training"].items()
        about[target] = {route: [facts | {"training": one} for one in training] for route, training in runs}
        rows[target] = {code: len(read[target][number][0]) for code, number in own["languages"].items()}
    clusters = {target: own["clusters"] for target, own in targets.items()}
    return Paired(routes, seeds, about, columns, rows, clusters, sums)


def _columns(targets: Json) -> list[Column]:
    return [
        Column(target, SCORE, code, "", kind)
        for target, own in targets.items()
        for code in own["languages"]
        for kind in own["types"]
    ]


def _layout(layout: Json) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    clusters, types = (b64decode(layout[name]) for name in ("clusters", "types"))
    return np.frombuffer(clusters, "<u2"), np.frombuffer(types, np.uint8)


def _add(
    sums: NDArray[np.float32],
    target: str,
    own: Json,
    layouts: Sequence[tuple[NDArray[np.uint16], NDArray[np.uint8]]],
    columns: Mapping[Column, int],
) -> None:
    """Add a target's points, and what could be earned, to `sums` `[clusters, 2, routes, seeds, columns]`."""
    bits = [[np.frombuffer(b64decode(text), np.uint8) for text in seeds] for seeds in own["right"].values()]
    right = np.unpackbits(np.array(bits), axis=-1).transpose(2, 0, 1)
    start = 0
    for code, number in own["languages"].items():
        clusters, types = layouts[number]
        points = right[start : start + len(clusters)]
        start += len(clusters)
        for kind, name in enumerate(own["types"]):
            rows = np.flatnonzero(types == kind) if name else np.arange(len(types))
            column = columns[Column(target, SCORE, code, "", name)]
            np.add.at(sums[:, 0, :, :, column], clusters[rows], points[rows])
            np.add.at(sums[:, 1, :, :, column], clusters[rows], 1)
