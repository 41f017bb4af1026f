"""Captions with the image that they were written for, and with hard negatives."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle, groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.kinds.texts import encode_texts
from xstilts.tasks.examples import MatchingExample

LABELS = ("no match", "match")
BLOCK = 8_192  # captions compared with each other: the time grows with their square
ROWS = 512  # captions of a block compared at a time: ROWS * BLOCK similarities are in memory
SAME = 1 - 1e-5  # from this similarity on, two captions count as the same text
NEITHER = -1.0  # similarity of an image that must not be chosen


def encode_matching(setting: Setting, examples: Sequence[MatchingExample]) -> Columns:
    """One row for a caption with its own image, then one for each hard negative: `<id>`, `<id>#1`, `<id>#2`, ...

    Raises:
        DataError: fewer other images than the task wants negatives.
    """
    negatives = hard_negatives(setting, examples)
    numbers = [number for number, some in enumerate(negatives) for _ in range(1 + len(some))]
    images = [image for one, some in zip(examples, negatives, strict=True) for image in (one.image, *some)]
    places = [place for some in negatives for place in range(1 + len(some))]
    texts, truncated = encode_texts(setting, [[one.text] for one in examples])
    values = {
        "id": [_name(examples[number], place) for number, place in zip(numbers, places, strict=True)],
        "language": [examples[number].language for number in numbers],
        "input_ids": texts["input_ids"].take(numbers),
        "texts": [texts["texts"][number] for number in numbers],
        "image": [setting.images[image] for image in images],
        "image_id": images,
        "label": [int(not place) for place in places],
        "answer": [LABELS[not place] for place in places],
    }
    return Columns(values, truncated * (1 + setting.task.encode.negatives))


def _name(example: MatchingExample, place: int) -> str:
    return f"{example.id}#{place}" if place else example.id


def hard_negatives(setting: Setting, examples: Sequence[MatchingExample]) -> list[list[str]]:
    """The images of each caption's negatives.

    Those of the first language are found by the captions' similarity. A caption in another language has the negatives
    of its image's caption in the first (where there are several, the nth has those of the nth), so that all languages
    judge the same pairs. Images without a caption in the first language are compared by the captions that they have.
    """
    count = setting.task.encode.negatives
    chosen: dict[int, list[str]] = {}
    by_image: dict[str, list[list[str]]] = defaultdict(list)
    for language in _languages(setting, examples):
        own = [number for number, one in enumerate(examples) if one.language == language]
        alone = [number for number in own if examples[number].image not in by_image]
        similar = similar_images(
            [examples[number].text for number in alone], [examples[number].image for number in alone], count
        )
        chosen.update(zip(alone, similar, strict=True))
        twins = {image: cycle(some) for image, some in by_image.items()}
        chosen.update({number: next(twins[examples[number].image]) for number in own if number not in chosen})
        for number in alone:
            by_image[examples[number].image].append(chosen[number])
    return [_enough(setting, example, chosen[number], count) for number, example in enumerate(examples)]


def _languages(setting: Setting, examples: Sequence[MatchingExample]) -> list[str]:
    """The languages of the split, in the order that the task lists them in."""
    found = dict.fromkeys(one.language for one in examples)
    return sorted(found, key=setting.task.encode.languages.index)


def _enough(setting: Setting, example: MatchingExample, images: list[str], count: int) -> list[str]:
    if len(images) < count:
        expected, todo = f"{count} (encode.negatives)", "add images, or ask for fewer negatives"
        raise setting.error(example, f"{len(images)} other images with other captions", expected, todo)
    return images


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
