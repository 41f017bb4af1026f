"""What a reader is given: the files of one language of a split, and what must be known to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Example, Reading
from xstilts.tasks.rows import ANOTHER_FILE, Row
from xstilts.tasks.schema import TaskSpec


@dataclass(frozen=True)
class Source:
    """One file, or those that are read together, in one language.

    Attributes:
        paths: the files, in the order of the task's list; most formats have one.
        language: the one that is read.
        split: `train`, `dev` or `test`; of a file that holds several, only its rows are read.
        images: the ids of the available images; None skips the check.
        number: of the source in its language and split, from 1; 0 if it is the only one.
    """

    paths: tuple[Path, ...]
    language: str
    split: str
    task: TaskSpec
    images: Collection[str] | None = None
    number: int = 0

    @property
    def path(self) -> Path:
        """The first file."""
        return self.paths[0]

    @property
    def has_images(self) -> bool:
        """Whether the task's images are used."""
        return self.task.encode.features is not None

    def in_part(self, image: str) -> bool:
        """Whether an image is in the part of the images of train and dev that the task takes (`encode.part`)."""
        low, high = self.task.encode.part
        place = int.from_bytes(hashlib.blake2b(image.encode(), digest_size=8).digest()) / 2**64
        return self.split == "test" or low <= place < high

    def own_id(self, row: int | str) -> str:
        """An id for a row whose official file has none, or numbers that another split's file has too.

        It is the same in every language, so that scores can be compared row by row, and differs between splits and
        files: `test-17`, `train2-17`.
        """
        return f"{self.split}{self.number or ''}-{row}"

    def of_split(self, row: Row, key: str, splits: Mapping[str, str]) -> bool:
        """Whether a row belongs to the split that is read; `splits` says what the file calls each.

        Raises:
            DataError: a split that `splits` does not have.
        """
        found = row.text(key)
        if found not in splits:
            raise row.error(f"{key} '{found}'", f"one of {', '.join(splits)}", ANOTHER_FILE)
        return splits[found] == self.split

    def some(self, reading: Reading[Example]) -> Reading[Example]:
        """Return the reading; an error if it has no examples."""
        if reading.examples:
            return reading
        left_out = "".join(f", {rows} left out: {reason}" for reason, rows in reading.skipped.items())
        found = f"no row of the split '{self.split}' in '{self.language}'{left_out}"
        raise DataError(self.path, None, found, "at least one", ANOTHER_FILE)


def counted(reasons: Sequence[str]) -> dict[str, int]:
    """{reason: rows} of the reasons for which rows were left out, one reason per row."""
    return {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
