"""The `raw` stage: one raw set from the world that params.yaml chooses, written whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock, Timeout

from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.files import whole_directory
from xstilts.base.kinds import KINDS
from xstilts.base.parameters import STAGES, Range, build, choices, task_file, task_kind, task_section
from xstilts.data.expected import Expected, expected_of
from xstilts.data.hub import HubSet, hub_of, write_hub
from xstilts.data.local import LocalFiles, Official, copy_files, find_official, splits_there
from xstilts.data.manifest import Manifest
from xstilts.data.pictograms.build import DATASETS, World, make

NAMES = "names"
WORLDS = ("pictograms", "official")


@dataclass(frozen=True)
class DataSettings:
    """The section `data` of a task.

    Attributes:
        seed: of the embedded world.
        share: the part of the embedded world's scenes that is made, above 0 and at most 1.
        licence: of the official data.
        citation: of the official data.
        official: where the official data are (`xstilts.data.local.Official`).
    """

    seed: Annotated[int, Range(0, 2**32 - 1)] = 0
    share: Annotated[float, Range(0, 1, above=True)] = 1.0
    licence: str = ""
    citation: str = ""
    official: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Where the official data of a task come from; all local files are known to exist.

    Attributes:
        root: the folder of local files.
        local: the files of the splits that are there.
        hub: all other splits; None: there are none.
    """

    root: Path
    local: LocalFiles
    hub: HubSet | None

    @property
    def has_images(self) -> bool:
        """Whether there are pictures, or vectors in their place, on this machine or on the hub."""
        from_hub = self.hub is not None and any(one.pictures for part in self.hub.plans() for one in part.sources)
        return bool(self.local.images) or self.local.vectors is not None or from_hub


def write_raw(dataset: str, assets: Path, out: Path) -> None:
    """Write the raw set `dataset` into `out`, which appears whole or not at all.

    `names` (pictures with English names) is the same in every world and reads no parameters. Two processes never
    write the same set at once: the second waits.

    Raises:
        ParameterError: an unknown dataset or world, or settings that cannot be used.
        DataError: a missing asset or official file, or a dataset of the hub that is not what it should be.
    """
    with only_writer(out):
        if dataset == NAMES:
            return make(NAMES, World(assets), out)
        settings, world = _settings(dataset), str(choices()["world"])
        if world not in WORLDS:
            raise ParameterError(f"params.yaml: unknown world '{world}'.{did_you_mean(world, WORLDS)}")
        if world == "official" or has_own_data(dataset):
            return _write_official(dataset, settings, out)
        if dataset not in DATASETS:
            todo = f"set `world: official` in params.yaml and data.official in {STAGES}/tasks/{dataset}.yaml"
            raise ParameterError(f"the embedded world has no '{dataset}'; {todo}.{did_you_mean(dataset, DATASETS)}")
        return make(dataset, World(assets, settings.seed, settings.share), out)


def has_own_data(dataset: str) -> bool:
    """Whether a set that the embedded world lacks has files of its own; it is then read beside the embedded ones."""
    if dataset in DATASETS or not _settings(dataset).official.get("root"):
        return False
    official, expected, root, where = _section(dataset)
    return bool(splits_there(official, expected, root, where))


def official_source(dataset: str) -> Source:
    """Find the official data of a task, without copying or downloading anything.

    A split of which a file lies below `root` is read from there; all others come from the hub.

    Raises:
        ParameterError: neither a root nor a dataset of the hub, or values that cannot be used.
        DataError: a missing local file.
    """
    official, expected, root, where = _section(dataset)
    splits = list(expected.files)
    there = splits_there(official, expected, root, where) if official.root is not None else []
    names_labels = KINDS[task_kind(dataset)].has_listed_labels
    named = list((official.hub or {}).get("splits") or ())
    absent = [split for split in splits if split not in there]
    missing = [split for split in absent if split not in named]
    if official.hub is not None:
        hub_of(official.hub, expected, f"{where}.hub", names_labels, named)
    if official.root is None and missing:
        what = f"{' and '.join(missing)} of {dataset}" if official.hub else dataset
        raise ParameterError(
            f"{where} names no root and no hub for it, so the world 'official' has no {what}; set root to the folder "
            f"of its files (below data_root of params.yaml), or choose `world: pictograms`"
        )
    local = find_official(official, expected, root, where, [*there, *missing])
    from_hub = [split for split in absent if split in named]
    hub = hub_of(official.hub or {}, expected, f"{where}.hub", names_labels, from_hub) if from_hub else None
    if hub is not None and local.images and hub.images:
        hub = replace(hub, images=[])  # pictures that are here are not downloaded
    return Source(root, local, hub)


def _section(dataset: str) -> tuple[Official, Expected, Path, str]:
    """The section `data.official`, the files that are expected, the folder of local ones, and where it all stands."""
    where = f"{STAGES}/tasks/{dataset}.yaml: data.official"
    official = build(Official, _settings(dataset).official, where)
    # The names of files are the task's own: nothing in the defaults changes them.
    expected = expected_of(task_file(dataset).get("encode") or {}, f"{STAGES}/tasks/{dataset}.yaml: encode")
    return official, expected, Path(str(choices().get("data_root") or ".")) / (official.root or "."), where


def _write_official(dataset: str, settings: DataSettings, out: Path) -> None:
    source = official_source(dataset)
    with whole_directory(out) as draft:
        manifest = Manifest(draft, settings.licence, settings.citation)
        copy_files(source.local, draft, manifest)
        if source.hub is not None:
            write_hub(source.hub, draft, manifest)
        manifest.write()


def _settings(dataset: str) -> DataSettings:
    file = STAGES / "tasks" / f"{dataset}.yaml"
    return build(DataSettings, task_section(dataset, "data"), f"{file}: data")


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Hold the lock `.<name>.lock` beside the directory `out`; wait, with a message, while another process holds it.

    Raises:
        DataError: `out` is a symbolic link, through which the stage would write somewhere else.
    """
    if out.is_symlink():
        todo = "remove the link; the data are made again"
        raise DataError(out, None, "a symbolic link", "a folder of the project", todo)
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.parent / f".{out.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{out}: another process is writing it; waiting for it to end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
