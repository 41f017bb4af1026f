"""A text, a pair of texts, or a text about one or two images, with a class."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.encode.columns import OUTSIDE, Columns, Setting, names
from xstilts.encode.kinds.text import encode_texts
from xstilts.tasks.examples import ClassificationExample


def encode_classification(setting: Setting, examples: Sequence[ClassificationExample]) -> Columns:
    """One row an example; `image_id` of two images is both ids with a space between.

    Raises:
        DataError: a label that the task does not have.
    """
    texts = [one.text if one.second is None else (one.text, one.second) for one in examples]
    input_ids, truncated = encode_texts(setting, texts)
    values = {
        **names(examples),
        "input_ids": input_ids,
        "image": [_image(setting, one, 0) for one in examples],
        "second_image": [_image(setting, one, 1) for one in examples],
        "image_id": [" ".join(one.images) for one in examples],
        "label": _labels(setting, examples),
        "answer": [one.label for one in examples],
    }
    return Columns(values, truncated)


def _image(setting: Setting, example: ClassificationExample, number: int) -> int:
    return setting.images[example.images[number]] if number < len(example.images) else OUTSIDE


def _labels(setting: Setting, examples: Sequence[ClassificationExample]) -> list[int]:
    index = setting.index()
    for example in examples:
        if example.label not in index:
            raise setting.unknown_label(example, example.label)
    return [index[one.label] for one in examples]
