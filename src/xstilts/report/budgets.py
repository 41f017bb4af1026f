"""What target examples are worth: scores by how many of them phase 2 had, with and without an intermediate task.

One budget of target examples says which route is best at that budget alone. The curve over budgets says how many
labelled target examples an intermediate task is worth: where the curve of `none` reaches what the route has with fewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from xstilts.base.cells import Route
from xstilts.report.differences import score_to_json
from xstilts.report.paired import Paired


def budgets(paired: Paired, target: str) -> Iterator[dict[str, Any]]:
    """Of each intermediate task that the study has with several numbers of target examples: scores by that number.

    Routes whose recipe changes more than the number (`longer`) are left out: those with the number of another route of
    the same task, where theirs is not limited.
    """
    by_task: dict[str, dict[int, str]] = defaultdict(dict)
    for route in sorted(paired.routes, key=lambda name: Route.parse(name) != Route(Route.parse(name).task)):
        trained = [cell["training"]["target"] or {} for cell in paired.about[target][route]]
        numbers = {own.get("rows") for own in trained}
        if len(numbers) == 1 and (rows := numbers.pop()):
            by_task[Route.parse(route).task].setdefault(rows, route)
    for task, routes in by_task.items():
        if len(routes) > 1:
            points = [_point(paired, target, routes[rows], rows) for rows in sorted(routes)]
            yield {"target": target, "task": task, "points": points}


def _point(paired: Paired, target: str, route: str, rows: int) -> dict[str, Any]:
    mixes = paired.means(target)
    scores = {name: score_to_json(paired.interval({route: mixes[name]})) for name in mixes if name != "gap"}
    return {"route": route, "examples": rows, **scores}
