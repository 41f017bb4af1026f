"""What a study costs as a function of its numbers of routes, seeds and targets: arithmetic on measured seconds.

A cell is made once and shared: phase 1 of a route and seed serves all targets, and a cache serves all cells that read
it. `apart` is the same study as scripts run it, each cell by itself from the raw files on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PARTS = ("caches", "phase 1", "phase 2", "phase 3")


@dataclass(frozen=True)
class Pace:
    """Seconds that one cache takes, each as measured on a sample and scaled to all rows.

    Attributes:
        encode: to tokenise it.
        train: to train on it once as its task file says, English dev included; 0: it is never trained on.
        score: to answer its test rows in every language, controls included; 0: it is no target.
    """

    encode: float = 0.0
    train: float = 0.0
    score: float = 0.0


@dataclass(frozen=True)
class Study:
    """Which cells there are.

    Attributes:
        routes: intermediate tasks.
        members: {route: the caches that its own is made of}; a task: itself; `none`: nothing.
    """

    routes: Sequence[str]
    seeds: int
    targets: Sequence[str]
    members: Mapping[str, Sequence[str]]

    @property
    def cells(self) -> int:
        """Scores that the study consists of."""
        return len(self.routes) * self.seeds * len(self.targets)


def shared(study: Study, first: Mapping[str, Pace], target: Mapping[str, Pace]) -> dict[str, float]:
    """Seconds by part when everything is made once.

    Args:
        first: pace of every cache in phase 1; `target`: of every target.
    """
    caches = {name for route in study.routes for name in study.members[route]}
    encode = sum(first[name].encode for name in caches) + sum(target[name].encode for name in study.targets)
    phase_1 = study.seeds * sum(first[route].train for route in study.routes)
    runs = study.seeds * len(study.routes)
    phase_2 = runs * sum(target[name].train for name in study.targets)
    phase_3 = runs * sum(target[name].score for name in study.targets)
    return dict(zip(PARTS, (encode, phase_1, phase_2, phase_3), strict=True))


def apart(study: Study, first: Mapping[str, Pace], target: Mapping[str, Pace]) -> dict[str, float]:
    """Seconds by part when every cell is made by itself."""
    once = shared(study, first, target)
    own = sum(first[name].encode for route in study.routes for name in study.members[route]) * len(study.targets)
    own += sum(target[name].encode for name in study.targets) * len(study.routes)
    return {**once, "caches": study.seeds * own, "phase 1": once["phase 1"] * len(study.targets)}


def grown(study: Study, first: Mapping[str, Pace], target: Mapping[str, Pace]) -> list[dict[str, float]]:
    """The study with its first route alone, the first two, and so on: seconds shared, apart, and added by the last."""
    rows: list[dict[str, float]] = []
    for count in range(1, len(study.routes) + 1):
        part = Study(study.routes[:count], study.seeds, study.targets, study.members)
        total = sum(shared(part, first, target).values())
        before = rows[-1]["shared"] if rows else 0.0
        alone = sum(apart(part, first, target).values())
        rows.append({"routes": count, "cells": part.cells, "shared": total, "added": total - before, "apart": alone})
    return rows
