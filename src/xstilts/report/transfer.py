"""metrics/transfer.json: what each intermediate task changes on each target, language by language, against none.

Where a study has several recipes, the baseline of a route is none by the same recipe, and what the recipes themselves
change, one minus another on the same intermediate task, stands beside that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xstilts.base.cells import Route
from xstilts.report.benchmarks import RETRIEVAL
from xstilts.report.cells.metrics import GAP, OFFICIAL
from xstilts.report.comparisons import BASELINE, Design
from xstilts.report.differences import about, compared, family
from xstilts.report.heat_map import cells_of, columns_of, heading
from xstilts.report.intervals import Interval
from xstilts.report.numbers import inconclusive, points, points_interval, rounded
from xstilts.report.paired import Mix, Paired, add, scaled
from xstilts.report.shared import Shared

OVER = ("all targets", "without retrieval")


@dataclass(frozen=True)
class Transfer:
    """The cells of a study against their baselines.

    Attributes:
        shared: {(target, intermediate task): what is known of data that both phases of a cell have}.
        data: means are taken over targets of these data alone; "" where there is no choice.
    """

    paired: Paired
    design: Design
    shared: Mapping[tuple[str, str], Shared]
    data: str = ""

    @property
    def routes(self) -> list[str]:
        """The routes with an intermediate task; no controls, which no mean over routes may take in."""
        return [route for route in self.design.compared if not self.design.control_of(route)]

    def is_retrieval(self, target: str) -> bool:
        """Whether a target is sentence retrieval: nothing is trained for it."""
        return bool(self.paired.fact(target, "kind") == RETRIEVAL)

    def status(self, target: str, route: str) -> Shared:
        """What a cell shares between its phases."""
        task = Route.parse(route).task
        return self.shared.get((target, task), Shared((), (task, target)))

    def targets(self, route: str, among: Sequence[str]) -> list[str]:
        """Those of some targets that a mean over a route's cells may take in: no shared data, and other languages."""
        known = [target for target in self.paired.targets() if target in among and self.paired.others(target)]
        known = [target for target in known if self.data in ("", self.paired.fact(target, "data"))]
        return [target for target in known if not self.status(target, route).words]

    def kinds_of_data(self) -> list[str]:
        """What the targets were made from; scores on different data share no mean. The published come first."""
        found = {str(self.paired.fact(target, "data")) for target in self.paired.about}
        return sorted(found, key=lambda data: (data != OFFICIAL, data))

    def of_first_recipe(self) -> Transfer:
        """The same of the study's first recipe alone, its routes under the names of their tasks."""
        first = self.paired.by_recipe(self.design.study.recipes[0], self.design.study.intermediates)
        return replace(self, paired=first, design=self.design.of_one_recipe)

    def average(self, route: str, among: Sequence[str]) -> Interval | None:
        """The mean over targets of a route's zero-shot difference to the baseline; None without a target."""
        mix = self.mean_mix(self.targets(route, among))
        return self.paired.difference(route, self.design.baseline_of(route), mix) if mix else None

    def mean_mix(self, targets: Sequence[str]) -> Mix:
        """The unweighted mean over targets of the zero-shot scores, each an unweighted mean over languages."""
        mix: Mix = {}
        for target in targets:
            mix = add(mix, scaled(self.paired.zero_shot(target), 1 / len(targets)))
        return mix


def transfer_matrix(transfer: Transfer) -> dict[str, Any]:
    """Return the content of metrics/transfer.json: `cells`, `averages` over targets; of several recipes `recipes`."""
    paired, design = transfer.paired, transfer.design
    head = about(paired) | {"baseline": BASELINE}
    changes = {"recipes": _recipes(transfer)} if len(design.study.recipes) > 1 else {}
    if not design.compared:
        if BASELINE not in design.study.intermediates:
            head["missing"] = f"add {BASELINE} to study.intermediates"
        return head | {"cells": [], "averages": []} | changes
    cells = [_cell(transfer, target, route) for target in paired.targets() for route in design.compared]
    averages = [one for data in transfer.kinds_of_data() for one in _averages(replace(transfer, data=data))]
    return head | {"cells": cells, "averages": averages} | changes


def _cell(transfer: Transfer, target: str, route: str) -> dict[str, Any]:
    shared, control = transfer.status(target, route), transfer.design.control_of(route)
    return {
        **_difference(transfer.paired, target, route, transfer.design.baseline_of(route)),
        "shared_data": shared.status,
        "shared": list(shared.words),
        "in_averages": not control and target in transfer.targets(route, [target]),
        **({"control": control} if control else {}),
    }


def _recipes(transfer: Transfer) -> list[dict[str, Any]]:
    """On each target and intermediate task, each recipe minus the first: two ways of training, all else the same."""
    return [
        {**_difference(transfer.paired, target, route, first), "task": Route.parse(route).task}
        for target in transfer.paired.targets()
        for route, first in transfer.design.recipes_compared
    ]


def _difference(paired: Paired, target: str, route: str, baseline: str) -> dict[str, Any]:
    return {"target": target, "route": route, "baseline": baseline, **compared(paired, route, baseline, target)}


def _averages(transfer: Transfer) -> list[dict[str, Any]]:
    """The mean over targets of each route, with retrieval and without; Holm's p-values are over routes."""
    mine = [name for name in transfer.paired.targets() if transfer.paired.fact(name, "data") == transfer.data]
    trained = [name for name in mine if not transfer.is_retrieval(name)]
    return [one for over, among in zip(OVER, (mine, trained), strict=True) for one in _over(transfer, over, among)]


def _over(transfer: Transfer, over: str, among: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The mean over some targets of each route that has any of them."""
    means = {route: mean for route in transfer.routes if (mean := transfer.average(route, among))}
    for route, average in family(means).items():
        about_it = {"route": route, "baseline": transfer.design.baseline_of(route), "data": transfer.data, "over": over}
        yield about_it | _taken(transfer, route, among) | {"zero_shot": average}


def _taken(transfer: Transfer, route: str, among: Sequence[str]) -> dict[str, Any]:
    """The targets in a mean, those left out of it with the reason, and those not checked for shared data."""
    taken = transfer.targets(route, among)
    left = {target: transfer.status(target, route).words for target in among if target not in taken}
    return {
        "targets": taken,
        "left_out": [f"{target}: {'; '.join(words) or 'English only'}" for target, words in left.items()],
        "not_checked": [target for target in taken if transfer.status(target, route).status == "not checked"],
    }


def transfer_rows(transfer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells of metrics/transfer.json as flat rows, which `dvc plots` draws with .dvc/plots/heat_map.json.

    Returns:
        For each cell and language `target`, `route`, `column` (a language, zero-shot or English) with its `order` from
        the left, `difference` to the baseline in points, `text` and `interval` in words, and `tells`: whether it is
        conclusive.
    """
    targets = dict.fromkeys(cell["target"] for cell in transfer["cells"])
    return [row for target in targets for cell in cells_of(transfer, target) for row in _cell_rows(transfer, cell)]


def _cell_rows(transfer: Mapping[str, Any], cell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    groups = columns_of(cells_of(transfer, cell["target"]))
    for order, column in enumerate(name for group in groups for name in group if name != GAP):
        own = cell["languages"].get(column) or cell[column]
        if own["difference"] is None:
            continue
        place = {"target": cell["target"], "route": cell["route"], "column": heading(column), "order": order}
        words = {"text": points(own["difference"]), "interval": points_interval(own["interval"])}
        yield place | {"difference": rounded(own["difference"]), **words, "tells": not inconclusive(own)}
