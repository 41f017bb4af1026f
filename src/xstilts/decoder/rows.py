"""The rows of a cache as a decoder is asked them: their texts, and their pictures as they were published.

The questions, their order, the answer vocabulary, and which row has whose picture in a control are those of every other
cell: the tokenised cache holds the texts beside their tokens. The pictures are read from the raw set that the features
were made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.base.cells import DATA
from xstilts.base.errors import ParameterError
from xstilts.base.images import ImageSource
from xstilts.decoder.model import Asked
from xstilts.decoder.settings import DESCRIPTION, QUESTION, DecoderSettings
from xstilts.train.examples import Examples

RAW, IMAGES, KIND = DATA / "raw", "images.zip", "vqa"


def only_task(card: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the entry of a cache's one task; `ParameterError` if a decoder cannot be trained on it."""
    if len(card["tasks"]) != 1:
        raise ParameterError(f"{card['name']}: a mixture, and a decoder is trained on one task; choose a member of it")
    ((task, entry),) = card["tasks"].items()
    if entry["kind"] != KIND:
        found = f"{task}: a decoder answers questions (kind {KIND}), and this is of kind {entry['kind']}"
        raise ParameterError(f"{found}; choose another task")
    return task, entry


@dataclass(frozen=True)
class Rows:
    """The rows of one split.

    Attributes:
        examples: the rows.
        prompts: what is asked in each.
        images: the id of each row's picture, "" where it has none.
        source: the pictures; None where no row has one.
    """

    examples: Examples
    prompts: Sequence[str]
    images: Sequence[str]
    source: ImageSource | None

    @classmethod
    def of(cls, examples: Examples, settings: DecoderSettings, raw: Path = RAW) -> Rows:
        """The rows of a split.

        Args:
            raw: the folder of the raw sets.

        Raises:
            DataError: the pictures are not there, or broken.
            ParameterError: the features are not made of pictures.
        """
        task, entry = only_task(examples.card)
        prompts = [_prompt(texts, settings) for texts in examples.table["texts"].to_pylist()]
        features = examples.pictures.features.get(task)
        names = [features.images[one] if features and one >= 0 else "" for one in examples.pictures.images[:, 0]]
        if not any(names):
            return cls(examples, prompts, names, None)
        place = raw / Path(entry["features"]["path"]).name
        if not (place / IMAGES).is_file() and (place / "vectors").is_dir():
            raise ParameterError(f"{task}: {place} has vectors in place of pictures, which a decoder cannot look at")
        return cls(examples, prompts, names, ImageSource(place / IMAGES))

    def __len__(self) -> int:
        return len(self.prompts)

    def asked(self, rows: Sequence[int]) -> list[Asked]:
        """Some rows, each with its picture."""
        return [Asked(self.prompts[row], self._picture(self.images[row])) for row in rows]

    def _picture(self, name: str) -> Any:
        return self.source.read(name) if self.source and name else None

    def distinct(self) -> tuple[list[int], np.ndarray]:
        """The first of all rows that ask the same about the same picture; and which of these each row is like."""
        places: dict[tuple[str, str], int] = {}
        numbers = [places.setdefault(key, len(places)) for key in zip(self.prompts, self.images, strict=True)]
        first = np.unique(numbers, return_index=True)[1]
        return first.tolist(), np.array(numbers)

    def batches(self, rows: Sequence[int], size: int) -> list[list[int]]:
        """Some rows in batches of similar length, the longest first; those without a picture have their own."""
        by_length = sorted(rows, key=lambda row: (not self.images[row], -len(self.prompts[row])))
        kinds = [[row for row in by_length if bool(self.images[row]) == pictured] for pictured in (True, False)]
        return [part[start : start + size] for part in kinds for start in range(0, len(part), size)]


def _prompt(texts: Sequence[str], settings: DecoderSettings) -> str:
    """The prompt of a question, or of a question and a description; braces in either stay as they are."""
    if len(texts) == 1:
        return settings.prompt.replace(QUESTION, texts[0])
    before, _, after = settings.prompt_told.partition(DESCRIPTION)
    return before.replace(QUESTION, texts[0]) + texts[1] + after.replace(QUESTION, texts[0])
