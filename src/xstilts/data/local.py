"""Official data sets from local files: found, checked to be there, and copied under the names of `encode.files`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.parameters import build
from xstilts.data.expected import Expected, Names, RawFile, as_list, filled, names_language, raw_files, without_format
from xstilts.data.images import VectorFiles, collect, copy_vectors
from xstilts.data.manifest import IMAGES, Manifest
from xstilts.data.progress import copy

SHOWN = 6  # missing files that are named
_ADVICE = "put it there, or correct data.official in the task's file"


@dataclass(frozen=True)
class Official:
    """The section `data.official` of a task: where its published data are.

    Attributes:
        root: folder that holds the files, below params.yaml `data_root` unless absolute; None: not set.
        files: {split: names under `root`} that are copied to the names of `encode.files`, one by one; None: they
            have those names already. `{language}`, `{language3}` and `{shots}` mean the same in both.
        images: a folder or a zip of pictures under `root`, or a list of them.
        vectors: `file`, `ids` and, for a detector, `boxes`, instead of pictures (`VectorFiles`).
        hub: datasets of the Hugging Face hub, for splits of which no file lies below `root` (`xstilts.data.hub`).
    """

    root: str | None = None
    files: Names | None = None
    images: str | list[str] | None = None
    vectors: dict[str, str] | None = None
    hub: dict[str, Any] | None = None


@dataclass(frozen=True)
class LocalFiles:
    """The files of a set that were found: what is copied where, and what its images are made from."""

    copies: Mapping[str, Path]
    images: list[Path]
    vectors: tuple[Path, Path, Path | None] | None


def splits_there(official: Official, expected: Expected, root: Path, where: str) -> list[str]:
    """The splits of which at least one file is there."""
    return [
        split
        for split in expected.files
        if any(path.is_file() for path in _copies(official, expected, root, where, [split]).values())
    ]


def find_official(official: Official, expected: Expected, root: Path, where: str, splits: Sequence[str]) -> LocalFiles:
    """Find the files of some splits, and the images and vectors.

    Args:
        expected: what `encode.files` names.
        root: folder of the files.
        where: the place of the section `data.official`, for errors.
        splits: those that are read from local files. If there are none, images that are missing come from elsewhere.

    Raises:
        ParameterError: names that do not fit those of `encode.files`.
        DataError: missing or empty files; names them.
    """
    copies = _copies(official, expected, root, where, splits)
    images = [root / one for one in as_list(official.images or [])]
    vectors = None
    there = [one for one in images if one.exists()] if official.root is not None else []
    if not splits or official.root is None or (there and len(splits) < len(expected.files)):
        images = there  # splits that come from elsewhere bring their own pictures
    if official.vectors is not None and splits:
        named = build(VectorFiles, official.vectors, f"{where}.vectors")
        vectors = (root / named.file, root / named.ids, None if named.boxes is None else root / named.boxes)
    _check_there([*copies.values(), *(path for path in vectors or () if path is not None)], images, root)
    return LocalFiles(copies, images, vectors)


def copy_files(found: LocalFiles, draft: Path, manifest: Manifest) -> None:
    """Copy the files of a set into the directory `draft` and note them in its manifest."""
    for target, source in sorted(found.copies.items()):
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        _copy(source, draft / target)
        manifest.note(target, count_rows(source), of=source.name)
    if found.images:
        manifest.note(IMAGES, collect(found.images, draft / IMAGES), of=", ".join(one.name for one in found.images))
    if found.vectors is not None:
        copy_vectors(*found.vectors, draft, manifest)


def count_rows(path: Path) -> int | None:
    """How many rows a file of JSON lines has, blank lines left out; None for other formats."""
    if path.suffix != ".jsonl":
        return None
    with path.open("rb") as lines:
        return sum(not line.isspace() for line in lines)


def _copies(official: Official, expected: Expected, root: Path, where: str, splits: Sequence[str]) -> dict[str, Path]:
    """{path in the raw set: official file} of some splits; a file that several of them name is there once."""
    _check_names(official, expected, where)
    copies: dict[str, Path] = {}
    for file in raw_files(expected, where.replace("data.official", "encode")):
        if file.split not in splits:
            continue
        source = root / _official_name(official, expected, file, where)
        if copies.setdefault(file.path, source) != source:
            raise ParameterError(f"{where}.files: both {copies[file.path]} and {source} would become {file.path}")
    return copies


def _official_name(official: Official, expected: Expected, file: RawFile, where: str) -> str:
    if official.files is None:
        return file.path
    name = as_list(official.files[file.split])[file.position]
    language = file.language or expected.languages_of(file.split)[0]
    return filled(name, language, expected.shots, f"{where}.files")


def _check_names(official: Official, expected: Expected, where: str) -> None:
    """Refuse official names that do not stand for the same files as those of `encode.files`."""
    if official.files is None:
        return
    for split in official.files:
        if split not in expected.files:
            raise ParameterError(f"{where}.files: unknown split '{split}'.{did_you_mean(split, expected.files)}")
    for split, names in expected.files.items():
        ours, theirs = as_list(names), as_list(official.files.get(split, []))
        if len(ours) != len(theirs):
            found = f"{len(theirs)} names for {split}, but encode.files has {len(ours)}"
            raise ParameterError(f"{where}.files: {found}; name one official file for each, in the same order")
        for our, their in zip(ours, theirs, strict=True):
            differ = names_language(without_format(our)) != names_language(their)
            if differ and len(expected.languages_of(split)) > 1:
                found = f"'{their}' and encode.files '{our}' of {split}"
                raise ParameterError(f"{where}.files: {found} must both have {{language}}, or neither")


def _check_there(files: list[Path], images: list[Path], root: Path) -> None:
    missing = [path for path in files if not path.is_file()] + [path for path in images if not path.exists()]
    if missing:
        named = ", ".join(path.as_posix().removeprefix(f"{root.as_posix()}/") for path in missing[1:SHOWN])
        more = f" (nor {len(missing) - 1} more: {named}{', ...' if len(missing) > SHOWN else ''})" if named else ""
        raise DataError(missing[0], None, f"no such file{more}", "an official file", _ADVICE)
    for path in files:
        if not path.stat().st_size:
            raise DataError(path, None, "an empty file", "an official file", "download it again")


def _copy(source: Path, target: Path) -> None:
    try:
        copy(source, target)
    except OSError as error:
        raise DataError(source, None, f"a file that cannot be copied ({error})", "a readable one", _ADVICE) from None
