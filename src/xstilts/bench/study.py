"""What a study takes on this machine: a sample of every cache that it reads is measured, and the whole worked out.

What is made once is shared: phase 1 of a route and seed serves all targets, a recipe that does not change phase 1
shares it with `plain`, and a cache serves all cells that read it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.base.cells import PLAIN, Route
from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_json
from xstilts.base.kinds import MIXTURE
from xstilts.base.parameters import recipe_file, task_kind, task_section
from xstilts.bench.comparison import settings_of
from xstilts.bench.job import Job, Result, What, run_job
from xstilts.bench.report import Others, where_it_ran
from xstilts.score.settings import ScoreSettings
from xstilts.train.settings import TrainSettings

NONE = "none"
PARTS = ("caches", "phase 1", "phase 2", "phase 3")
SECTIONS = ("intermediate", "target", "score")  # of a recipe: those of phases 1 to 3
MINUTE = 60.0
WARM = 16  # rows that are trained on before the clock starts
ROWS = 512  # of each cache: with 128, the first updates and batches, which are slower, made a third too much of all


@dataclass(frozen=True)
class Work:
    """What a study consists of.

    Attributes:
        routes: with their recipes.
        seeds: how many.
        targets: their names.
        members: {intermediate task: the caches that its own is made of}; a task: itself; `none`: nothing.
        changes: {recipe: the sections in which it says something}.
    """

    routes: Sequence[Route]
    seeds: int
    targets: Sequence[str]
    members: Mapping[str, Sequence[str]]
    changes: Mapping[str, Sequence[str]] = field(default_factory=lambda: {PLAIN: []})

    def unlike_plain(self, route: Route, *sections: str) -> Route:
        """The route, or the same with recipe `plain` if its own recipe changes none of these sections."""
        return route if set(sections) & set(self.changes[route.recipe]) else Route(route.task)

    def trained(self, *sections: str) -> list[Route]:
        """The routes without those that share with `plain` what these sections decide."""
        return sorted({self.unlike_plain(route, *sections) for route in self.routes})

    def target(self, route: Route, target: str, section: str) -> Route:
        """A target with the recipe by which it is trained (section `target`) or scored (`score`) for a route."""
        return self.unlike_plain(Route(target, route.recipe), section)


@dataclass(frozen=True)
class Paces:
    """Seconds, each as measured on a sample and scaled to all rows.

    Attributes:
        caches: {cache: to tokenise it}.
        phase_1: {intermediate task with its recipe: to train on it, English dev included}.
        phase_2: {target with its recipe: likewise}.
        phase_3: {target with its recipe: to answer its test rows in every language, controls included}.
    """

    caches: Mapping[str, float]
    phase_1: Mapping[Route, float]
    phase_2: Mapping[Route, float]
    phase_3: Mapping[Route, float]

    def to_json(self) -> dict[str, dict[str, float]]:
        """The paces as the report holds them, routes written as in the paths."""
        return {name: {str(key): value for key, value in part.items()} for name, part in vars(self).items()}


def seconds_of(work: Work, paces: Paces) -> dict[str, float]:
    """Seconds by part; everything is made once."""
    caches = {name for route in work.routes for name in work.members[route.task]} | set(work.targets)
    first, second = work.trained("intermediate"), work.trained("intermediate", "target")
    learned = [work.target(route, name, "target") for route in second for name in work.targets]
    scored = [work.target(route, name, "score") for route in work.routes for name in work.targets]
    seconds = (
        sum(paces.caches[name] for name in caches),
        work.seeds * sum(paces.phase_1[route] for route in first),
        work.seeds * sum(paces.phase_2[target] for target in learned),
        work.seeds * sum(paces.phase_3[target] for target in scored),
    )
    return dict(zip(PARTS, seconds, strict=True))


def work_of(routes: Sequence[Route], seeds: int, targets: Sequence[str]) -> Work:
    """The study's work, with what stages/tasks and stages/recipes say of its routes."""
    members = {route.task: _members(route.task) for route in routes}
    files = {recipe: recipe_file(recipe) for recipe in [PLAIN, *(route.recipe for route in routes)]}
    changes = {recipe: [name for name in SECTIONS if content.get(name)] for recipe, content in files.items()}
    return Work(routes, seeds, targets, members, changes)


def _members(task: str) -> list[str]:
    """The caches that an intermediate task's own is made of."""
    if task_kind(task) != MIXTURE:
        return [task]
    return list(task_section(task, "encode").get("members") or [])


@dataclass(frozen=True)
class Sampling:
    """How the paces are found.

    Attributes:
        cache: folder of the tokenised caches; `public`: phase 0.
        rows: trained on, of each cache; twice as many are scored.
        threads: processors to use; `seed`: of the rows.
        run: does one job.
    """

    cache: Path
    public: Path
    rows: int = ROWS
    threads: int = 1
    seed: int = 0
    run: Callable[[Job], Result] = run_job

    def training(self, route: Route, section: str) -> tuple[float, float]:
        """Seconds to tokenise a task's cache, and to train on it by a recipe, English dev included."""
        counts, settings = (
            self._rows(route.task, "learn"),
            settings_of(TrainSettings, route.task, section, route.recipe),
        )
        rows, dev = self._some(counts["train"], self.rows), self._some(counts["dev"], 2 * self.rows)
        job = self._job("pace_training", route.task, "learn", "train", rows, asdict(settings))
        found = self.run(replace(job, warmup=rows[:WARM], dev=dev))
        more = found["more"]
        train = more["whole"] * found["seconds"] / found["examples"]
        score = settings.epochs * settings.evaluations * counts["dev"] * more["dev_seconds"]
        return self._all_rows(route.task) * more["encode_seconds"], train + score

    def scoring(self, route: Route) -> float:
        """Seconds to answer all test rows of a target by a recipe.

        There is no warm-up: a few rows of every language may have one image, and the control exchanges images.
        """
        count = self._rows(route.task, "test")["test"]
        settings = settings_of(ScoreSettings, route.task, "score", route.recipe)
        rows = self._some(count, 2 * self.rows)
        found = self.run(self._job("pace_scoring", route.task, "test", "test", rows, asdict(settings)))
        return count * float(found["seconds"]) / float(found["examples"])

    def _job(
        self, what: What, task: str, part: str, split: str, rows: tuple[int, ...], settings: dict[str, Any]
    ) -> Job:
        cache, public = str(self.cache / task / part), str(self.public)
        job = Job(what, task, "xstilts.bench.ours", cache, public, split=split, rows=rows, settings=settings)
        return replace(job, threads=self.threads, seed=self.seed)

    def _some(self, count: int, number: int) -> tuple[int, ...]:
        return tuple(random.Random(self.seed).sample(range(count), min(number, count)))

    def _all_rows(self, task: str) -> int:
        """Rows of a task's cache, those of its test part included, if it has one."""
        parts = [part for part in ("learn", "test") if (self.cache / task / part / CARD).is_file()]
        return sum(sum(self._rows(task, part).values()) for part in parts)

    def _rows(self, task: str, part: str) -> dict[str, int]:
        cache = self.cache / task / part
        if not (cache / CARD).is_file():
            raise DataError(cache, None, "no cache", "a tokenised task", "run `dvc repro` with it in the study")
        card = read_json(cache / CARD)
        if not card["tasks"]:
            found, todo = "a cache that nothing is trained on", "leave out retrieval targets"
            raise DataError(cache, None, found, "training rows", todo)
        counts: dict[str, int] = card["rows"]
        return counts


def measure_study(work: Work, sampling: Sampling, note: Callable[[str], None] = print) -> dict[str, Any]:
    """Measure a sample of every cache and work out what the study takes: the content of the JSON, in seconds.

    Raises:
        DataError: a cache has not been made.
    """
    others = Others()
    paces = find_paces(work, sampling, note)
    study = {**asdict(work), "routes": [str(route) for route in work.routes]}
    found = {"study": study, "pace": paces.to_json(), "seconds": seconds_of(work, paces)}
    return {**found, "busy": others.share(), **where_it_ran()}


def find_paces(work: Work, sampling: Sampling, note: Callable[[str], None]) -> Paces:
    """Measure each cache in phase 1, and each target in phases 2 and 3, by every recipe that matters there."""
    first = {*work.trained("intermediate"), *(Route(name) for names in work.members.values() for name in names)}
    second = {work.target(route, name, "target") for route in work.routes for name in work.targets}
    third = {work.target(route, name, "score") for route in work.routes for name in work.targets}
    caches, phase_1, phase_2, phase_3 = {}, {route: 0.0 for route in first if route.task == NONE}, {}, {}
    for route in sorted(first - set(phase_1)):
        note(f"pace of {route} in phase 1")
        caches[route.task], phase_1[route] = sampling.training(route, "intermediate")
    for route in sorted(second):
        note(f"pace of {route} in phase 2")
        caches[route.task], phase_2[route] = sampling.training(route, "target")
    for route in sorted(third):
        note(f"pace of {route} in phase 3")
        phase_3[route] = sampling.scoring(route)
    return Paces(caches, phase_1, phase_2, phase_3)


def print_study(report: dict[str, Any], console: Console | None = None) -> None:
    """Print minutes by part."""
    console = console or Console(width=120)
    study, minutes = report["study"], {part: seconds / MINUTE for part, seconds in report["seconds"].items()}
    what = f"{len(study['routes'])} routes, {study['seeds']} seeds, {len(study['targets'])} targets"
    console.print(f"{report['hardware']}; {report['busy']:.0%} busy with other work", highlight=False)
    console.print(f"{what}: minutes, from samples", highlight=False)
    table = Table(*minutes, "sum", box=SIMPLE_HEAD)
    table.add_row(*(f"{one:,.1f}" for one in (*minutes.values(), sum(minutes.values()))))
    console.print(table)
