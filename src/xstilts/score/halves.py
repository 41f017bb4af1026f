"""The test questions in two halves: what is learned without labels from one is used for the other, never for itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from xstilts.base.errors import DataError
from xstilts.train.examples import Examples

ENGLISH = "en"


def halves(examples: Examples, option: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each half of each language but English: its rows, and those of the other half in English and in the language.

    Args:
        option: the setting of `score` that asks for them, which errors name.

    Yields:
        Three times bool `[rows]`.

    Raises:
        DataError: one of the last two has no rows.
    """
    number = np.array([zlib.crc32(name.encode()) % 2 for name in examples.ids])
    for language in sorted(set(examples.languages) - {ENGLISH}):
        for half in (0, 1):
            own, other = (examples.languages == language) & (number == half), number != half
            english, same = ((examples.languages == one) & other for one in (ENGLISH, language))
            if own.any() and not (english.any() and same.any()):
                expected, todo = "other questions in English and in the language", f"score without `{option}`"
                raise DataError("score", None, f"too few questions in '{language}'", expected, todo)
            if own.any():
                yield own, english, same
