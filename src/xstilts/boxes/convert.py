"""From a detector's files to the arrays of `data.official.vectors`, image by image."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from xstilts.base.errors import DataError
from xstilts.base.files import own_directory
from xstilts.boxes.detections import TODO, Detections
from xstilts.boxes.h5 import read_h5
from xstilts.boxes.npz import read_npz
from xstilts.boxes.tsv import read_tsv
from xstilts.data.progress import Progress
from xstilts.features.directory import NpyWriter

HDF5, NUMPY, PICKLE = b"\x89HDF\r\n\x1a\n", b"\x93NUMPY", b"\x80"
LMDB = b"\xde\xc0\xef\xbe"  # behind the 16 bytes of the first page's head
LAYOUTS = "an .h5 file of IGLUE, a folder of .npz files or a .tsv file of bottom-up attention"


@dataclass
class Converted:
    """What was converted.

    Attributes:
        images: how many have boxes.
        boxes: of all images.
        dim: the length of a vector.
        flat: boxes without an area, left out.
        empty: images without a box, left out.
    """

    images: int = 0
    boxes: int = 0
    dim: int = 0
    flat: int = 0
    empty: list[str] = field(default_factory=list)


def convert(sources: Sequence[Path], out: Path) -> Converted:
    """Write features.npy (float16), boxes.npy and ids.json into the directory `out`, whole or not at all.

    One image is in memory at a time.

    Raises:
        DataError: naming the file, and the record in it, that is not as its layout has it.
    """
    readers = [(reader(source), source) for source in sources]
    with own_directory(out) as draft, _Arrays(draft) as arrays:
        for source, one in _shown(readers):
            arrays.add(source, one)
        if not arrays.found.images:
            raise DataError(sources[0], None, "no image with a box", LAYOUTS, TODO)
    return arrays.found


class _Arrays(ExitStack):
    """The three files, written image by image."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.found, self._seen, self._folder = Converted(), set[str](), folder
        self._ids = self.enter_context((folder / "ids.json").open("w", encoding="utf-8"))
        self._corners = self.enter_context(NpyWriter(folder / "boxes.npy", 4, "<f4"))
        self._vectors: NpyWriter | None = None
        self.callback(lambda: self._ids.write("]\n"))

    def add(self, source: Path, one: Detections) -> None:
        """Write an image's boxes; `DataError` if it came before, or its vectors have another length."""
        if one.image in self._seen:
            raise DataError(source, one.image, "this image a second time", "each image once", "keep one of them")
        self._seen.add(one.image)
        self.found.flat += one.flat
        if not len(one.boxes):
            self.found.empty.append(one.image)
            return
        if self._vectors is None:
            self.found.dim = one.vectors.shape[1]
            self._vectors = self.enter_context(NpyWriter(self._folder / "features.npy", self.found.dim, "<f2"))
        if one.vectors.shape[1] != self.found.dim:
            found = f"vectors of {one.vectors.shape[1]} numbers"
            raise DataError(source, one.image, found, f"{self.found.dim}, as in the first image", TODO)
        self._vectors.append(one.vectors)
        self._corners.append(one.boxes)
        self._ids.write((", " if self.found.images else "[") + ", ".join([json.dumps(one.image)] * len(one.boxes)))
        self.found.images += 1
        self.found.boxes += len(one.boxes)


def reader(source: Path) -> Callable[[Path], Iterator[Detections]]:
    """The function that reads a file or folder, by its first bytes.

    Raises:
        DataError: there is nothing, or something that only Python's pickle could read.
    """
    if not source.exists():
        raise DataError(source, None, "nothing", LAYOUTS, "correct the path")
    page = source / "data.mdb" if source.is_dir() else source
    start = page.open("rb").read(20) if page.is_file() else b""
    todo = "take the .h5 or .tsv that it was made from, or convert it as docs/concepts/photographs.md says"
    if start[16:] == LMDB:
        raise DataError(source, None, "an LMDB of Python pickles, which run any code that is in them", LAYOUTS, todo)
    if start.startswith(PICKLE):
        raise DataError(source, None, "a Python pickle, which runs any code that is in it", LAYOUTS, todo)
    if start.startswith(NUMPY):
        raise DataError(source, None, "a .npy array, which names no images", LAYOUTS, "see stages/README.md")
    if source.is_dir():
        return read_npz
    return read_h5 if start.startswith(HDF5) else read_tsv


def _shown(
    readers: Sequence[tuple[Callable[[Path], Iterator[Detections]], Path]],
) -> Iterator[tuple[Path, Detections]]:
    """Every image of every source, with the progress on stderr."""
    progress = Progress("images")
    for number, (read, source) in enumerate(readers):
        for one in read(source):
            yield source, one
            progress.advance(share=(number + one.done) / len(readers))
    progress.close()
