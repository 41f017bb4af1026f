"""Images in a zip or a folder, by id: the file's name without its ending, as in the official sets."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xstilts.base.cache import PICTURES, image_id
from xstilts.base.errors import DataError

NO_MEMBER = (OSError, EOFError, zipfile.BadZipFile, zlib.error)
NO_IMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_AGAIN = "make or download it again"


class ImageSource:
    """Reads images by id from a zip, or from a folder and those below it.

    Attributes:
        ids: every image id, sorted.

    Raises:
        DataError: nothing at `path`, a broken zip, no image in it, or two images of one id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = _open_zip(path) if not path.is_dir() else None
        self._members: dict[str, str] = {}
        for member in sorted(self._names()):
            if not member.lower().endswith(PICTURES) or PurePosixPath(member).name.startswith("."):
                continue
            if (identifier := image_id(member)) in self._members:
                raise DataError(path, member, f"a second image {identifier}", "one file per id", "rename one")
            self._members[identifier] = member
        self.ids = sorted(self._members)
        if not self.ids:
            raise DataError(path, None, "no image", f"files ending in {', '.join(PICTURES)}", "check the path")

    def _names(self) -> list[str]:
        if self._archive is not None:
            return self._archive.namelist()
        return [found.relative_to(self.path).as_posix() for found in self.path.rglob("*") if found.is_file()]

    def read(self, image_id: str) -> NDArray[np.uint8]:
        """Return the pixels of one image, RGB `[height, width, 3]`.

        Raises:
            DataError: no such image, or a broken one; names the zip and the member.
        """
        if image_id not in self._members:
            raise DataError(self.path, image_id, "no such image", f"one of {len(self.ids)}", "check the ids")
        member = self._members[image_id]
        try:
            content = self._archive.read(member) if self._archive else (self.path / member).read_bytes()
        except NO_MEMBER as error:
            raise DataError(self.path, member, f"a broken image ({error})", "a whole one", _AGAIN) from None
        return decode(content, self.path, member)


def decode(content: bytes, path: Path, member: str | None = None) -> NDArray[np.uint8]:
    """The pixels in an image file's bytes, RGB `[height, width, 3]`; `DataError` naming the file if it is broken."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image.convert("RGB"))
    except NO_IMAGE as error:
        raise DataError(path, member, f"a broken image ({error})", "a whole one", _AGAIN) from None


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "images", "run `dvc repro`") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(path, None, f"a broken zip ({error})", "a zip of images", _AGAIN) from None
