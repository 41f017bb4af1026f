"""Which images' captions read most alike: the hard negatives of image-sentence matching."""

import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8_192  # captions compared with each other: the time grows with their square
ROWS = 512  # captions of a block compared at a time: ROWS * BLOCK similarities are in memory
SAME = 1 - 1e-5  # from this similarity on, two captions count as the same text
NEITHER = -1.0  # similarity of an image that must not be chosen


def similar_images(captions: Sequence[str], images: Sequence[str], count: int) -> list[list[str]]:
    """Find for every caption the `count` images with the most similar caption, the most similar one first.

    Similarity is the cosine of TF-IDF vectors over character n-grams within words, which needs no word segmenter. The
    caption's own image is never chosen, nor is an image with the same caption, which would match. More than `BLOCK`
    captions are dealt, image by image, into equal blocks, and each is compared with those of its own block: every
    image can be a negative, and the time grows linearly.

    Args:
        images: the image of each caption.

    Returns:
        One list per caption, shorter than `count` if there are not enough other images.
    """
    found: list[list[str]] = [[] for _ in captions]
    for rows in _blocks(images):
        chosen = _within([captions[row] for row in rows], [images[row] for row in rows], count)
        for row, some in zip(rows, chosen, strict=True):
            found[row] = some
    return found


def _blocks(images: Sequence[str]) -> Iterator[list[int]]:
    """The captions' numbers in blocks, those of an image together."""
    number_of = -(-len(images) // BLOCK)
    order = sorted(set(images))
    random.Random("0:blocks of captions").shuffle(order)
    block_of = {image: place % number_of for place, image in enumerate(order)}
    for block in range(number_of):
        rows = [row for row, image in enumerate(images) if block_of[image] == block]
        yield sorted(rows, key=lambda row: images[row])  # stable: an image's captions stay in order


def _within(captions: list[str], images: list[str], count: int) -> Iterator[list[str]]:
    """The chosen images of each caption of a block, whose captions are ordered by image."""
    distinct = [image for image, _ in groupby(images)]
    number = {image: row for row, image in enumerate(distinct)}
    image_of = np.array([number[image] for image in images])
    starts = np.searchsorted(image_of, np.arange(len(distinct)))
    vectors = _vectors(captions)
    for start in range(0, len(captions), ROWS):
        similar = (vectors[start : start + ROWS] @ vectors.T).toarray()
        best = np.maximum.reduceat(similar, starts, axis=1)  # the most similar of each image's captions
        best[best >= SAME] = NEITHER
        best[np.arange(len(best)), image_of[start : start + ROWS]] = NEITHER
        yield from ([distinct[image] for image in row] for row in _highest(best, count))


def _vectors(captions: list[str]) -> Any:
    """TF-IDF vectors of length 1, a sparse float32 matrix `[captions, n-grams]`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # here: it takes a second to import

    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32, sublinear_tf=True).fit_transform(
        captions
    )


def _highest(similar: NDArray[np.float32], count: int) -> Iterator[list[int]]:
    """The columns of the `count` highest values of each row, the first of equal ones."""
    order = np.argsort(-similar, axis=1, kind="stable")[:, :count]
    for row, columns in enumerate(order):
        yield [int(column) for column in columns if similar[row, column] > NEITHER]
