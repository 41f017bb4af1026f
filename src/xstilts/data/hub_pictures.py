"""Pictures in the rows of a dataset: each kept once, in a zip, under its id."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from xstilts.base.errors import DataError
from xstilts.data.manifest import add_member

_STARTS = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg"}
_LOOK = 16  # pixels a side of the thumbnails that are compared
_CLOSE = (
    12  # mean difference of two thumbnails of one photograph that was compressed twice, of 255; others: 40 and more
)


class PictureStore:
    """A zip that pictures are added to one at a time; one that a set has again, under the same id, is not.

    Attributes:
        added: how many were added; a zip that was there before has others.

    Args:
        path: of the zip, which is made when the first picture comes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: zipfile.ZipFile | None = None
        self._names: dict[str, str] = {}
        self.added = 0
        if path.exists():
            with zipfile.ZipFile(path) as archive:
                self._names = {PurePosixPath(name).stem: name for name in archive.namelist()}

    def __enter__(self) -> PictureStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._archive is not None:
            self._archive.close()

    def __len__(self) -> int:
        return len(self._names)

    def add(self, identifier: str, picture: Any, place: str, row: int) -> None:
        """Keep a picture, as `datasets` gives it undecoded: {bytes, path}.

        Raises:
            DataError: no bytes, no picture, or another picture of the same id.
        """
        content = picture.get("bytes") if isinstance(picture, Mapping) else picture
        if not isinstance(content, bytes):
            raise DataError(place, row, "a picture without bytes", "its bytes in the row", "name another column")
        if not identifier or PurePosixPath(identifier).name != identifier:
            raise DataError(place, row, f"the image id '{identifier}'", "a name without '/'", "name another column")
        if identifier in self._names:
            return self._compare(identifier, content, place, row)
        ending = next((name for start, name in _STARTS.items() if content.startswith(start)), None)
        if ending is None:
            content, ending = _as_png(content, place, row), ".png"
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._path, "a", zipfile.ZIP_STORED)
        self._names[identifier] = f"{identifier}{ending}"
        self.added += 1
        add_member(self._archive, self._names[identifier], content)
        return None

    def _compare(self, identifier: str, content: bytes, place: str, row: int) -> None:
        """Refuse another picture of the same id; the same one, compressed anew, is no other."""
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._path, "a", zipfile.ZIP_STORED)
        first = self._archive.read(self._names[identifier])
        if first == content:
            return
        looks = [_thumbnail(one, place, row) for one in (first, content)]
        if np.abs(looks[0] - looks[1]).mean() > _CLOSE:
            todo = "put what tells them apart into columns.image, such as '{language}-{image_id}'"
            raise DataError(place, row, f"another picture of the id '{identifier}'", "one picture per id", todo)


def _open(content: bytes, place: str, row: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(place, row, f"a broken picture ({error})", "a whole one", "choose another revision") from None


def _thumbnail(content: bytes, place: str, row: int) -> np.ndarray:
    return np.asarray(_open(content, place, row).resize((_LOOK, _LOOK)), dtype=np.float32)


def _as_png(content: bytes, place: str, row: int) -> bytes:
    sink = io.BytesIO()
    _open(content, place, row).save(sink, "PNG")
    return sink.getvalue()
