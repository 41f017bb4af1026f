"""A cell of the grid: what was trained, how, with which seed, and on which target; and every path that it has.

A cell is (recipe, route, seed, target). The *route* is the intermediate task (a mixture, or `none`), the *recipe* says
how both phases are trained. The two together are written as in the paths, `lora/gqa`, and `gqa` alone where the recipe
is `plain`. A study's name may be an absolute path: its files then lie in that folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PLAIN = "plain"
DATA, METRICS, PUBLIC = Path("data"), Path("metrics"), Path("data/public")


@dataclass(frozen=True, order=True)
class Route:
    """An intermediate task with the recipe by which both phases are trained; `str()` gives `gqa` or `lora/gqa`."""

    task: str
    recipe: str = PLAIN

    @classmethod
    def parse(cls, text: str) -> Route:
        """The route that `str()` wrote."""
        recipe, _, task = text.rpartition("/")
        return cls(task, recipe or PLAIN)

    def __str__(self) -> str:
        return self.task if self.recipe == PLAIN else f"{self.recipe}/{self.task}"


@dataclass(frozen=True)
class Cell:
    """One cell of the grid."""

    recipe: str
    route: str
    seed: int
    target: str

    @property
    def target_checkpoint(self) -> Path:
        """Where the checkpoint of phase 2 lies."""
        return target_checkpoint(self.recipe, self.route, self.seed, self.target)

    @property
    def scores(self) -> Path:
        """The folder of predictions.arrow and scores.json."""
        return scores_folder(self.recipe, self.route, self.seed) / self.target

    @property
    def test_cache(self) -> Path:
        """The target's tokenised test rows."""
        return tokenized(self.target) / "test"

    def collected(self, study: str | None = None) -> Path:
        """Where a study keeps what it collected of the cell."""
        return report_folder(study) / "cells" / self.target / _trained(self.recipe, self.route, self.seed)

    def __str__(self) -> str:
        return f"{Route(self.route, self.recipe)}, seed {self.seed}, {self.target}"


def cell_of(route: str, seed: int, target: str) -> Cell:
    """The cell of a route that is written `recipe/task`."""
    parsed = Route.parse(route)
    return Cell(parsed.recipe, parsed.task, seed, target)


def tokenized(task: str) -> Path:
    """The tokenised cache of a task or mixture: `learn` and `test` below it."""
    return DATA / "tokenized" / task


def layout_task(target: str) -> str:
    """The task whose layouts are those of a target's questions."""
    return f"{target}_layout"


def intermediate_checkpoint(recipe: str, route: str, seed: int) -> Path:
    """Where the checkpoint of phase 1 lies."""
    return DATA / "intermediate" / _trained(recipe, route, seed)


def target_checkpoint(recipe: str, route: str, seed: int, target: str) -> Path:
    """Where the checkpoint of phase 2 lies."""
    return DATA / "target" / _trained(recipe, route, seed) / target


def scores_folder(recipe: str, route: str, seed: int) -> Path:
    """Where the scores of a route lie, a folder per target."""
    return DATA / "scores" / _trained(recipe, route, seed)


def scored_routes(seed: int) -> dict[Route, Path]:
    """Every route that has scores with a seed, and their folder."""
    found = sorted((DATA / "scores").glob(f"*/*-s{seed}"))
    return {Route(path.name.removesuffix(f"-s{seed}"), path.parent.name): path for path in found}


def _trained(recipe: str, route: str, seed: int) -> Path:
    return Path(recipe, f"{route}-s{seed}")


@dataclass(frozen=True)
class Study:
    """The key `study` of params.yaml, or of a file stages/<name>/study.yaml: the cells that a study compares.

    Attributes:
        recipes, intermediates: every one of the former with every one of the latter.
        controls: further routes beside these, always with their recipe: `longer/none`.
    """

    recipes: list[str]
    intermediates: list[str]
    controls: list[str]
    seeds: list[int]
    targets: list[str]

    def routes(self) -> list[Route]:
        """Every intermediate task by every recipe, recipe after recipe, then the controls."""
        product = [Route(task, recipe) for recipe in self.recipes for task in self.intermediates]
        return list(dict.fromkeys([*product, *map(Route.parse, self.controls)]))

    def cells(self, target: str) -> dict[Route, list[Cell]]:
        """The cells of each route on a target, one per seed."""
        return {route: [Cell(route.recipe, route.task, seed, target) for seed in self.seeds] for route in self.routes()}


def study_file(study: str | None) -> Path:
    """The parameter file whose key `study` names the cells of a study; None: of the default study."""
    return Path("params.yaml") if study is None else Path("stages", study, "study.yaml")


def metrics_folder(study: str | None) -> Path:
    """Where a study's numbers are kept in git: metrics, or metrics/<name>."""
    return METRICS / (study or "")


def report_folder(study: str | None) -> Path:
    """Where what a study collects and its page lie: data/report, or data/report/<name>."""
    return DATA / "report" / (study or "")


def leaks_path(study: str | None, target: str, route: str) -> Path:
    """Where lies what a route and a target share."""
    return report_folder(study) / "leaks" / target / f"{route}.json"
