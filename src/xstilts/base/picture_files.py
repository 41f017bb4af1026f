"""Picture files that anyone may have made: only regular files of bounded size, inside their folder or plain zip.

What is looked at here is the file; its pixels are decoded by `xstilts.base.images`.
"""

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from xstilts.base.cache import PICTURES
from xstilts.base.errors import DataError

LARGEST = 200_000_000  # bytes of a file; without compression the most pixels that are decoded take 150 million
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ENCRYPTED = 1  # the bit of a member's flags
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
_AGAIN = "make or download it again"
_UNPACK = "unpack it and name the folder in its place"


class PictureFiles:
    """The pictures in a folder and those below it, or in a zip; told by their names' endings.

    Attributes:
        names: of the pictures, sorted, relative to the folder or as in the zip; hidden files are left out.
        others: names of files with other endings.

    Raises:
        DataError: nothing at `path`, a broken or encrypted zip, or a picture that is a link out of the folder, no
            regular file, or too large.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = None if path.is_dir() else _open_zip(path)
        found = sorted(_walk(path) if self._archive is None else self._archive.namelist())
        shown = [name for name in found if not PurePosixPath(name).name.startswith(".") and not name.endswith("/")]
        self.names = [name for name in shown if name.lower().endswith(PICTURES)]
        self.others = [name for name in shown if not name.lower().endswith(PICTURES)]
        for name in self.names:
            if self._archive is None:
                _check_link(path / name, path)
                _check_file(path / name)
            else:
                _check_member(self._archive.getinfo(name), path)

    def read(self, name: str) -> bytes:
        """The content of a picture's file; `DataError` naming it if it cannot be read."""
        if self._archive is None:
            return read_file(self.path / name)
        try:
            return self._archive.read(name)
        except UNREADABLE as error:
            raise DataError(self.path, name, f"a broken picture ({error})", "a whole one", _AGAIN) from None

    def fingerprint(self) -> str:
        """A hash of names, sizes and, of a zip, checksums; of a folder, times of the last change instead."""
        if self._archive is None:
            stats = [(name, (self.path / name).stat()) for name in self.names]
            listed = [(name, one.st_size, one.st_mtime_ns) for name, one in stats]
        else:
            members = [(name, self._archive.getinfo(name)) for name in self.names]
            listed = [(name, one.file_size, one.CRC) for name, one in members]
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def read_file(path: Path) -> bytes:
    """The content of a picture's file.

    Raises:
        DataError: there is none, it is no regular file, too large, or cannot be read. Nothing is opened before that
            is known: a pipe would wait for ever, and a device never end.
    """
    _check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(path, None, f"an unreadable file ({error.strerror})", "a picture", _AGAIN) from None


def _open_zip(path: Path) -> zipfile.ZipFile:
    if not path.exists():
        raise DataError(path, None, "no such file", "images", "run `dvc repro`")
    _regular_size(path)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(path, None, f"a broken zip ({error})", "a zip of images", "download it again") from None


def _walk(folder: Path) -> Iterator[str]:
    """Every file below a folder; links to folders need not be followed, since what they name must be inside it."""
    for place, folders, files in os.walk(folder):
        for one in folders:
            _check_link(Path(place, one), folder)
        yield from (Path(place, file).relative_to(folder).as_posix() for file in files)


def _check_link(path: Path, folder: Path) -> None:
    """Refuse a link that leads out of the folder: what it names would be copied into the set, whatever it is."""
    if path.is_symlink() and not (target := path.resolve()).is_relative_to(folder.resolve()):
        found, todo = (
            f"a link to {target}, outside of the folder",
            "copy the pictures into it, or name the other folder",
        )
        raise DataError(path, None, found, "pictures inside of it", f"{todo} in data.official.images")


def _check_file(path: Path) -> None:
    _check_size(_regular_size(path), path, None)


def _regular_size(path: Path) -> int:
    """The bytes of a file; `DataError` if it is none, such as a pipe, which would be waited for without end."""
    try:
        about = path.stat()
    except OSError as error:
        raise DataError(path, None, f"nothing to read ({error.strerror})", "a file", "check the path") from None
    if not stat.S_ISREG(about.st_mode):
        found = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe, socket or device"
        raise DataError(path, None, found, "a file", "take it away, or name another")
    return about.st_size


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    if member.flag_bits & ENCRYPTED:
        raise DataError(path, member.filename, "an encrypted file", "a zip without a password", _UNPACK)
    if member.compress_type not in METHODS:
        method = zipfile.compressor_names.get(member.compress_type, member.compress_type)  # type: ignore[attr-defined]
        found = f"a file that is compressed by '{method}'"
        raise DataError(path, member.filename, found, "stored or deflated ones", _UNPACK)
    _check_size(member.file_size, path, member.filename)


def _check_size(size: int, path: Path, member: str | None) -> None:
    if size > LARGEST:
        todo = "make the picture smaller, or take it out"
        raise DataError(path, member, f"a picture of {size:,} bytes", f"at most {LARGEST:,}", todo)
