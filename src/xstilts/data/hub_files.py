"""The files of one commit of a dataset on the hub: listed, chosen, downloaded and compared with the list."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from xstilts.base.errors import DataError
from xstilts.base.files import sha256_of

if TYPE_CHECKING:
    from xstilts.data.hub_card import HubCard

PARQUET = ".parquet"
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})")
# Where datasets keep the Parquet files of a split, the hub's own conversion (refs/convert/parquet) first.
_WITH_CONFIG = ("{config}/{split}/*.parquet", "{config}/{split}-*.parquet", "{config}/{split}.parquet")
_WITHOUT = (
    "data/{split}-*.parquet",
    "data/{split}.parquet",
    "data/{split}/*.parquet",
    "{split}-*.parquet",
    "{split}.parquet",
    "{split}/*.parquet",
    "default/{split}/*.parquet",
)
CONVERTED = "choose the commit of its branch refs/convert/parquet, where the hub keeps a set's rows as Parquet files"


@dataclass(frozen=True)
class HubFile:
    """A file as the hub lists it: its size and its SHA-256, or the SHA-1 of its git blob if it is not a large file."""

    bytes: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True)
class HubRepository:
    """One commit of a dataset.

    Attributes:
        files: every file of it, by path.
    """

    repo: str
    revision: str
    files: Mapping[str, HubFile]

    @classmethod
    def open(cls, repo: str, revision: str) -> HubRepository:
        """List the files of a commit; `DataError` if the hub does not have it."""
        info = _info(repo, revision, files_metadata=True)
        if info.sha != revision:
            raise DataError(_place(repo, revision), None, f"commit {info.sha}", revision, "name another revision")
        files = {one.rfilename: _entry(one) for one in info.siblings or []}
        return cls(repo, revision, files)

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

        with _sentences(f"{self.place}/{path}"):
            local = Path(hf_hub_download(self.repo, path, repo_type="dataset", revision=self.revision))
        listed, size = self.files[path], local.stat().st_size
        right = sha256_of(local) == listed.sha256 if listed.sha256 else _blob_of(local) == listed.blob
        if size != listed.bytes or not right:
            found, expected = f"{size} bytes that are not those of the hub's list", f"{listed.bytes} bytes of its hash"
            raise DataError(f"{self.place}/{path}", None, found, expected, f"delete {local.resolve()} and run again")
        return local


def commit_today(repo: str, revision: str) -> str:
    """The commit that a branch or tag of a dataset points to now; `DataError` if the hub does not say."""
    return str(_info(repo, revision or "main").sha)


def split_paths(repository: HubRepository, card: HubCard, config: str | None, split: str) -> list[str]:
    """The Parquet files of a split, in order: those of a path or pattern, those that the card names, or the usual ones.

    Raises:
        DataError: there are none, a shard is missing, or the hub converted only a part of the set.
    """
    found = sorted(path for path in repository.files if path.endswith(PARQUET))
    for pattern in _patterns(card, config, split):
        paths = [path for path in found if _matches(path, pattern)]
        if paths:
            _check_shards(paths, repository.place)
            return paths
    some = ", ".join(found[:8]) + (", ..." if len(found) > 8 else "") if found else "no Parquet file at all"
    todo = f"correct data.official.hub.config or splits, or {CONVERTED}"
    expected = f"Parquet files of split '{split}'" + (f" of '{config}'" if config else "")
    raise DataError(repository.place, None, some, expected, todo)


def _patterns(card: HubCard, config: str | None, split: str) -> Sequence[str]:
    if any(mark in split for mark in "/*") or split.endswith(PARQUET):
        return [split]
    usual = [*(_WITH_CONFIG if config else ()), *(_WITHOUT if config in (None, "default") else ())]
    return [*card.patterns(config, split), *(one.format(config=config, split=split) for one in usual)]


def _matches(path: str, pattern: str) -> bool:
    """As a shell does: `*` stays within a folder, `**` does not."""
    depth = len(PurePosixPath(path).parts) == len(PurePosixPath(pattern).parts)
    return fnmatchcase(path, pattern) and (depth or "**" in pattern)


def _check_shards(paths: list[str], place: str) -> None:
    """Refuse a split of which a file is missing: `...-00001-of-00003` says how many there are."""
    counts = {int(match[2]) for path in paths if (match := _SHARD.search(path))}
    if counts and (len(counts) > 1 or len(paths) != max(counts)):
        expected = f"{max(counts)}, as their names say"
        raise DataError(place, None, f"{len(paths)} files ({paths[0]}, ...)", expected, "choose another revision")


def _info(repo: str, revision: str, **options: Any) -> Any:
    from huggingface_hub import HfApi

    with _sentences(_place(repo, revision)):
        return HfApi().dataset_info(repo, revision=revision, **options)


def _entry(sibling: Any) -> HubFile:
    return HubFile(sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else None, sibling.blob_id)


def _blob_of(path: Path) -> str:
    """The name that git gives a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _place(repo: str, revision: str) -> str:
    return f"hf://datasets/{repo}@{revision}"


@contextmanager
def _sentences(place: str) -> Iterator[None]:
    """Turn what the hub's client raises into a sentence."""
    # HTTPError is the base class of its HTTP library, which has changed with its versions.
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except (HTTPError, HFValidationError, OSError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        todo = "check the name and your connection, or set data.official.root to local files"
        raise DataError(place, None, f"no usable answer ({reason})", "a dataset of the hub", todo) from None
