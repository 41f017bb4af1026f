"""The files of one commit of a dataset on the hub: which make up a split, downloaded and compared with the hub's list.

The library `datasets` knows a set's configurations, splits and features; `huggingface_hub` downloads, goes on where a
download broke off, and has the user's own login. Ours are the commit, which is fixed, and the hashes.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from filelock import FileLock

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import sha256_of
from xstilts.base.parameters import STAGES, read_yaml

LOCK = STAGES / "hub.lock.yaml"
WRITING = Path("data/.hub.lock")  # held while the file above is read and written; git ignores the folder
COMMIT = re.compile(r"[0-9a-f]{40}")
FORMATS = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".csv": "csv"}
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})")


@dataclass(frozen=True)
class HubFile:
    """A file as the hub lists it: its size and its SHA-256, or the SHA-1 of its git blob if it is not a large file."""

    bytes: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True, eq=False)
class HubRepository:
    """One commit of a dataset.

    Attributes:
        files: every file of it, by path.
        licence: what its card names, "" if nothing.
    """

    repo: str
    revision: str
    files: Mapping[str, HubFile]
    licence: str = ""

    @property
    def place(self) -> str:
        """Repository and commit, as they are named in errors and in the manifest."""
        return _place(self.repo, self.revision)

    def download(self, path: str) -> Path:
        """Download a file into the hub's cache on this machine and return its path.

        Raises:
            DataError: it does not arrive, or it is not what the hub lists.
        """
        from huggingface_hub import hf_hub_download

        with sentences(f"{self.place}/{path}"):
            local = Path(hf_hub_download(self.repo, path, repo_type="dataset", revision=self.revision))
        listed, size = self.files[path], local.stat().st_size
        right = sha256_of(local) == listed.sha256 if listed.sha256 else _blob_of(local) == listed.blob
        if size != listed.bytes or not right:
            found, expected = f"{size} bytes that are not those of the hub's list", f"{listed.bytes} bytes of its hash"
            raise DataError(f"{self.place}/{path}", None, found, expected, f"delete {local.resolve()} and run again")
        return local

    def is_downloaded(self, path: str) -> bool:
        """Whether the hub's cache on this machine has a file already."""
        from huggingface_hub import try_to_load_from_cache

        return isinstance(try_to_load_from_cache(self.repo, path, revision=self.revision, repo_type="dataset"), str)


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split.

    Attributes:
        paths: in the order in which they are read.
        format: what reads them: `parquet`, `json` (JSON lines) or `csv`.
        features: the columns and their types as the card names them; empty if it names none.
        rows: how many there are, as the card says; None if it does not.
    """

    repository: HubRepository
    paths: Sequence[str]
    format: str
    features: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(self.repository.files[path].bytes for path in self.paths)


@functools.lru_cache(maxsize=64)
def open_repository(repo: str, revision: str) -> HubRepository:
    """List the files of a commit; `DataError` if the hub does not have it."""
    from huggingface_hub import HfApi

    with sentences(_place(repo, revision)):
        info = HfApi().dataset_info(repo, revision=revision, files_metadata=True)
    if info.sha != revision:
        raise DataError(_place(repo, revision), None, f"commit {info.sha}", revision, "name another revision")
    card: Any = info.card_data or {}
    named = card.get("license") or ""
    licence = ", ".join(map(str, named)) if isinstance(named, list) else str(named)
    return HubRepository(repo, revision, {one.rfilename: _entry(one) for one in info.siblings or []}, licence)


def commit_of(repo: str, revision: str | None, where: str) -> str:
    """The commit that is read: `revision` itself if it is one, or else the one in the lock file.

    What the lock file does not have is asked of the hub once, shown, and written there.

    Args:
        revision: a commit, a branch such as refs/convert/parquet, or None for the branch main.

    Raises:
        DataError: the hub does not say.
    """
    if revision is not None and COMMIT.fullmatch(revision):
        return revision
    name = f"{repo}@{revision}" if revision else repo
    WRITING.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(WRITING):
        locked = read_lock()
        if name not in locked:
            locked[name] = _commit_today(repo, revision or "main")
            LOCK.write_text(_LOCK_HEAD + yaml.safe_dump(dict(sorted(locked.items()))), encoding="utf-8")
            print(f"{where}: {name} is at {locked[name]} today; written to {LOCK}: commit that file", file=sys.stderr)
    return locked[name]


_LOCK_HEAD = "# Commits of the hub's datasets whose task file names none. Take a line out to ask the hub again.\n"


def read_lock() -> dict[str, str]:
    """{repository, or repository@branch: commit} of the lock file; `ParameterError` for anything else in it."""
    if not LOCK.is_file():
        return {}
    locked = read_yaml(LOCK)
    for name, commit in locked.items():
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise ParameterError(f"{LOCK}: {name} is {commit!r}, expected a commit; take the line out")
    return locked


def _commit_today(repo: str, revision: str) -> str:
    from huggingface_hub import HfApi

    with sentences(_place(repo, revision)):
        return str(HfApi().dataset_info(repo, revision=revision).sha)


@functools.lru_cache(maxsize=1024)
def files_of(repository: HubRepository, config: str | None, split: str) -> SplitFiles:
    """The files of a split, by its name, or those that a pattern of paths (`default/train/*.parquet`) fits.

    Raises:
        DataError: there are none, a shard is missing, or the commit has a configuration or split of another name.
    """
    is_pattern = any(mark in split for mark in "/*") or PurePosixPath(split).suffix in FORMATS
    if is_pattern:
        paths = sorted(path for path in repository.files if _matches(path, split))
        found = SplitFiles(repository, paths, _format(repository, paths, split))
    else:
        found = _named_files(repository, config, split)
    _check_shards(found.paths, repository.place)
    return found


def _named_files(repository: HubRepository, config: str | None, split: str) -> SplitFiles:
    """What `datasets` finds for a configuration and split."""
    with sentences(repository.place):
        builder = _builder(repository, config)
        files = builder.config.data_files or {}
    if split not in files:
        found = f"the splits {', '.join(map(str, files)) or 'none'}" + (f" of '{config}'" if config else "")
        raise DataError(
            repository.place, None, found, f"a split '{split}'", f"correct data.official.hub, or {_PATTERN}"
        )
    start = f"hf://datasets/{repository.repo}@{repository.revision}/"
    paths = [str(one).removeprefix(start) for one in files[split]]
    if unknown := [path for path in paths if path not in repository.files]:
        raise DataError(repository.place, None, f"no file {unknown[0]}", "the files of its card", _PATTERN)
    rows = (builder.info.splits or {}).get(split)
    count = rows.num_examples if rows is not None and rows.num_examples else None
    return SplitFiles(repository, paths, _format(repository, paths, split), dict(builder.info.features or {}), count)


def _builder(repository: HubRepository, config: str | None) -> Any:
    """As `datasets.load_dataset_builder`, but a card is read once, not for each configuration."""
    from datasets.load import get_dataset_builder_class

    module = _module(repository)
    name = config or module.builder_configs_parameters.default_config_name
    info = module.dataset_infos.get(name) if module.dataset_infos else None
    return get_dataset_builder_class(module)(config_name=name, hash=module.hash, info=info, **module.builder_kwargs)


@functools.lru_cache(maxsize=64)
def _module(repository: HubRepository) -> Any:
    from datasets.load import dataset_module_factory

    return dataset_module_factory(repository.repo, revision=repository.revision)


_PATTERN = "name the files of a split by a pattern of paths (splits: {train: default/train/*.parquet})"


def _format(repository: HubRepository, paths: Sequence[str], split: str) -> str:
    formats = {FORMATS.get(PurePosixPath(path).suffix, path) for path in paths}
    if len(formats) == 1 and (name := formats.pop()) in FORMATS.values():
        return name
    some = ", ".join(sorted(repository.files)[:8])
    expected = f"Parquet, JSON lines or CSV files of '{split}'"
    todo = "correct splits, or name a commit of its branch refs/convert/parquet, where rows are Parquet files"
    raise DataError(repository.place, None, f"{', '.join(paths[:3]) or 'none among ' + some}", expected, todo)


def _matches(path: str, pattern: str) -> bool:
    """As a shell does: `*` stays within a folder, `**` does not."""
    depth = len(PurePosixPath(path).parts) == len(PurePosixPath(pattern).parts)
    return fnmatchcase(path, pattern) and (depth or "**" in pattern)


def _check_shards(paths: Sequence[str], place: str) -> None:
    """Refuse a split of which a file is missing: `...-00001-of-00003` says how many there are."""
    counts: dict[str, tuple[int, int]] = {}
    for path in paths:
        if match := _SHARD.search(path):
            kind = path[: match.start()]
            counts[kind] = (counts.get(kind, (0, 0))[0] + 1, int(match[2]))
    for kind, (found, expected) in counts.items():
        if found != expected:
            raise DataError(place, None, f"{found} files {kind}-*", f"{expected}, as their names say", _PATTERN)


def _entry(sibling: Any) -> HubFile:
    return HubFile(sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else None, sibling.blob_id)


def _blob_of(path: Path) -> str:
    """The name that git gives a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _place(repo: str, revision: str) -> str:
    return f"hf://datasets/{repo}@{revision}"


@contextmanager
def sentences(place: str) -> Iterator[None]:
    """Turn what the hub's libraries raise into a sentence."""
    # HTTPError is the base class of its HTTP library, which has changed with its versions.
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except (HTTPError, HFValidationError, OSError, RuntimeError, ValueError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        todo = "check the name and your connection, or set data.official.root to local files"
        raise DataError(place, None, f"no usable answer ({reason})", "a dataset of the hub", todo) from None
