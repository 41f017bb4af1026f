"""HDF5 files of VOLTA and IGLUE (Bugliarello et al. 2021 and 2022): a group per image, named after it.

A group has `features` [n, dim] and `boxes` [n, 4] in pixels, float32, and the numbers `img_w` and `img_h`; classes and
attributes stand beside them and are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.base.errors import DataError
from xstilts.boxes.detections import MOST, TODO, Detections, Record

NAMES = ("features", "boxes", "img_w", "img_h")
LAYOUT = "a group per image with features, boxes, img_w and img_h, as IGLUE's files have it"


def read_h5(path: Path) -> Iterator[Detections]:
    """Every group of a file.

    Raises:
        DataError: h5py is not installed, the file is damaged, or a group lacks something.
    """
    try:
        import h5py
    except ImportError:
        todo = "pip install 'xstilts[h5]'"
        raise DataError(path, None, "an HDF5 file", "the package h5py, which reads it", todo) from None
    try:
        with h5py.File(path, "r") as file:
            names = list(file)
            for number, name in enumerate(names, start=1):
                record = Record(path, name, number / len(names))
                yield _image(record, name, file.get(name))
    except (OSError, RuntimeError, ValueError) as error:  # what h5py raises about damaged files
        raise DataError(path, None, f"a damaged file ({error})", "a whole HDF5 file", TODO) from None


def _image(record: Record, name: str, group: Any) -> Detections:
    there = [*group] if hasattr(group, "keys") else []
    missing = [one for one in NAMES if one not in there or not hasattr(group[one], "shape")]
    if missing:
        found = f"no {' and no '.join(missing)}" if there else "an array, not a group"
        raise record.error(found, LAYOUT)
    features, boxes, width, height = (group[one] for one in NAMES)
    if features.size > MOST or any(one.dtype.kind not in "fiu" for one in (features, boxes, width, height)):
        raise record.error(f"features {features.dtype} {list(features.shape)}", f"at most {MOST:,} numbers")
    if width.size != 1 or height.size != 1 or boxes.size > MOST:
        raise record.error(f"boxes {list(boxes.shape)}, img_w {list(width.shape)}", LAYOUT)
    size = float(np.squeeze(width[()])), float(np.squeeze(height[()]))
    return record.detections(name, boxes[()], features[()], size)
