"""Checks of stages/grid.yaml, the universe that the cells range over."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from xstilts.base import parameters
from xstilts.base.cells import PLAIN, Cell, Route, layout_task
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import KINDS, MIXTURE
from xstilts.base.parameters import STAGES, build
from xstilts.check.words import joined, known_keys, none_twice, one_of

GRID = STAGES / "grid.yaml"
NAME = re.compile(r"[a-z0-9_]+")  # DVC joins the values of a matrix with dashes
NO_FEATURES = "data/checked"  # what a text task names in the place of features
IMAGE_SOURCES = ("images.zip", "vectors")
EVERYWHERE = "everywhere"
PHASES = ("intermediate", "target", "score")  # a recipe stands in the grid under the first one that it changes
SYSTEM = "system"  # or here, if it answers by a system in place of an answer head
CANONICAL = "canonical"  # or here, if its system puts the questions of an answer head in English
ENTAILMENT = "entailment"  # or here, if its system lets the intermediate task judge statements
SOUP = "soup"  # or here, if it averages the checkpoints of several seeds
DECODER = "decoder"  # or here, if a decoder takes the place of encoder and head
GROUPS = (EVERYWHERE, *PHASES, SOUP, SYSTEM, CANONICAL, ENTAILMENT, DECODER)
ROUTES = {group: f"{group}_routes" for group in (ENTAILMENT, DECODER)}  # the keys with what a group ranges over
TARGETS = {group: f"{group}_targets" for group in (SYSTEM, CANONICAL, ENTAILMENT, DECODER)}


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
        entailment_routes, entailment_targets: the routes and targets of recipes under `entailment`.
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
    entailment_routes: list[str] = field(default_factory=list)
    entailment_targets: list[str] = field(default_factory=list)
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
        routes, targets = self._keys_of(recipe)
        return getattr(self, routes), getattr(self, targets)

    def _keys_of(self, recipe: str) -> tuple[str, str]:
        """The keys with the routes and the targets of a recipe that does not range over everything."""
        group = next((one for one in TARGETS if recipe in self.recipes[one]), "")
        return ROUTES.get(group, "recipe_routes"), TARGETS.get(group, "recipe_targets")

    def trained(self, cell: Cell) -> Cell:
        """The cell whose target checkpoint a cell uses: plain's, if its recipe changes scoring alone; a parser's."""
        if cell.recipe in self.recipes[SYSTEM]:
            return replace(cell, recipe=self.parser, target=layout_task(cell.target))
        if cell.recipe in self.recipes[ENTAILMENT]:
            return Cell(self.parser, "none", cell.seed, layout_task("xgqa"))
        shared = cell.recipe in (*self.recipes["score"], *self.recipes[SOUP], *self.recipes[CANONICAL])
        return replace(cell, recipe=PLAIN) if shared else cell

    def target_stage(self, cell: Cell) -> str:
        """The DVC stage that trains a cell's target checkpoint."""
        own = self.trained(cell)
        if own.recipe in self.recipes[DECODER]:
            return f"stages/decoder/dvc.yaml:decoder_target@{own.recipe}-{own.route}-{own.seed}-{own.target}"
        names = {"intermediate": "target_recipe", "target": "target_only"}
        name = next((names[phase] for phase in names if own.recipe in self.recipes[phase]), "target")
        return f"stages/train/dvc.yaml:{name}@{own.recipe}-{own.route}-{own.seed}-{own.target}"

    def check_cell(self, route: Route, seeds: Iterable[int], target: str, where: str) -> None:
        """Refuse cells that the grid does not have; the recipe, task, seeds and target are each in it."""
        if route.recipe in self.recipes[EVERYWHERE]:
            return
        if route.recipe in self.recipes[SOUP] and set(seeds) != {0}:
            found = f"{where}: recipe '{route.recipe}' averages several seeds, and its own is always 0"
            raise ParameterError(f"{found}; take it with seed 0 alone")
        for value, key in zip((route.task, target), self._keys_of(route.recipe), strict=True):
            if value not in getattr(self, key):
                todo = f"add '{value}' to {key} in {GRID}"
                raise ParameterError(f"{where}: recipe '{route.recipe}' does not range over '{value}'; {todo}")


def check_grid() -> Grid:
    """Check stages/grid.yaml and return it: sound names, a file per task and recipe, features of a known set."""
    universe = build(Grid, parameters.grid(), str(GRID))
    for key in ("datasets", "intermediates", "targets"):
        _check_names(list(getattr(universe, key)), f"{GRID}: {key}", parameters.task_names(), "tasks")
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
            if parameters.task_kind(name) in kinds:
                raise ParameterError(
                    f"{GRID}: {key}: '{name}' is of kind {parameters.task_kind(name)}, which has no place there"
                )
    for dataset, source in universe.datasets.items():
        section = parameters.task_section(dataset, "encode")
        needed = section.get("features") is not None or section.get("clues") is not None
        if needed != (source != NO_FEATURES):
            found = "names features or clues" if needed else "names neither features nor clues"
            raise ParameterError(f"{GRID}: datasets: {dataset}: '{source}', but stages/tasks/{dataset}.yaml {found}")


def _first_change(name: str) -> str | None:
    """The group that a recipe belongs to by its file; None if it changes nothing."""
    recipe = parameters.recipe_file(name)
    kind = (recipe.get(SYSTEM) or {}).get("kind")
    if kind in (CANONICAL, ENTAILMENT):
        return str(kind)
    if (recipe.get("score") or {}).get(SOUP):
        return SOUP
    return next((one for one in (DECODER, SYSTEM, *PHASES) if recipe.get(one)), None)


def _check_recipes(universe: Grid) -> None:
    """Refuse a recipe under another phase than the first that it changes: its cells would train the wrong thing."""
    groups, where = universe.recipes, f"{GRID}: recipes"
    known_keys(groups, GROUPS, where)
    if missing := [key for key in GROUPS if key not in groups]:
        raise ParameterError(f"{where}: missing {joined(missing)}; write `{missing[0]}: []`")
    _check_names(universe.recipe_list(), where, parameters.recipe_names(), "recipes")
    one_of(PLAIN, groups[EVERYWHERE], f"{where}: {EVERYWHERE}")
    for phase in GROUPS[1:]:
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
    ranges = dict.fromkeys(("recipe_routes", *ROUTES.values()), universe.intermediates)
    for key, names in {**ranges, **dict.fromkeys(("recipe_targets", *TARGETS.values()), universe.targets)}.items():
        none_twice(getattr(universe, key), f"{GRID}: {key}")
        for name in getattr(universe, key):
            one_of(name, names, f"{GRID}: {key}")


def _check_decoders(universe: Grid) -> None:
    """Refuse tasks that a decoder cannot be trained on: it answers questions, one task at a time."""
    for key in ("decoder_routes", "decoder_targets"):
        for name in getattr(universe, key):
            one_of(name, parameters.task_names(), f"{GRID}: {key}")
            if name != "none" and parameters.task_kind(name) != "vqa":
                found = f"'{name}' is of kind {parameters.task_kind(name)}, and a decoder is trained on kind vqa"
                raise ParameterError(f"{GRID}: {key}: {found}; take it out there")
