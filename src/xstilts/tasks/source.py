"""What a reader is given: the files of one language of a split, and what must be known to read them.

Whatever is wrong with a file or a row is a `DataError` that names the file, and the row's line or id.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TypeVar

from xstilts.base.errors import DataError
from xstilts.base.languages import LANGUAGES
from xstilts.tasks.examples import Example, Reading
from xstilts.tasks.rows import ANOTHER_FILE, LeftOut, Row, Unique
from xstilts.tasks.schema import TaskSpec
from xstilts.tasks.streams import json_lines

PLACEHOLDER = "NS"  # PAWS-X has it where a sentence was not translated
PLACEHOLDER_REASON = f"'{PLACEHOLDER}' in place of a text"
TEXTS = ("text", "second", "question", "context")  # the fields of an example that a reader of the language reads
Made = TypeVar("Made", bound=Example)


@dataclass(frozen=True)
class Source:
    """One file, or those that are read together, in one language.

    Attributes:
        paths: the files, in the order of the task's list; most formats have one.
        language: the one that is read.
        split: `train`, `dev` or `test`; of a file that holds several, only its rows are read.
        images: the ids of the available images; None skips the check.
        number: of the source in its language and split, from 1; 0 if it is the only one.
        left_out: {reason: rows that were left out so far}.
    """

    paths: tuple[Path, ...]
    language: str
    split: str
    task: TaskSpec
    images: Collection[str] | None = None
    number: int = 0
    left_out: Counter[str] = field(default_factory=Counter, compare=False)

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

    def in_language(self, row: Row, found: str) -> bool:
        """Whether a row of a file that holds several languages is in the one that is read.

        Raises:
            DataError: `found` is no code of a language: `EN` or ` en` would be skipped for ever.
        """
        if found not in LANGUAGES:
            raise row.error(f"language '{found}'", "a code in small letters, such as en", "correct the row")
        return found == self.language

    def json_lines(self) -> Iterator[Row]:
        """The rows of the first file, JSON lines; blank lines are counted."""
        return json_lines(self.path, self.left_out)

    def each(self, rows: Iterable[Row], make: Callable[[Row], Made | None]) -> Reading[Made]:
        """The examples that `make` gives of the rows; it returns None for a row of another split or language.

        Left out and counted are rows with a placeholder in place of a text, those for which `make` raises `LeftOut`,
        and, in train where the task says `bad_rows: skip`, those that it refuses. A file whose rows cannot be told
        apart, such as broken JSON or too few columns, is an error all the same.

        Raises:
            DataError: what is wrong with a row, or an id that an earlier row has.
        """
        ids, examples = Unique(), []
        skips = self.split == "train" and self.task.encode.bad_rows == "skip"
        for row in rows:
            try:
                if (example := make(row)) is not None:
                    ids.check(row, example.id, getattr(example, "side", ""))
                    _check_texts(example)
                    examples.append(example)
            except LeftOut as reason:
                self.left_out[str(reason)] += 1
            except DataError as error:
                if not skips:
                    raise self._with_a_way_out(error) from None
                self.left_out[f"bad row, expected {error.expected}"] += 1
        return Reading(examples, self.left_out)

    def _with_a_way_out(self, error: DataError) -> DataError:
        """What is wrong with a row; of train, with the setting that leaves such rows out."""
        if self.split == "train":
            error.args = (f"{str(error).removesuffix('.')}; or set encode.bad_rows: skip to leave such rows out",)
        return error

    def some(self, reading: Reading[Example]) -> Reading[Example]:
        """Return the reading; an error if it has no examples."""
        if reading.examples:
            return reading
        left_out = "".join(f", {rows} left out: {reason}" for reason, rows in reading.skipped.items())
        found = f"no row of the split '{self.split}' in '{self.language}'{left_out}"
        whole = "give a file with their texts, or take the language out of encode.languages"
        raise DataError(self.path, None, found, "at least one", whole if left_out else ANOTHER_FILE)


def reads(
    rows: Callable[[Source], Iterable[Row]] = Source.json_lines,
) -> Callable[[Callable[[Row, Source], Made | None]], Callable[[Source], Reading[Made]]]:
    """Turn a function that makes an example of one row into a reader of a source (`Source.each`).

    Args:
        rows: of a source; by default those of a file of JSON lines.
    """

    def reader_of(make: Callable[[Row, Source], Made | None]) -> Callable[[Source], Reading[Made]]:
        @wraps(make)
        def read(source: Source) -> Reading[Made]:
            return source.each(rows(source), lambda row: make(row, source))

        return read

    return reader_of


def _check_texts(example: Example) -> None:
    """Raise `LeftOut` for an example with a placeholder in place of a text."""
    for name in TEXTS:
        value = getattr(example, name, None)
        if isinstance(value, str) and value.strip() == PLACEHOLDER:
            raise LeftOut(PLACEHOLDER_REASON)
