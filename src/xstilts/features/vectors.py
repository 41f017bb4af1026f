"""A feature directory from the vectors that a data set publishes instead of its pictures."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xstilts.base.cache import TOKENS_OF_CUT_OUT, image_id
from xstilts.base.errors import DataError
from xstilts.base.files import read_names, whole_directory
from xstilts.features.directory import NpyWriter, write_list_and_card
from xstilts.features.regions import with_sizes

FOLDER = "vectors"  # of a raw set
IDS, BOXES = "ids.json", "boxes.npy"
WHOLE = (0.0, 0.0, 1.0, 1.0)  # x1 y1 x2 y2
_TODO = "run `dvc repro` for the raw data"
PIECE = 4096  # rows converted at a time


def from_vectors(folder: Path, out: Path, tokens: int = TOKENS_OF_CUT_OUT) -> None:
    """Write the feature directory of a set with vectors (layout: `xstilts.base.cache`), whole or not at all.

    Without boxes every image has one region, whose box is the whole image. Vectors become float16.

    Args:
        folder: `vectors` in a raw set: a `.npy` file `[rows, dim]`, float16 or float32, ids.json and perhaps
            boxes.npy `[rows, 4]`.
        out: directory to write.
        tokens: that the encoder reads for a region.

    Raises:
        DataError: a missing or broken file, an image id twice, or a value beyond float16.
    """
    source = _only_array(folder)
    vectors = _open(source)
    ids, counts = _images(folder / IDS, len(vectors), single=not (folder / BOXES).exists())
    with whole_directory(out) as draft:
        with NpyWriter(draft / "features.npy", vectors.shape[1], "<f2") as features:
            for start in range(0, len(vectors), PIECE):
                features.append(_halves(vectors[start : start + PIECE], source, start))
        np.save(draft / "boxes.npy", _boxes(folder / BOXES, len(vectors)))
        about = {"name": out.name, "vision": f"vectors of {source.name}", "dim": vectors.shape[1]}
        about["tokens"] = tokens
        write_list_and_card(draft, about, ids, counts, {})


def _only_array(folder: Path) -> Path:
    arrays = sorted(path for path in folder.glob("*.npy") if path.name != BOXES)
    if len(arrays) != 1:
        found = ", ".join(one.name for one in arrays) or "no .npy file"
        raise DataError(folder, None, found, "one .npy file", _TODO)
    return arrays[0]


def _open(path: Path) -> NDArray[np.floating]:
    """The array, memory-mapped; the raw stage has already checked its values. No pickle is read."""
    try:
        vectors: NDArray[np.floating] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy parses the header as Python, and lets every error of that through
        found = f"an unreadable array ({str(error).splitlines()[0]})"
        raise DataError(path, None, found, "a .npy file of numbers", _TODO) from None
    if vectors.ndim != 2 or vectors.dtype not in (np.float16, np.float32):
        found = f"{vectors.dtype} {list(vectors.shape)}"
        raise DataError(path, None, found, "float16 or float32 [rows, dim]", _TODO)
    return vectors


def _images(path: Path, rows: int, single: bool) -> tuple[list[str], list[int]]:
    """The image ids, without folder and ending, in the order of the vectors, and how many regions each image has."""
    listed = [image_id(one) for one in read_names(path)]
    ids, counts = listed, [1] * len(listed)
    if not single:
        runs = [(one, len(list(run))) for one, run in groupby(listed)]
        ids, counts = [one for one, _ in runs], [count for _, count in runs]
    twice = next((one for one, count in Counter(ids).items() if count > 1), None)
    if twice is not None or len(listed) != rows:
        found = f"{len(listed)} ids" if twice is None else f"the image '{twice}' twice"
        raise DataError(path, None, found, f"an image id for each of {rows} vectors", _TODO)
    return ids, counts


def _boxes(path: Path, rows: int) -> NDArray[np.float32]:
    """Boxes float32 `[rows, 7]`: x1 y1 x2 y2 width height area, of the whole image if there is no file with boxes."""
    corners = np.asarray(_open(path), "<f4") if path.exists() else np.tile(np.array(WHOLE, "<f4"), (rows, 1))
    if corners.shape != (rows, 4):
        raise DataError(path, None, f"boxes {list(corners.shape)}", f"[{rows}, 4]", _TODO)
    return with_sizes(corners)


def _halves(vectors: NDArray[np.floating], source: Path, start: int) -> NDArray[np.float32]:
    """The vectors, checked to fit into float16."""
    large = np.abs(vectors).max(axis=1) > np.finfo(np.float16).max
    if large.any():
        row, limit = start + int(np.argmax(large)), np.finfo(np.float16).max
        raise DataError(source, row, "a value beyond float16", f"at most {limit:.0f}", "scale the vectors down")
    return vectors.astype(np.float32)
