"""Checks of stages/grid.yaml, the universe that the cells range over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from xstilts.base.cells import PLAIN, Cell, Route, layout_task
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import KINDS, MIXTURE
from xstilts.base.parameters import (
    STAGES,
    build,
    grid,
    recipe_file,
    recipe_names,
    task_kind,
    task_names,
    task_section,
)
from xstilts.check.words import joined, known_keys, none_twice, one_of

GRID = STAGES / "grid.yaml"
NAME = re.compile(r"[a-z0-9_]+")  # DVC joins the values of a matrix with dashes
NO_FEATURES = "data/checked"  # what a text task names in the place of features
IMAGE_SOURCES = ("images.zip", "vectors")
EVERYWHERE = "everywhere"
PHASES = ("intermediate", "target", "score")  # a recipe stands in the grid under the first one that it changes
SYSTEM = "system"  # or here, if it answers by a system in place of an answer head
CANONICAL = "canonical"  # or here, if its system puts the questions of an answer head in English
DECODER = "decoder"  # or here, if a decoder takes the place of encoder and head
GROUPS = (EVERYWHERE, *PHASES, SYSTEM, CANONICAL, DECODER)


@dataclass(frozen=True)
class Grid:
    """The keys of stages/grid.yaml.

    Attributes:
        datasets: {dataset: what it reads beside its raw files, a directory of features or data/checked}.
        image_sets: {set of images: what its features are made of, within its raw files}.
        intermediates: tasks and mixtures that a route may begin with.
        targets: tasks that are scored.
        seeds: seeds that a cell may have.
        recipes: the recipes that range over everything (`everywhere`), and the others by the first phase they change.
        recipe_routes, recipe_targets: the routes and targets that these others range over.
        perceived_sets: sets of images whose objects are named; left out: none.
        system_targets: the targets that recipes with a system range over instead.
        canonical_targets: the targets that recipes under `canonical` range over instead.
        parser: the recipe of the checkpoints that parse a target's questions for these.
        decoder_routes, decoder_targets: the routes and targets that recipes under `decoder` range over instead.
    """

    datasets: dict[str, str]
    image_sets: dict[str, str]
    intermediates: list[str]
    targets: list[str]
    seeds: list[int]
    recipes: dict[str, list[str]]
    recipe_routes: list[str]
    recipe_targets: list[str]
    perceived_sets: list[str] = field(default_factory=list)
    system_targets: list[str] = field(default_factory=list)
    canonical_targets: list[str] = field(default_factory=list)
    parser: str = PLAIN
    decoder_routes: list[str] = field(default_factory=list)
    decoder_targets: list[str] = field(default_factory=list)

    def recipe_list(self) -> list[str]:
        """Every recipe in the grid."""
        return [name for names in self.recipes.values() for name in names]

    def ranges(self, recipe: str) -> tuple[list[str], list[str]]:
        """The routes and the targets that a recipe ranges over."""
        if recipe in self.recipes[EVERYWHERE]:
            return self.intermediates, self.targets
        return getattr(self, self._routes_of(recipe)), getattr(self, self._targets_of(recipe))

    def _routes_of(self, recipe: str) -> str:
        """The key with the routes of a recipe that does not range over everything."""
        return "decoder_routes" if recipe in self.recipes[DECODER] else "recipe_routes"

    def _targets_of(self, recipe: str) -> str:
        """The key with the targets of a recipe that does not range over everything."""
        keys = {SYSTEM: "system_targets", CANONICAL: "canonical_targets", DECODER: "decoder_targets"}
        return next((key for group, key in keys.items() if recipe in self.recipes[group]), "recipe_targets")

    def trained(self, cell: Cell) -> Cell:
        """The cell whose target checkpoint a cell uses: plain's, if its recipe changes scoring alone; a parser's."""
        if cell.recipe in self.recipes[SYSTEM]:
            return replace(cell, recipe=self.parser, target=layout_task(cell.target))
        shared = cell.recipe in (*self.recipes["score"], *self.recipes[CANONICAL])
        return replace(cell, recipe=PLAIN) if shared else cell

    def target_stage(self, cell: Cell) -> str:
        """The DVC stage that trains a cell's target checkpoint."""
        own = self.trained(cell)
        if own.recipe in self.recipes[DECODER]:
            return f"stages/decoder/dvc.yaml:decoder_target@{own.recipe}-{own.route}-{own.seed}-{own.target}"
        names = {"intermediate": "target_recipe", "target": "target_only"}
        name = next((names[phase] for phase in names if own.recipe in self.recipes[phase]), "target")
        return f"stages/train/dvc.yaml:{name}@{own.recipe}-{own.route}-{own.seed}-{own.target}"

    def check_cell(self, route: Route, target: str, where: str) -> None:
        """Refuse a cell that the grid does not have; the recipe, task and target are each in it."""
        if route.recipe in self.recipes[EVERYWHERE]:
            return
        keys = self._routes_of(route.recipe), self._targets_of(route.recipe)
        for value, key in zip((route.task, target), keys, strict=True):
            if value not in getattr(self, key):
                todo = f"add '{value}' to {key} in {GRID}"
                raise ParameterError(f"{where}: recipe '{route.recipe}' does not range over '{value}'; {todo}")


def check_grid() -> Grid:
    """Check stages/grid.yaml and return it: sound names, a file per task and recipe, features of a known set."""
    universe = build(Grid, grid(), str(GRID))
    for key in ("datasets", "intermediates", "targets"):
        _check_names(list(getattr(universe, key)), f"{GRID}: {key}", task_names(), "tasks")
    for target in universe.targets:
        one_of(target, universe.datasets, f"{GRID}: targets")
    _check_letters(universe.image_sets, f"{GRID}: image_sets")
    for image_set, source in universe.image_sets.items():
        one_of(source, IMAGE_SOURCES, f"{GRID}: image_sets: {image_set}")
    for image_set in universe.perceived_sets:
        one_of(image_set, universe.image_sets, f"{GRID}: perceived_sets")
    features = (f"data/features/{name}" for name in universe.image_sets)
    sources = {NO_FEATURES, *features, *(f"data/perception/{name}" for name in universe.perceived_sets)}
    for dataset, source in universe.datasets.items():
        one_of(source, sources, f"{GRID}: datasets: {dataset}")
    _check_roles(universe)
    _check_recipes(universe)
    return universe


def _check_names(names: list[str], where: str, known: list[str], folder: str) -> None:
    """Refuse names that DVC cannot take, and those without a file in a folder of stages/."""
    none_twice(names, where)
    _check_letters(names, where)
    for name in names:
        if name not in known:
            raise ParameterError(
                f"{where}: '{name}' has no file {STAGES}/{folder}/{name}.yaml.{did_you_mean(name, known)}"
            )


def _check_letters(names: Iterable[str], where: str) -> None:
    """Refuse names that would be something else in DVC's matrix, or in the shell command of a stage."""
    for name in names:
        if not NAME.fullmatch(name):
            raise ParameterError(f"{where}: '{name}', expected small letters, digits and _")


def _check_roles(universe: Grid) -> None:
    """Refuse tasks in a place that their kind does not fit, and images without features."""
    unfit = {
        "datasets": {MIXTURE},
        "intermediates": {kind for kind, facts in KINDS.items() if not facts.is_trained},
        "targets": {MIXTURE, *(kind for kind, facts in KINDS.items() if not facts.is_scored)},
    }
    for key, kinds in unfit.items():
        for name in getattr(universe, key):
            if task_kind(name) in kinds:
                raise ParameterError(f"{GRID}: {key}: '{name}' is of kind {task_kind(name)}, which has no place there")
    for dataset, source in universe.datasets.items():
        section = task_section(dataset, "encode")
        needed = section.get("features") is not None or section.get("clues") is not None
        if needed != (source != NO_FEATURES):
            found = "names features or clues" if needed else "names neither features nor clues"
            raise ParameterError(f"{GRID}: datasets: {dataset}: '{source}', but stages/tasks/{dataset}.yaml {found}")


def _first_change(name: str) -> str | None:
    """The group that a recipe belongs to by its file; None if it changes nothing."""
    recipe = recipe_file(name)
    if (recipe.get(SYSTEM) or {}).get("kind") == CANONICAL:
        return CANONICAL
    return next((one for one in (DECODER, SYSTEM, *PHASES) if recipe.get(one)), None)


def _check_recipes(universe: Grid) -> None:
    """Refuse a recipe under another phase than the first that it changes: its cells would train the wrong thing."""
    groups, where = universe.recipes, f"{GRID}: recipes"
    known_keys(groups, GROUPS, where)
    if missing := [key for key in GROUPS if key not in groups]:
        raise ParameterError(f"{where}: missing {joined(missing)}; write `{missing[0]}: []`")
    _check_names(universe.recipe_list(), where, recipe_names(), "recipes")
    one_of(PLAIN, groups[EVERYWHERE], f"{where}: {EVERYWHERE}")
    for phase in (DECODER, CANONICAL, SYSTEM, *PHASES):
        for name in groups[phase]:
            changes = _first_change(name)
            if changes != phase:
                found = f"changes {changes} first; list it there" if changes else "changes nothing; it is plain"
                raise ParameterError(f"{where}: {phase}: {STAGES}/recipes/{name}.yaml {found}")
    one_of(universe.parser, universe.recipe_list(), f"{GRID}: parser")
    for target in universe.system_targets:
        one_of(layout_task(target), universe.targets, f"{GRID}: targets, which system_targets needs")
        one_of(target, universe.perceived_sets, f"{GRID}: perceived_sets, which system_targets needs")
    _check_decoders(universe)
    ranges = dict.fromkeys(("recipe_routes", "decoder_routes"), universe.intermediates)
    keys = ("recipe_targets", "system_targets", "canonical_targets", "decoder_targets")
    for key, names in {**ranges, **dict.fromkeys(keys, universe.targets)}.items():
        none_twice(getattr(universe, key), f"{GRID}: {key}")
        for name in getattr(universe, key):
            one_of(name, names, f"{GRID}: {key}")


def _check_decoders(universe: Grid) -> None:
    """Refuse tasks that a decoder cannot be trained on: it answers questions, one task at a time."""
    for key in ("decoder_routes", "decoder_targets"):
        for name in getattr(universe, key):
            one_of(name, task_names(), f"{GRID}: {key}")
            if name != "none" and task_kind(name) != "vqa":
                found = f"'{name}' is of kind {task_kind(name)}, and a decoder is trained on kind vqa"
                raise ParameterError(f"{GRID}: {key}: {found}; take it out there")
