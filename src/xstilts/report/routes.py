"""The scores of whole routes on published data: what a benchmark's overall numbers are made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json
from xstilts.report.cells.metrics import OFFICIAL


def official_scores(root: Path, seed: int) -> dict[str, dict[str, Any]]:
    """Every route's scores by task, {route: {task: {metric: {language: value}}}}, of one seed.

    Scores on the embedded world are left out: its sets carry the names of published ones, but are none of them.

    Args:
        root: data/scores, with `<route>-s<seed>/<task>/scores.json`.

    Raises:
        ParameterError: no route has scores on published data.
    """
    routes: dict[str, dict[str, Any]] = {}
    for path in sorted(root.glob(f"*-s{seed}/*/scores.json")):
        content = read_json(path)
        if not {"data", "route", "target", "scores"} <= set(content):
            found, expected = ", ".join(content), "data, route, target, scores"
            raise DataError(path, None, found, expected, "run `dvc repro` to score the cell again")
        if content["data"] == OFFICIAL:
            routes.setdefault(content["route"], {})[content["target"]] = content["scores"]
    if not routes:
        found = f"{root}: found no scores of seed {seed} on published data"
        todo = "choose `world: official`, name the targets in study.targets and run `dvc repro`"
        raise ParameterError(f"{found}; {todo}")
    return routes
