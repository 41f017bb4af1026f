"""Checks of params.yaml and of every study: that the cells which they name are in the grid."""

import re
from dataclasses import dataclass
from os.path import isdir
from pathlib import Path
from typing import Any, Literal

from xstilts.base.cells import Cell, Route, Study
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import MIXTURE
from xstilts.base.parameters import PARAMS, STAGES, build, choices, read_yaml, recipe_names, task_kind, task_names
from xstilts.check.grid import GRID, Grid
from xstilts.check.words import joined, none_twice, one_of
from xstilts.data.raw import NAMES

EMBEDDED = {"encoder": "multilingual-e5-small", "vision": "efficientnet-lite0"}
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")


@dataclass(frozen=True)
class Choices:
    """The keys of params.yaml."""

    world: Literal["pictograms", "official"]
    data_root: str | None
    encoder: str
    vision: str
    alignment: str
    intermediate: str
    recipe: str
    seed: int
    study: dict[str, Any]


@dataclass(frozen=True)
class NamedStudy:
    """The keys of a file stages/<name>/study.yaml."""

    name: str
    study: dict[str, Any]


def check_choices(universe: Grid) -> Choices:
    """Check params.yaml against the grid and return it."""
    chosen = build(Choices, choices(), str(PARAMS))
    _check_task(chosen.intermediate, universe, "intermediates", f"{PARAMS}: intermediate")
    _check_recipe(chosen.recipe, universe, f"{PARAMS}: recipe")
    one_of(chosen.seed, universe.seeds, f"{PARAMS}: seed")
    for key, embedded in EMBEDDED.items():
        name = getattr(chosen, key)  # the embedded model, a directory, or owner/name on the hub (@revision)
        if name != embedded and not isdir(name) and not HUB_NAME.fullmatch(name):
            hint = did_you_mean(name, [embedded]).removesuffix(".")
            raise ParameterError(f"{PARAMS}: {key}: unknown '{name}'.{hint}, a directory, or owner/name on the hub.")
    captions = [one for one in universe.datasets if task_kind(one) == "matching"]
    one_of(chosen.alignment, [NAMES, *captions], f"{PARAMS}: alignment")
    study = check_study(chosen.study, str(PARAMS), universe)
    for target in study.targets:  # metrics/<target>.json show the chosen route on each
        universe.check_cell(Route(chosen.intermediate, chosen.recipe), [chosen.seed], target, f"{PARAMS}: recipe")
    return chosen


def check_study(content: dict[str, Any], file: str, universe: Grid) -> Study:
    """Check the key `study` of a file against the grid: its keys, nothing empty or twice, only existing cells."""
    study, where = build(Study, content, f"{file}: study"), f"{file}: study"
    for key in ("recipes", "intermediates", "seeds", "targets"):
        values = getattr(study, key)
        if not values:
            valid = universe.recipe_list() if key == "recipes" else getattr(universe, key)
            raise ParameterError(f"{where}.{key} is empty, expected some of {joined(valid)}")
        none_twice(values, f"{where}.{key}")
    for recipe in study.recipes:
        _check_recipe(recipe, universe, f"{where}.recipes")
    for key in ("intermediates", "targets"):
        for name in getattr(study, key):
            _check_task(name, universe, key, f"{where}.{key}")
    for seed in study.seeds:
        one_of(seed, universe.seeds, f"{where}.seeds")
    _check_controls(study, universe, f"{where}.controls")
    for route in study.routes():
        for target in study.targets:
            universe.check_cell(route, study.seeds, target, where)
    return study


def check_named_study(path: Path, universe: Grid) -> None:
    """Check a file stages/<name>/study.yaml: its name, which its dvc.yaml writes below, and its study."""
    named = build(NamedStudy, read_yaml(path), str(path))
    if named.name != path.parent.name:
        raise ParameterError(f"{path}: name is '{named.name}', expected '{path.parent.name}', the name of its folder")
    check_study(named.study, str(path), universe)


def _check_controls(study: Study, universe: Grid, where: str) -> None:
    """Refuse further routes that are not written as recipe/task, that are unknown, or in the study already."""
    none_twice(study.controls, where)
    for control in study.controls:
        recipe, slash, task = control.partition("/")
        if not slash:
            raise ParameterError(f"{where}: '{control}', expected recipe/intermediate, such as longer/none")
        _check_recipe(recipe, universe, where)
        _check_task(task, universe, "intermediates", where)
        if recipe in study.recipes and task in study.intermediates:
            raise ParameterError(f"{where}: '{control}' is in recipes and intermediates already; take it out here")


def _check_recipe(name: str, universe: Grid, where: str) -> None:
    if name not in universe.recipe_list() and name in recipe_names():
        todo = "add it to recipes there, under the first phase that it changes"
        raise ParameterError(f"{where}: '{name}' is a recipe, but {GRID} does not list it; {todo}")
    one_of(name, universe.recipe_list(), where)


def _check_task(name: str, universe: Grid, key: str, where: str) -> None:
    """Refuse a task outside the grid; one that has a file only needs its name there."""
    if name not in getattr(universe, key) and name in task_names():
        places = key if task_kind(name) == MIXTURE or name in universe.datasets else f"datasets and {key}"
        todo = f"add it to {places} there, or copy {STAGES}/grid.official.yaml over it for the published data"
        raise ParameterError(f"{where}: '{name}' is a task, but {GRID} does not list it; {todo}")
    one_of(name, getattr(universe, key), where)


def choose_cell(universe: Grid, route: str | None, seed: int | None, target: str | None, recipe: str | None) -> Cell:
    """Return the cell asked for, what is None as in params.yaml; `ParameterError` if it does not exist."""
    chosen = check_choices(universe)
    cell = Cell(
        chosen.recipe if recipe is None else recipe,
        chosen.intermediate if route is None else route,
        chosen.seed if seed is None else seed,
        chosen.study["targets"][0] if target is None else target,
    )
    _check_recipe(cell.recipe, universe, "recipe")
    one_of(cell.route, universe.intermediates, "route")
    one_of(cell.seed, universe.seeds, "seed")
    one_of(cell.target, universe.targets, "target")
    universe.check_cell(Route(cell.route, cell.recipe), [cell.seed], cell.target, "recipe")
    return cell
