"""What an official set shows: its pictures, collected in one zip, or the vectors that it publishes instead."""

import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xstilts.base.cache import PICTURES
from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.base.picture_files import PictureFiles
from xstilts.data.manifest import VECTORS, Manifest, add_member
from xstilts.data.progress import copy, tracked

IDS, BOXES = "ids.json", "boxes.npy"
PIECE = 4096  # rows checked at a time
_TODO = "correct the files or data.official.vectors in the task's file"


def collect(sources: Sequence[Path], target: Path) -> int:
    """Write every picture in some folders and zips into the zip `target`; return how many there are.

    A single zip is copied as it is. Otherwise pictures are stored one at a time and uncompressed, as they are
    compressed already, with their paths within their folder or zip.

    Raises:
        DataError: no picture, a broken or encrypted zip, a file that is refused (see `PictureFiles`), or two pictures
            of one id (file name without folder and ending).
    """
    ids: dict[str, str] = {}
    sets = [PictureFiles(source) for source in sources]
    for files in sets:
        for name in files.names:
            if (identifier := PurePosixPath(name).stem) in ids:
                found = f"a second picture '{identifier}' (the first is {ids[identifier]})"
                raise DataError(files.path, name, found, "one picture per id", "rename or remove one")
            ids[identifier] = f"{files.path}/{name}"
        if files.others:
            kinds = f"no pictures by their names' endings, such as {files.others[0]}"
            print(f"{files.path}: {len(files.others):,} files are {kinds}; they are left out", file=sys.stderr)
    if not ids:
        nothing, expected = "no picture", f"files ending in {', '.join(PICTURES)}"
        raise DataError(sources[0], None, nothing, expected, "correct data.official.images in the task's file")
    if len(sources) == 1 and sources[0].is_file():
        copy(sources[0], target)
        return len(ids)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for files in sets:
            for name in tracked(files.names, "pictures", len(files.names)):
                add_member(archive, name, files.read(name))
    return len(ids)


@dataclass(frozen=True)
class VectorFiles:
    """The section `data.official.vectors`; the paths are under the root.

    Attributes:
        file: a `.npy` file, float16 or float32 `[rows, dim]`: one row per image, or one per region if there are boxes.
        ids: a JSON list of the images' ids, row by row; the regions of an image follow one another.
        boxes: a `.npy` file, float16 or float32 `[rows, 4]`: x1 y1 x2 y2 of each region, relative to the image.
    """

    file: str
    ids: str
    boxes: str | None = None


def copy_vectors(array: Path, ids: Path, boxes: Path | None, draft: Path, manifest: Manifest) -> None:
    """Copy vectors to `vectors/<name>.npy`, their ids and boxes to `ids.json` and `boxes.npy`, and note them.

    Raises:
        DataError: not a matrix of floats, a row without an id, an id twice, a value that is not finite, or no box.
    """
    rows = len(open_vectors(array))
    _check_ids(ids, read_json(ids), rows, array, regions=boxes is not None)
    copies = {array.name if array.name != BOXES else "features.npy": array, IDS: ids}
    if boxes is not None:
        _check_boxes(boxes, rows)
        copies[BOXES] = boxes
    (draft / VECTORS).mkdir()
    for name, source in copies.items():
        copy(source, draft / VECTORS / name)
        manifest.note(f"{VECTORS}/{name}", rows, of=source.name)


def open_vectors(path: Path) -> NDArray[np.floating]:
    """Open a `.npy` file memory-mapped and check it: `[rows, dim]`, float16 or float32, finite. No pickle is read.

    Raises:
        DataError: naming the file, and the row of the first value that is not finite.
    """
    try:
        vectors: NDArray[np.floating] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        found = f"an unreadable array ({str(error).splitlines()[0]})"
        raise DataError(path, None, found, "a .npy file of numbers", _TODO) from None
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype not in (np.float16, np.float32):
        found = f"{getattr(vectors, 'dtype', type(vectors).__name__)} {list(getattr(vectors, 'shape', []))}"
        raise DataError(path, None, found, "float16 or float32 [rows, dim]", _TODO)
    for start in range(0, len(vectors), PIECE):
        finite = np.isfinite(vectors[start : start + PIECE]).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite))
            raise DataError(path, row, "a value that is not finite", "finite numbers", _TODO)
    return vectors


def _check_ids(path: Path, ids: object, rows: int, array: Path, regions: bool) -> None:
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise DataError(path, None, "no list of texts", "the image ids, row by row", _TODO)
    if len(ids) != rows:
        raise DataError(path, None, f"{len(ids)} ids", f"{rows}, one per row of {array.name}", _TODO)
    seen: set[str] = set()
    for row, one in enumerate(ids):
        if one in seen and not (regions and one == ids[row - 1]):
            expected = "the regions of an image one after the other" if regions else "every id once"
            raise DataError(path, row, f"the id '{one}' a second time", expected, _TODO)
        seen.add(one)


def _check_boxes(path: Path, rows: int) -> None:
    """Refuse anything but one box per row: 0 <= x1 < x2 <= 1, and the same for y."""
    boxes = open_vectors(path)
    if boxes.shape != (rows, 4):
        raise DataError(path, None, f"boxes {list(boxes.shape)}", f"[{rows}, 4], one per vector", _TODO)
    low, high = np.asarray(boxes[:, :2]), np.asarray(boxes[:, 2:])
    right = ((low >= 0) & (low < high) & (high <= 1)).all(axis=1)
    if not right.all():
        row = int(np.argmin(right))
        found, expected = f"the box {boxes[row].tolist()}", "x1 y1 x2 y2 in 0..1, relative to the image"
        raise DataError(path, row, found, expected, _TODO)
