"""metrics/transfer.json: what each intermediate task changes on each target, language by language, against none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xstilts.report.benchmarks import RETRIEVAL
from xstilts.report.bootstrap import Interval, holm
from xstilts.report.cells.metrics import DIGITS, OFFICIAL
from xstilts.report.comparisons import control_of
from xstilts.report.differences import about, facts, languages, means, spelled
from xstilts.report.paired import Mix, Paired, add, scaled
from xstilts.report.shared import Shared

BASELINE = "none"
OVER = ("all targets", "without retrieval")


@dataclass(frozen=True)
class Transfer:
    """The cells of a study against the baseline.

    Attributes:
        shared: {(target, route): what is known of data that both phases of a cell have}.
        data: means are taken over targets of these data alone; "" where there is no choice.
    """

    paired: Paired
    shared: Mapping[tuple[str, str], Shared]
    data: str = ""

    @property
    def routes(self) -> list[str]:
        """The routes with an intermediate task; no controls, which no mean over routes may take in."""
        return [route for route in self.compared if not control_of(self.paired, route)]

    @property
    def compared(self) -> list[str]:
        """All routes but the baseline."""
        return [route for route in self.paired.routes if route != BASELINE]

    @property
    def has_baseline(self) -> bool:
        """Whether there is something to compare with."""
        return BASELINE in self.paired.routes

    def is_retrieval(self, target: str) -> bool:
        """Whether a target is sentence retrieval: nothing is trained for it."""
        return bool(self.paired.fact(target, "kind") == RETRIEVAL)

    def status(self, target: str, route: str) -> Shared:
        """What a cell shares between its phases."""
        return self.shared.get((target, route), Shared((), (route, target)))

    def targets(self, route: str, among: Sequence[str]) -> list[str]:
        """Those of some targets that a mean over a route's cells may take in: no shared data, and other languages."""
        known = [target for target in self.paired.targets() if target in among and self.paired.others(target)]
        known = [target for target in known if self.data in ("", self.paired.fact(target, "data"))]
        return [target for target in known if not self.status(target, route).words]

    def kinds_of_data(self) -> list[str]:
        """What the targets were made from; scores on different data share no mean. The published come first."""
        found = {str(self.paired.fact(target, "data")) for target in self.paired.about}
        return sorted(found, key=lambda data: (data != OFFICIAL, data))

    def of_data(self, data: str) -> Transfer:
        """The same, with means over targets of these data alone."""
        return replace(self, data=data)

    def average(self, route: str, among: Sequence[str]) -> Interval | None:
        """The mean over targets of a route's zero-shot difference to the baseline; None without a target."""
        mix = self.mean_mix(self.targets(route, among))
        return self.paired.difference(route, BASELINE, mix) if mix else None

    def mean_mix(self, targets: Sequence[str]) -> Mix:
        """The unweighted mean over targets of the zero-shot scores, each an unweighted mean over languages."""
        mix: Mix = {}
        for target in targets:
            mix = add(mix, scaled(self.paired.zero_shot(target), 1 / len(targets)))
        return mix


def transfer_matrix(transfer: Transfer) -> dict[str, Any]:
    """Return the content of metrics/transfer.json: `cells`, and `averages` over targets."""
    paired = transfer.paired
    head = about(paired) | {"baseline": BASELINE}
    if not transfer.has_baseline:
        return head | {"missing": f"add {BASELINE} to study.intermediates", "cells": [], "averages": []}
    cells = [_cell(transfer, target, route) for target in paired.targets() for route in transfer.compared]
    averages = [one for data in transfer.kinds_of_data() for one in _averages(transfer.of_data(data))]
    return head | {"cells": cells, "averages": averages}


def _cell(transfer: Transfer, target: str, route: str) -> dict[str, Any]:
    paired, shared = transfer.paired, transfer.status(target, route)
    control = control_of(paired, route)
    return {
        "target": target,
        "route": route,
        **facts(paired, target),
        **means(paired, route, BASELINE, target),
        "languages": languages(paired, route, BASELINE, target),
        "shared_data": shared.status,
        "shared": list(shared.words),
        "in_averages": not control and target in transfer.targets(route, [target]),
        **({"control": control} if control else {}),
    }


def _averages(transfer: Transfer) -> list[dict[str, Any]]:
    """The mean over targets of each route, with retrieval and without; Holm's p-values are over routes."""
    mine = [name for name in transfer.paired.targets() if transfer.paired.fact(name, "data") == transfer.data]
    trained = [name for name in mine if not transfer.is_retrieval(name)]
    return [one for over, among in zip(OVER, (mine, trained), strict=True) for one in _over(transfer, over, among)]


def _over(transfer: Transfer, over: str, among: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The mean over some targets of each route that has any of them."""
    routes = {route: interval for route in transfer.routes if (interval := transfer.average(route, among))}
    adjusted = holm([interval.p for interval in routes.values()])
    for (route, interval), p in zip(routes.items(), adjusted, strict=True):
        average = spelled(interval, len(routes)) | {"p_holm": round(p, DIGITS)}
        taken = _taken(transfer, route, among)
        yield {"route": route, "data": transfer.data, "over": over, **taken, "zero_shot": average}


def _taken(transfer: Transfer, route: str, among: Sequence[str]) -> dict[str, Any]:
    """The targets in a mean, those left out of it with the reason, and those not checked for shared data."""
    taken = transfer.targets(route, among)
    left = {target: transfer.status(target, route).words for target in among if target not in taken}
    return {
        "targets": taken,
        "left_out": [f"{target}: {'; '.join(words) or 'English only'}" for target, words in left.items()],
        "not_checked": [target for target in taken if transfer.status(target, route).status == "not checked"],
    }
