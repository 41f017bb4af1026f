"""The captions and images of one language, and which of them are compared in image-text retrieval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, diags

from xstilts.base.errors import DataError

ENGLISH = "en"


@dataclass(frozen=True)
class Gallery:
    """What is searched in one language.

    Attributes:
        captions: row of each caption in the test table, int64 `[captions]`.
        images: the images that they describe, as rows of the feature file, ascending, int64 `[images]`.
        image_ids: the images' ids.
        gold: position in `images` of each caption's own image, int64 `[captions]`.
    """

    language: str
    captions: np.ndarray
    images: np.ndarray
    image_ids: list[str]
    gold: np.ndarray


def open_gallery(path: Path, table: pa.Table, language: str) -> Gallery:
    """The gallery of one language: the rows whose caption and image match; other rows name no image that is new.

    Raises:
        DataError: fewer than two images.
    """
    chosen = (table["label"].to_numpy() == 1) & (np.array(table["language"].to_pylist(), dtype=object) == language)
    captions = np.flatnonzero(chosen)
    images, first, gold = np.unique(table["image"].to_numpy()[captions], return_index=True, return_inverse=True)
    if len(images) < 2:
        found, todo = f"{len(images)} images with captions in {language}", "look at the raw files of the target"
        raise DataError(path, None, found, "two or more", todo)
    names = table["image_id"].take(pa.array(captions[first])).to_pylist()
    return Gallery(language, captions, images.astype(np.int64), names, gold)


def candidates(table: pa.Table, gallery: Gallery, card: Mapping[str, Any], count: int) -> np.ndarray:
    """Which images are compared with which: bool `[images, images]`, in each row an image and those most like it.

    These are the `count - 1` images with the most similar English captions, or all others if `count` is 0. Captions are
    compared as bags of tokens, each weighted by the logarithm of how rarely an image has it, by their cosine; the
    captions of an image count as one. English (the first language of a task without English) decides for every
    language, so that all languages are asked the same.
    """
    size = len(gallery.images)
    if not 0 < count < size:
        return np.ones((size, size), dtype=bool)
    language = ENGLISH if ENGLISH in card["languages"] else card["languages"][0]
    alike = similarity(_bags(table, language, gallery.images))
    np.fill_diagonal(alike, np.inf)
    chosen = np.zeros((size, size), dtype=bool)
    np.put_along_axis(chosen, np.argsort(-alike, axis=1, kind="stable")[:, :count], True, axis=1)
    return chosen


def _bags(table: pa.Table, language: str, images: np.ndarray) -> list[set[int]]:
    """The token ids of each image's captions in one language; empty where it has none."""
    bags: dict[int, set[int]] = {int(image): set() for image in images}
    rows = zip(*(table[name].to_pylist() for name in ("label", "language", "image", "input_ids")), strict=True)
    for label, own, image, tokens in rows:
        if label == 1 and own == language and image in bags:
            bags[image].update(tokens)
    return list(bags.values())


def similarity(bags: Sequence[set[int]]) -> np.ndarray:
    """The cosine of each two bags of tokens, tokens weighted by inverse document frequency: float64 `[bags, bags]`."""
    tokens = sorted(set().union(*bags))
    column = {token: place for place, token in enumerate(tokens)}
    rows = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    columns = np.array([column[token] for bag in bags for token in sorted(bag)], dtype=np.int64)
    counts = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(bags), len(tokens)))
    weighted = counts @ diags(np.log(len(bags) / np.asarray(counts.sum(0)).ravel()))
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    unit = diags(1 / np.where(length > 0, length, 1)) @ weighted
    return np.asarray((unit @ unit.T).todense())
