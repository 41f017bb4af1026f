"""Checks of the files of tasks and recipes and of the data that they name; and of all parameter files together."""

from collections.abc import Sequence
from pathlib import Path

from xstilts.base import parameters
from xstilts.base.cells import Study
from xstilts.base.errors import DataError, ParameterError, XstiltsError
from xstilts.base.kinds import MIXTURE
from xstilts.base.parameters import PARAMS, STAGES, build
from xstilts.check.choices import check_choices, check_named_study, check_study
from xstilts.check.grid import DECODER, GRID, NO_FEATURES, PHASES, SYSTEM, Grid, check_grid
from xstilts.check.words import check_keys, joined, known_keys
from xstilts.data.pictograms.build import DATASETS
from xstilts.data.raw import NAMES, DataSettings, has_own_data, official_source
from xstilts.decoder.settings import DecoderSettings
from xstilts.encode.members import load_mixture
from xstilts.features.settings import feature_settings
from xstilts.report.comparisons import read_comparisons
from xstilts.score.settings import ScoreSettings
from xstilts.systems.settings import SystemSettings
from xstilts.tasks.schema import load_task
from xstilts.train.labels import exchange_of
from xstilts.train.settings import TrainSettings

DEFAULTS = STAGES / "defaults.yaml"
SECTIONS = ("data", "encode", "features", "intermediate", "target", "score", SYSTEM, DECODER)
SETTINGS: dict[str, type] = {
    "data": DataSettings,
    "intermediate": TrainSettings,
    "target": TrainSettings,
    "score": ScoreSettings,
    SYSTEM: SystemSettings,
    DECODER: DecoderSettings,
}
TASK_KEYS = ("kind", "data", "encode", "intermediate", "target", "score")


def check_parameters() -> None:
    """Check every parameter file; `ParameterError` on the first mistake: file, key and valid values."""
    universe = check_grid()
    chosen = check_choices(universe)
    for path in sorted(STAGES.glob("*/study.yaml")):
        check_named_study(path, universe)
    known_keys(parameters.read_yaml(DEFAULTS), SECTIONS, str(DEFAULTS))
    feature_settings()
    for task in parameters.task_names():
        check_task(task)
    for recipe in parameters.recipe_names():
        check_recipe(recipe, universe)
    read_comparisons()
    study = check_study(chosen.study, str(PARAMS), universe)
    check_data(datasets_read(chosen.intermediate, study), universe, chosen.world == "official")


def check_data(datasets: Sequence[str], universe: Grid, official: bool) -> None:
    """Check that there are data for each set, and pictures for each set of features; name all that is missing.

    Nothing is copied or downloaded.
    """
    suppliers = image_suppliers(datasets, universe)
    missing = []
    for dataset in dict.fromkeys([*datasets, *suppliers]):
        try:
            if official:
                check_official(dataset, suppliers.get(dataset, []))
            else:
                check_embedded(dataset)
        except XstiltsError as error:
            missing.append(str(error))
    if len(named := list(dict.fromkeys(missing))) == 1:
        raise ParameterError(named[0])
    if named:
        listed = "; ".join(f"({number}) {one}" for number, one in enumerate(named, start=1))
        raise ParameterError(f"{len(named)} sets cannot be read: {listed}")


def image_suppliers(datasets: Sequence[str], universe: Grid) -> dict[str, list[str]]:
    """{set whose pictures become features: the sets among `datasets` that use them}."""
    users: dict[str, list[str]] = {}
    for dataset in datasets:
        features = Path(universe.datasets[dataset])
        if features != Path(NO_FEATURES):
            users.setdefault(features.name, []).append(dataset)
    return users


def check_task(task: str) -> None:
    """Check the file of a task or mixture: its keys, and the sections that encoding and training read."""
    path = STAGES / "tasks" / f"{task}.yaml"
    check_keys(parameters.task_file(task), TASK_KEYS, str(path))
    if parameters.task_kind(task) == MIXTURE:
        members = load_mixture(task).members
        if task == "none" and members:
            raise ParameterError(f"{path}: encode: `none` has members ({joined(members)}), expected none")
    else:
        load_task(task)
    for section, settings in SETTINGS.items():
        build(settings, parameters.task_section(task, section), f"{path}: {section}")


def check_recipe(recipe: str, universe: Grid) -> None:
    """Check the file of a recipe: its keys, and its sections over those of every task that it ranges over.

    Labels that it wants exchanged must be of kinds that allow it, whatever cells a study has of it.
    """
    path = STAGES / "recipes" / f"{recipe}.yaml"
    check_keys(parameters.recipe_file(recipe), PHASES, str(path), more=[SYSTEM, DECODER])
    routes, targets = universe.ranges(recipe)
    for phase in (*PHASES, SYSTEM, DECODER):
        for task in routes if phase == "intermediate" else targets:
            settings: object = parameters.task_settings(SETTINGS[phase], task, phase, recipe)
            if isinstance(settings, TrainSettings) and settings.labels == "shuffled":
                _check_exchange(task, f"{path}: {phase}")


def _check_exchange(task: str, where: str) -> None:
    """Refuse a task whose labels, or those of a member, cannot be exchanged."""
    for name in tasks_of(task):
        try:
            exchange_of(name, parameters.task_kind(name))
        except ParameterError as error:
            todo = f"take {task} out of the recipe's range in {GRID}"
            raise ParameterError(f"{where}: {error}, or {todo}") from None


def tasks_of(name: str) -> Sequence[str]:
    """The members of a mixture; of a task, itself."""
    return load_mixture(name).members if parameters.task_kind(name) == MIXTURE else [name]


def datasets_read(intermediate: str, study: Study) -> list[str]:
    """Return the datasets that the chosen routes and targets read, a mixture's members in its place."""
    names: Sequence[str] = [intermediate, *(route.task for route in study.routes()), *study.targets]
    read: list[str] = []
    for name in names:
        read += tasks_of(name)
    return list(dict.fromkeys(read))


def check_embedded(dataset: str) -> None:
    """Check that the embedded world has a dataset, or that the dataset's own files are there."""
    if has_own_data(dataset):
        official_source(dataset)
    elif dataset not in DATASETS:
        hint = f"choose `world: official` and its files, or one of {joined(sorted(set(DATASETS) - {NAMES}))}"
        raise ParameterError(f"{PARAMS}: world: the embedded world has no '{dataset}'; {hint}")


def check_official(dataset: str, users: Sequence[str]) -> None:
    """Check that the published data of a set are where its task file says, or that a dataset of the hub is named.

    Args:
        users: the sets that need its pictures, as features.

    Raises:
        DataError: naming missing files, or the folder of pictures that neither this machine nor the hub has.
    """
    source = official_source(dataset)
    if users and not source.has_images:
        found = f"no pictures for the features of {joined(users)}"
        where = f"{source.root}, or `pictures` in data.official.hub of {STAGES}/tasks/{dataset}.yaml"
        raise DataError(source.root, None, found, f"data.official.images of {dataset}", f"put them into {where}")


def write_checked(out: Path) -> None:
    """Check everything, then write a text that never changes: what depends on it runs no second time."""
    check_parameters()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("The parameter files were checked.\n", encoding="utf-8")
