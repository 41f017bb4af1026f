"""Bringing the pictures of an official set together in one zip, an id only once."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from xstilts.base.errors import DataError
from xstilts.data.manifest import add_member

PICTURES = (".png", ".jpg", ".jpeg")


def collect(sources: Sequence[Path], target: Path) -> int:
    """Write every picture in some folders and zips into the zip `target`; return how many there are.

    A single zip is copied as it is. The rest is stored uncompressed, a picture at a time, under its path within
    its folder or zip: pictures are compressed already, and memory holds one of them.

    Raises:
        DataError: no picture, a broken zip, or two pictures of one id (file name without folder and ending).
    """
    ids: dict[str, str] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for source in sources:
            for name in _pictures(source):
                _check_id(ids, source, name)
            if len(sources) > 1 or source.is_dir():
                for name, content in _contents(source):
                    add_member(archive, name, content)
    if len(sources) == 1 and sources[0].is_file():
        shutil.copyfile(sources[0], target)
    if not ids:
        found, expected = "no picture", f"files ending in {', '.join(PICTURES)}"
        raise DataError(sources[0], None, found, expected, "mend data.official.images in the task's file")
    return len(ids)


def _check_id(ids: dict[str, str], source: Path, name: str) -> None:
    identifier, place = PurePosixPath(name).stem, f"{source}/{name}"
    if identifier in ids:
        found = f"a second picture '{identifier}' (the first is {ids[identifier]})"
        raise DataError(source, name, found, "one picture an id", "rename or remove one")
    ids[identifier] = place


def _pictures(source: Path) -> list[str]:
    """The names of the pictures in a folder or zip, sorted; hidden files are none."""
    names = list(_walk(source)) if source.is_dir() else _members(source)
    return sorted(
        name for name in names if name.lower().endswith(PICTURES) and not PurePosixPath(name).name.startswith(".")
    )


def _walk(folder: Path) -> Iterator[str]:
    """Every file below a folder; links to folders are followed, each folder once, so that a circle ends."""
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        folders[:] = [one for one in folders if os.path.realpath(os.path.join(place, one)) not in seen]
        for file in files:
            yield Path(place, file).relative_to(folder).as_posix()


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile as error:
        raise DataError(path, None, f"a broken zip ({error})", "a zip of pictures", "download it again") from None


def _contents(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every picture, one at a time."""
    names = _pictures(source)
    if source.is_dir():
        yield from ((name, (source / name).read_bytes()) for name in names)
        return
    with zipfile.ZipFile(source) as archive:
        for name in names:
            try:
                yield name, archive.read(name)
            except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
                found = f"a broken picture ({error})"
                raise DataError(source, name, found, "a whole zip", "download it again") from None
