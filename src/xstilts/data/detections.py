"""A detector's boxes from the tab-separated files of bottom-up attention, as arrays for `data.official.vectors`.

Anderson et al. 2018, Bottom-Up and Top-Down Attention: a line per image, with arrays in base64. LXMERT's files have
classes and attributes beside them, which are not read.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xstilts.base.errors import DataError
from xstilts.base.files import whole_directory

BOTTOM_UP = ("image_id", "image_w", "image_h", "num_boxes", "boxes", "features")
_SEEN = ("objects_id", "objects_conf", "attrs_id", "attrs_conf")
LXMERT = ("img_id", "img_h", "img_w", *_SEEN, "num_boxes", "boxes", "features")
LAYOUTS: dict[int, tuple[str, ...]] = {len(BOTTOM_UP): BOTTOM_UP, len(LXMERT): LXMERT}
LONGEST = 1 << 24  # bytes of a line: 36 boxes of 2,048 numbers have 400 kB
_TODO = "download it again, or look at its layout"


@dataclass(frozen=True)
class Detections:
    """What a line says: boxes x1 y1 x2 y2 relative to the image, float32 `[n, 4]`, and vectors float32 `[n, dim]`."""

    image: str
    boxes: NDArray[np.float32]
    vectors: NDArray[np.float32]


def convert(path: Path, out: Path) -> tuple[int, int]:
    """Write features.npy (float16), boxes.npy and ids.json into the directory `out`, whole or not at all.

    Returns:
        How many images and how many boxes there are.

    Raises:
        DataError: naming the line that is not as one of the two layouts has it.
    """
    images = boxes = dim = 0
    for one in read(path):  # once to count, once to copy: the vectors of a set do not fit into memory
        if images and one.vectors.shape[1] != dim:
            found = f"vectors of {one.vectors.shape[1]} numbers"
            raise DataError(path, one.image, found, f"{dim}, as in the first line", _TODO)
        images, boxes, dim = images + 1, boxes + len(one.boxes), one.vectors.shape[1]
    if not images:
        raise DataError(path, None, "no line", "a line per image", _TODO)
    with whole_directory(out) as draft:
        vectors = np.lib.format.open_memmap(draft / "features.npy", "w+", np.float16, (boxes, dim))
        corners, ids, row = np.zeros((boxes, 4), np.float32), [], 0
        for one in read(path):
            end = row + len(one.boxes)
            vectors[row:end], corners[row:end] = one.vectors, one.boxes
            ids += [one.image] * len(one.boxes)
            row = end
        vectors.flush()
        np.save(draft / "boxes.npy", corners)
        (draft / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
    return images, boxes


def read(path: Path) -> Iterator[Detections]:
    """Every line of a file; one that begins with the names of the columns is left out."""
    with path.open("rb") as lines:
        number = 0
        while line := lines.readline(LONGEST):
            number += 1
            cells = line.decode("ascii", "replace").rstrip("\r\n").split("\t")
            if cells[0] in ("image_id", "img_id"):
                continue
            if len(cells) not in LAYOUTS:
                expected = " or ".join(str(count) for count in LAYOUTS)
                raise DataError(path, number, f"{len(cells)} columns", f"{expected} columns", _TODO)
            yield _detections(path, number, dict(zip(LAYOUTS[len(cells)], cells, strict=True)))


def _detections(path: Path, number: int, cells: dict[str, str]) -> Detections:
    try:
        width, height = (float(cells.get(f"image_{edge}") or cells[f"img_{edge}"]) for edge in "wh")
        count = int(cells["num_boxes"])
        boxes, vectors = (
            np.frombuffer(base64.b64decode(cells[name], validate=True), "<f4").reshape(count, -1)
            for name in ("boxes", "features")
        )
        if boxes.shape != (count, 4) or not (width > 0 and height > 0 and np.isfinite(vectors).all()):
            raise ValueError(f"boxes {list(boxes.shape)} in an image of {width:g} x {height:g}")
    except (ValueError, KeyError, binascii.Error) as error:
        raise DataError(path, number, str(error), "numbers, boxes and vectors in base64", _TODO) from None
    relative = (boxes / np.array([width, height] * 2, np.float32)).clip(0, 1)
    return Detections(cells.get("image_id") or cells["img_id"], relative, vectors)
