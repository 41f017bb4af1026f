"""Checks of the parameter files: a misspelt word stops in a second, naming what is valid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.parameters import (
    PARAMS,
    STAGES,
    build,
    choices,
    grid,
    read_yaml,
    task_file,
    task_kind,
    task_names,
    task_section,
)
from xstilts.data.pictograms.build import DATASETS
from xstilts.data.raw import NAMES, DataSettings, has_own_data, official_source
from xstilts.encode.recipe import load_mixture
from xstilts.score.settings import ScoreSettings
from xstilts.tasks.schema import load_task
from xstilts.train.settings import TrainSettings

GRID, DEFAULTS = STAGES / "grid.yaml", STAGES / "defaults.yaml"
SECTIONS = ("data", "encode", "features", "intermediate", "target", "score")
SETTINGS: dict[str, type] = {
    "data": DataSettings,
    "intermediate": TrainSettings,
    "target": TrainSettings,
    "score": ScoreSettings,
}
TASK_KEYS = ("kind", "data", "encode", "intermediate", "target", "score")
NAME = re.compile(r"[a-z0-9_]+")  # DVC joins the values of a matrix with dashes
EMBEDDED = {"encoder": "multilingual-e5-small", "vision": "efficientnet-lite0"}
NO_FEATURES = "data/checked"  # what a text task names in the place of features
IMAGE_SOURCES = ("images.zip", "vectors")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")


@dataclass(frozen=True)
class Grid:
    """The keys of stages/grid.yaml.

    Attributes:
        datasets: {dataset: what it reads beside its raw files, a directory of features or data/checked}.
        image_sets: {set of images: what its features are made of, within its raw files}.
        intermediates: tasks and mixtures that a route may begin with.
        targets: tasks that are scored.
        seeds: seeds that a cell may have.
    """

    datasets: dict[str, str]
    image_sets: dict[str, str]
    intermediates: list[str]
    targets: list[str]
    seeds: list[int]


@dataclass(frozen=True)
class Study:
    """The key `study` of params.yaml, or of a file stages/<name>/study.yaml: what a study compares."""

    intermediates: list[str]
    seeds: list[int]
    targets: list[str]


@dataclass(frozen=True)
class Choices:
    """The keys of params.yaml."""

    world: Literal["pictograms", "official"]
    data_root: str | None
    encoder: str
    vision: str
    intermediate: str
    seed: int
    study: dict[str, Any]


@dataclass(frozen=True)
class NamedStudy:
    """The keys of a file stages/<name>/study.yaml."""

    study: dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One cell of the grid: a route with a seed, on a target."""

    route: str
    seed: int
    target: str


def check_parameters() -> None:
    """Check every parameter file; `ParameterError` on the first mistake: file, key and valid values."""
    universe = check_grid()
    chosen = check_choices(universe)
    for path in sorted(STAGES.glob("*/study.yaml")):
        check_study(build(NamedStudy, read_yaml(path), str(path)).study, str(path), universe)
    _known_keys(read_yaml(DEFAULTS), SECTIONS, str(DEFAULTS))
    for task in task_names():
        check_task(task)
    for dataset in datasets_read(chosen):
        (check_official if chosen.world == "official" else check_embedded)(dataset)


def check_grid() -> Grid:
    """Check stages/grid.yaml and return it: sound names, a task file each, features of a known set."""
    universe = build(Grid, grid(), str(GRID))
    for key in ("datasets", "intermediates", "targets"):
        values = list(getattr(universe, key))
        _no_twice(values, f"{GRID}: {key}")
        for name in values:
            if not NAME.fullmatch(name):
                raise ParameterError(f"{GRID}: {key}: '{name}', expected small letters, digits and _")
            if name not in task_names():
                hint = did_you_mean(name, task_names())
                raise ParameterError(f"{GRID}: {key}: '{name}' has no file {STAGES}/tasks/{name}.yaml.{hint}")
    for target in universe.targets:
        _one_of(target, universe.datasets, f"{GRID}: targets")
    for image_set, source in universe.image_sets.items():
        _one_of(source, IMAGE_SOURCES, f"{GRID}: image_sets: {image_set}")
    sources = {NO_FEATURES, *(f"data/features/{name}" for name in universe.image_sets)}
    for dataset, source in universe.datasets.items():
        _one_of(source, sources, f"{GRID}: datasets: {dataset}")
    _check_roles(universe)
    return universe


def _check_roles(universe: Grid) -> None:
    """Refuse tasks in a place that their kind does not fit, and images without features."""
    unfit = {"datasets": {"mixture"}, "intermediates": {"retrieval"}, "targets": {"mixture", "mlm"}}
    for key, kinds in unfit.items():
        for name in getattr(universe, key):
            if task_kind(name) in kinds:
                raise ParameterError(f"{GRID}: {key}: '{name}' is of kind {task_kind(name)}, which has no place there")
    for dataset, source in universe.datasets.items():
        has_images = task_section(dataset, "encode").get("features") is not None
        if has_images != (source != NO_FEATURES):
            found = "names features" if has_images else "names no features"
            raise ParameterError(f"{GRID}: datasets: {dataset}: '{source}', but stages/tasks/{dataset}.yaml {found}")


def check_choices(universe: Grid) -> Choices:
    """Check params.yaml against the grid and return it."""
    chosen = build(Choices, choices(), str(PARAMS))
    _in_grid(chosen.intermediate, universe, "intermediates", f"{PARAMS}: intermediate")
    _one_of(chosen.seed, universe.seeds, f"{PARAMS}: seed")
    for key, embedded in EMBEDDED.items():
        _check_model(getattr(chosen, key), embedded, f"{PARAMS}: {key}")
    check_study(chosen.study, str(PARAMS), universe)
    return chosen


def check_study(content: dict[str, Any], file: str, universe: Grid) -> None:
    """Check the key `study` of a file against the grid: its keys, no empty list, nothing twice, known values."""
    study = build(Study, content, f"{file}: study")
    for key in ("intermediates", "seeds", "targets"):
        values, where = getattr(study, key), f"{file}: study.{key}"
        if not values:
            raise ParameterError(f"{where} is empty, expected some of {_join(getattr(universe, key))}")
        _no_twice(values, where)
        for value in values:
            _in_grid(value, universe, key, where)


def _in_grid(value: str | int, universe: Grid, key: str, where: str) -> None:
    """Refuse a value outside the grid; a task with a file is one that only needs its name there."""
    if value not in getattr(universe, key) and value in task_names():
        places = key if task_kind(str(value)) == "mixture" or value in universe.datasets else f"datasets and {key}"
        todo = f"add it to {places} there, or copy {STAGES}/grid.official.yaml over it for the published data"
        raise ParameterError(f"{where}: '{value}' is a task, but {GRID} does not list it; {todo}")
    _one_of(value, getattr(universe, key), where)


def choose_cell(universe: Grid, route: str | None, seed: int | None, target: str | None) -> Cell:
    """Return the cell asked for, what is None as in params.yaml; `ParameterError` if it does not exist."""
    chosen = check_choices(universe)
    cell = Cell(
        chosen.intermediate if route is None else route,
        chosen.seed if seed is None else seed,
        chosen.study["targets"][0] if target is None else target,
    )
    _one_of(cell.route, universe.intermediates, "route")
    _one_of(cell.seed, universe.seeds, "seed")
    _one_of(cell.target, universe.targets, "target")
    return cell


def check_task(task: str) -> None:
    """Check the file of a task or mixture: its keys, and the sections that encoding and training read."""
    path = STAGES / "tasks" / f"{task}.yaml"
    _known_keys(task_file(task), TASK_KEYS, str(path))
    missing = [key for key in TASK_KEYS if key not in task_file(task)]
    if missing:  # DVC tracks parameters by section, and a section that is not there is an error of its own
        raise ParameterError(f"{path}: missing {_join(missing)}; write `{missing[0]}: {{}}` for the defaults")
    if task_kind(task) == "mixture":
        members = load_mixture(task).members
        if task == "none" and members:
            raise ParameterError(f"{path}: encode: `none` has members ({_join(members)}), expected none")
    else:
        load_task(task)
    for section, settings in SETTINGS.items():
        build(settings, task_section(task, section), f"{path}: {section}")


def datasets_read(chosen: Choices) -> list[str]:
    """Return the datasets that the chosen routes and targets read, a mixture's members in its place."""
    names = [chosen.intermediate, *chosen.study["intermediates"], *chosen.study["targets"]]
    read: list[str] = []
    for name in names:
        read += load_mixture(name).members if task_kind(name) == "mixture" else [name]
    return list(dict.fromkeys(read))


def check_embedded(dataset: str) -> None:
    """Check that the embedded world has a dataset, or that the dataset's own files are there."""
    if has_own_data(dataset):
        official_source(dataset)
    elif dataset not in DATASETS:
        hint = f"choose `world: official` and its files, or one of {_join(sorted(set(DATASETS) - {NAMES}))}"
        raise ParameterError(f"{PARAMS}: world: the embedded world has no '{dataset}'; {hint}")


def check_official(dataset: str) -> None:
    """Check that the published data of a dataset are where its task file says, or that a dataset of the hub is named.

    Nothing is copied or downloaded. A missing file is a `DataError` naming it.
    """
    official_source(dataset)


def _check_model(name: str, embedded: str, where: str) -> None:
    """Accept the embedded model, a directory, or a name on the hub (owner/name, owner/name@revision)."""
    if name != embedded and not Path(name).is_dir() and not HUB_NAME.fullmatch(name):
        hint = did_you_mean(name, [embedded]).removesuffix(".")
        raise ParameterError(f"{where}: unknown '{name}'.{hint}, a directory, or owner/name on the hub.")


def _one_of(value: str | int, valid: Iterable[str | int], where: str) -> None:
    if value not in (allowed := list(valid)):
        raise ParameterError(f"{where}: unknown '{value}'.{did_you_mean(str(value), map(str, allowed))}")


def _no_twice(values: Sequence[str | int], where: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ParameterError(f"{where}: '{value}' is listed twice")


def _known_keys(mapping: dict[str, Any], valid: Iterable[str], where: str) -> None:
    for key in mapping:
        if key not in (allowed := tuple(valid)):
            raise ParameterError(f"{where}: unknown key '{key}'.{did_you_mean(str(key), allowed)}")


def _join(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def write_checked(out: Path) -> None:
    """Check everything, then write a text that never changes: what depends on it runs no second time."""
    check_parameters()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("The parameter files were checked.\n", encoding="utf-8")
