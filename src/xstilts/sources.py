"""Where the data of a study come from, how large they are, what is there already, and fetching the rest."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal

from xstilts.base.cells import Study
from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.parameters import build, choices, task_section
from xstilts.catalogue import PIPE, plain_table
from xstilts.check.choices import check_choices
from xstilts.check.files import datasets_read, image_suppliers, tasks_of
from xstilts.check.grid import check_grid
from xstilts.data.hub import HubSet, Rows
from xstilts.data.hub_files import HubRepository, SplitFiles
from xstilts.data.manifest import MANIFEST
from xstilts.data.pictograms.build import DATASETS
from xstilts.data.pictograms.world import LICENCE
from xstilts.data.raw import official_source

RAW = Path("data/raw")
MADE = "made here"
Files = dict[str, tuple[HubRepository, str]]  # by name: the repository, and the path in it


@dataclass(frozen=True)
class Need:
    """One source of one set.

    Attributes:
        place: a folder, `hf://datasets/<repository>@<commit>`, or `made here`.
        splits: what is read from it.
        bytes: the size of its files; None: not known.
        there: bytes of them that are on this machine.
        licence: as the task's file names it.
        made: whether the raw set has been written.
        problem: why it cannot be read, "" if it can.
    """

    dataset: str
    place: str
    splits: str = ""
    bytes: int | None = None
    there: int = 0
    licence: str = ""
    made: bool = False
    problem: str = ""


def study_datasets(tasks: Sequence[str] = ()) -> list[str]:
    """The sets that the study in params.yaml reads, those whose pictures it uses among them.

    Args:
        tasks: tasks and mixtures instead of the study's.
    """
    universe = check_grid()
    if tasks:
        named = [member for task in tasks for member in tasks_of(task)]
    else:
        chosen = check_choices(universe)
        named = datasets_read(chosen.intermediate, build(Study, chosen.study, "params.yaml: study"))
    suppliers = image_suppliers([one for one in named if one in universe.datasets], universe)
    return list(dict.fromkeys([*named, *suppliers]))


def needs(datasets: Iterable[str]) -> list[Need]:
    """What each set is read from; the hub is asked for sizes."""
    return [need for dataset in datasets for need in _needs(dataset)]


def _needs(dataset: str) -> list[Need]:
    licence = str(task_section(dataset, "data").get("licence", ""))
    made = (RAW / dataset / MANIFEST).is_file()
    if choices()["world"] == "pictograms" and dataset in DATASETS:
        return [Need(dataset, MADE, licence=LICENCE, made=made)]
    try:
        source = official_source(dataset)
        size = sum(path.stat().st_size for path in set(source.local.copies.values()))
        local = [Need(dataset, str(source.root), "files", size, size, licence, made)] if source.local.copies else []
        return local + (list(_of_hub(dataset, source.hub, licence, made)) if source.hub is not None else [])
    except XstiltsError as error:
        return [Need(dataset, "", licence=licence, made=made, problem=str(error))]


def _of_hub(dataset: str, hub: HubSet, licence: str, made: bool) -> Iterator[Need]:
    """One entry per repository."""
    splits: dict[str, list[str]] = {}
    files: dict[str, dict[str, tuple[HubRepository, int]]] = {}
    for split, _, found in hub_files(hub):
        place = found.repository.place
        splits.setdefault(place, []).append(split)
        for path in found.paths:
            files.setdefault(place, {})[path] = (found.repository, found.repository.files[path].bytes)
    for place, listed in files.items():
        there = sum(size for path, (repository, size) in listed.items() if repository.is_downloaded(path))
        names = ", ".join(dict.fromkeys(splits[place]))
        yield Need(dataset, place, names, sum(size for _, size in listed.values()), there, licence, made)


def hub_files(hub: HubSet) -> Iterator[tuple[str, Rows, SplitFiles]]:
    """Every source of a set with its files; of one that is not read whole, only the first file."""
    for part in hub.plans():
        for source in part.sources:
            found = source.files(hub.where)
            if source.rows is not None:
                found = replace(found, paths=found.paths[:1])
            yield part.split, source, found


def print_needs(tasks: Sequence[str]) -> None:
    """Print what the study, or some tasks, are read from, what is wrong, and how much is left to download."""
    found = needs(study_datasets(tasks))
    table = plain_table("set", "from", "splits", "size", "there", "raw set", "licence")
    for need in found:
        share = "-" if not need.bytes else f"{need.there / need.bytes:.0%}"
        made = "written" if need.made else "-"
        place, size = need.place or "cannot be read", decimal(need.bytes) if need.bytes is not None else "-"
        table.add_row(need.dataset, place, need.splits or "-", size, share, made, need.licence or "-")
    console = Console()
    (console if console.is_terminal else Console(width=PIPE)).print(table)
    for problem in dict.fromkeys(need.problem for need in found if need.problem):
        print(problem)
    missing = size_of(to_fetch(dict.fromkeys(need.dataset for need in found if not need.problem)))
    if missing:
        print(f"{decimal(missing)} to download: `xstilts data fetch`, or let the raw stages do it")


def fetch(datasets: Iterable[str]) -> None:
    """Download all missing files of the hub that sets are read from; say first how much that is.

    An interrupted download is resumed. The raw stages then find everything in the hub's cache.

    Raises:
        DataError: too little room, or a file that does not arrive.
    """
    wanted = to_fetch(datasets)
    _check_room(size_of(wanted), len(wanted))
    for number, (name, (repository, path)) in enumerate(wanted.items(), start=1):
        print(f"[{number}/{len(wanted)}] {name}, {decimal(repository.files[path].bytes)}", file=sys.stderr, flush=True)
        repository.download(path)


def to_fetch(datasets: Iterable[str]) -> Files:
    """The missing files of the hub that sets are read from, each once, by place and path."""
    wanted: Files = {}
    for dataset in datasets:
        if choices()["world"] == "pictograms" and dataset in DATASETS:
            continue
        hub = official_source(dataset).hub
        for _, _, found in hub_files(hub) if hub is not None else ():
            for path in found.paths:
                if not found.repository.is_downloaded(path):
                    wanted[f"{found.repository.place}/{path}"] = (found.repository, path)
    return wanted


def size_of(files: Files) -> int:
    """The bytes of some files together."""
    return sum(repository.files[path].bytes for repository, path in files.values())


def _check_room(size: int, files: int) -> None:
    """Say how much will be downloaded, and refuse if there is no room."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    print(
        f"{files} files, {decimal(size)} to download into {cache}, where {decimal(free)} are free; the raw stages "
        f"write rows and pictures into {RAW}, about as much again"
    )
    if size > free:
        todo = "set HF_HOME to a folder on a larger disk, or name fewer tasks"
        raise DataError(cache, None, f"{decimal(free)} free", f"{decimal(size)}", todo)
