"""The pictures of a cache's rows: their regions, shown, left out or exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from xstilts.base.cache import BOX, TOKENS_OF_CUT_OUT, Features, open_features
from xstilts.base.errors import XstiltsError
from xstilts.train.lists import spans

Shown = Literal["shown", "blind", "shuffled"]
LEFT, RIGHT = 0, 1
HALF = np.array([0.5, 1, 0.5, 1, 0.5, 1, 0.5], np.float32)  # x1 y1 x2 y2 width height area in a picture twice as wide
SHIFT = np.array([0.5, 0, 0.5, 0, 0, 0, 0], np.float32)  # from its left half to its right one


class Pictures:
    """The regions of every row's images.

    A row with two images has them side by side, as one picture that is twice as wide: the boxes of the left image are
    squeezed into x 0..0.5, those of the right one into 0.5..1.

    Args:
        table: rows as `xstilts.base.cache.ROW`.
        card: the cache's card, naming each task's features.
        shown: `shown`: every row has its own images; `blind`: none; `shuffled`: those of another row (see `exchange`).
        seed: of the exchange.

    Attributes:
        images: int64 `[rows, 2]`, the left (or only) and the right image of each row, -1: none.
        counts: int64 `[rows]`, regions of each row.
        features: each task's feature file.
        tokens: how many tokens a region of each task has.

    Raises:
        DataError: a feature file is not the one that the cache was made with.
    """

    def __init__(self, table: pa.Table, card: dict[str, Any], shown: Shown, seed: int) -> None:
        columns = [table[name].to_numpy().astype(np.int64) for name in ("image", "second_image")]
        self.images = np.stack(columns, axis=1).reshape(-1, 2)
        self.features = _open_all(card)
        self.tokens = {task: card["tasks"][task]["features"].get("tokens", TOKENS_OF_CUT_OUT) for task in self.features}
        tasks, languages = (np.array(table[name].to_pylist(), dtype=object) for name in ("task", "language"))
        if shown == "blind":
            self.images[:] = -1
        elif shown == "shuffled":
            for task, language in sorted({*zip(tasks, languages, strict=True)}):
                rows = (tasks == task) & (languages == language) & (self.images[:, LEFT] >= 0)
                self.images[rows] = exchange(self.images[rows], seed, f"{task}, {language}")
        self.counts = np.zeros(len(table), np.int64)
        for task, features in self.features.items():
            sizes = np.append(np.diff(features.offsets), 0)  # the last one is that of image -1
            self.counts[tasks == task] = sizes[self.images[tasks == task]].sum(1)

    def regions(self, rows: np.ndarray, task: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features float32 `[rows, regions, dim]`, boxes float32 `[rows, regions, 7]` and mask of one task's rows.

        An image is read once, however many of the rows show it.
        """
        counts = self.counts[rows]
        place = np.arange(int(counts.max()))
        mask = place < counts[:, None]
        if not len(place):
            return np.zeros((*mask.shape, 1), np.float32), np.zeros((*mask.shape, BOX), np.float32), mask
        features = self.features[task]
        distinct, inverse = np.unique(self.images[rows], return_inverse=True)
        places, begins, sizes = _layout(distinct, features)
        left, right = inverse.reshape(-1, 2, 1).swapaxes(0, 1)
        is_right = place >= sizes[left]
        which = np.where(is_right, begins[right] + place - sizes[left], begins[left] + place)
        vectors, boxes = (
            _read(values, places)[np.where(mask, which, 0)] for values in (features.vectors, features.boxes)
        )
        pairs = self.images[rows, RIGHT] >= 0
        boxes[pairs] = (boxes[pairs] * HALF + SHIFT * is_right[pairs][..., None]) * mask[pairs][..., None]
        return vectors, boxes, mask


def _layout(images: np.ndarray, features: Features) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the regions of some images are in the feature file, one image after the other: int64 `[regions]`.

    Also where each image begins among them, counted from 1, and how many regions it has; image -1 has none.
    """
    offsets = np.asarray(features.offsets)
    starts = offsets[images]
    sizes = np.where(images >= 0, offsets[images + 1] - starts, 0)
    return spans(starts, sizes), 1 + np.cumsum(sizes) - sizes, sizes


def _read(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Float32 `[1 + places, ...]`: zeros, then the values at these places."""
    read = np.zeros((1 + len(places), values.shape[1]), np.float32)
    read[1:] = values[places]
    return read


def exchange(images: np.ndarray, seed: int, where: str) -> np.ndarray:
    """Give every row the images of another row: a permutation of the distinct images in which none keeps its place.

    It depends only on the seed and the set of images, so languages with the same images have the same permutation. Two
    images of a row stay together; where pairs share images, a row gets a pair without its own images if possible.

    Args:
        images: int64 `[rows, 2]`.
        where: named in the error.

    Raises:
        XstiltsError: all rows have the same images.
    """
    if not len(images):
        return images
    distinct, inverse = np.unique(images, axis=0, return_inverse=True)
    if len(distinct) < 2:
        raise XstiltsError(f"{where}: found one image, expected two or more to exchange; use more rows")
    order = np.random.default_rng(seed).permutation(len(distinct))
    shared = []
    for shift in range(1, len(distinct)):
        shared.append(_shared(distinct[order], np.roll(distinct[order], -shift, axis=0)))
        if not shared[-1]:
            break
    other = np.empty_like(distinct)
    other[order] = np.roll(distinct[order], -(int(np.argmin(shared)) + 1), axis=0)
    return other[inverse.reshape(-1)]


def _shared(images: np.ndarray, others: np.ndarray) -> int:
    """The number of rows in which an image of `images` is also in `others`."""
    same = (images[:, :, None] == others[:, None, :]) & (images[:, :, None] >= 0)
    return int(same.any((1, 2)).sum())


def _open_all(card: dict[str, Any]) -> dict[str, Features]:
    """The feature files of every task with pictures; refused if they are not those that the cache was made with."""
    named = {task: info["features"] for task, info in card["tasks"].items() if info.get("features")}
    return {task: open_features(Path(entry["path"]), entry["sha256"]) for task, entry in named.items()}
