"""Captions with the image that they were written for, and with hard negatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.kinds.texts import encode_texts
from xstilts.tasks.examples import MatchingExample
from xstilts.tasks.similar import similar_images

LABELS = ("no match", "match")


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
