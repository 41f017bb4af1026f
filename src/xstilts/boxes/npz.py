"""A folder with one `.npz` file per image, named after it.

Names of the arrays in it: those of the detectors' ports to PyTorch (`x`, `bbox`, `image_w`, `image_h`; OpenVQA has `x`
transposed), of UNITER and UC2 (`features`, `norm_bb`: relative already, with two columns more), or those of IGLUE's
HDF5 files (`features`, `boxes`, `img_w`, `img_h`). Others, pickled ones among them, are not read.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xstilts.base.errors import DataError
from xstilts.boxes.detections import MOST, TODO, Detections, Record

VECTORS, BOXES, RELATIVE = ("features", "x"), ("boxes", "bbox"), ("norm_bb",)
WIDTH, HEIGHT = ("img_w", "image_w"), ("img_h", "image_h")
LARGEST = 8 * MOST  # bytes of an array, unpacked


def read_npz(folder: Path) -> Iterator[Detections]:
    """Every `.npz` file of a folder and the folders in it, by name.

    Raises:
        DataError: there is none, or naming one that is damaged or lacks an array.
    """
    files = sorted(folder.rglob("*.npz"))
    if not files:
        found, todo = "no .npz file", "name the folder that has them"
        if any(folder.rglob("*_info.npy")):
            found = "_info.npy files, which are Python pickles"
            todo = "convert them as docs/concepts/photographs.md says"
        raise DataError(folder, None, found, "one .npz file per image", todo)
    for number, file in enumerate(files, start=1):
        record = Record(folder, file.relative_to(folder).as_posix(), number / len(files))
        try:
            with zipfile.ZipFile(file) as members:
                sizes = {one.filename.removesuffix(".npy"): one.file_size for one in members.infolist()}
            with np.load(file, allow_pickle=False) as arrays:
                yield _image(record, file.stem, {one: arrays[one] for one in _wanted(record, sizes)})
        except DataError:
            raise
        except Exception as error:  # numpy parses headers as Python, and zlib has errors of its own
            raise DataError(file, None, f"an unreadable file ({error})", "arrays of numbers", TODO) from None


def _wanted(record: Record, sizes: dict[str, int]) -> list[str]:
    """The arrays that are read of a file: the first one there of each group of names."""
    groups = (VECTORS, RELATIVE) if RELATIVE[0] in sizes else (VECTORS, BOXES, WIDTH, HEIGHT)
    wanted = [next((one for one in group if one in sizes), "") for group in groups]
    if "" in wanted:
        missing = " or ".join(groups[wanted.index("")])
        raise record.error(f"no array {missing}; it has {', '.join(sizes)}", "vectors, boxes and the picture's size")
    if max(sizes[one] for one in wanted) > LARGEST:
        raise record.error("an array of more than 32 MB", "the boxes of one picture")
    return wanted


def _image(record: Record, name: str, arrays: dict[str, NDArray[np.floating]]) -> Detections:
    vectors, boxes, *size = arrays.values()
    boxes = boxes[:, :4] if boxes.ndim == 2 else boxes
    if vectors.ndim == 2 and len(vectors) != len(boxes) == vectors.shape[1]:
        vectors = vectors.T
    if any(one.size != 1 for one in size):
        raise record.error(f"a picture's size of shape {list(size[0].shape)}", "one number")
    width_height = (float(size[0].item()), float(size[1].item())) if size else None
    return record.detections(name, boxes, vectors, width_height)
