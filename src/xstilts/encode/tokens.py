"""From text to token ids, with the encoder's own tokenizer file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Encoding, Tokenizer

from xstilts.base.errors import DataError

Text = str | tuple[str, str]
BATCH = 4096  # texts encoded at a time: keeps every core busy and few offsets in memory


def open_tokenizer(path: Path, max_length: int) -> Tokenizer:
    """Open a tokenizer.json; special tokens come from its own template (`<s> a </s></s> b </s>` for a pair
    in XLM-R).

    Args:
        max_length: tokens, special tokens included; of a pair, the longer text is cut first.

    Raises:
        DataError: if there is no such file, or it is not a tokenizer.
    """
    if not path.is_file():
        raise DataError(path, None, "no such file", "the encoder's tokenizer.json", "run `dvc repro`")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exceptions
        raise DataError(
            path, None, f"a file that is not a tokenizer ({error})", "a tokenizer.json", "run `dvc repro`"
        ) from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, strategy="longest_first")
    return tokenizer


def encode(
    tokenizer: Tokenizer, texts: Sequence[Text], offsets: bool = False, special_tokens: bool = True
) -> Iterator[Encoding]:
    """Encode texts and pairs of texts, in order.

    Args:
        offsets: whether the encodings must know each token's characters (slower).
        special_tokens: whether the template's special tokens are put around each text.
    """
    batch_of = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
    for start in range(0, len(texts), BATCH):
        yield from batch_of(list(texts[start : start + BATCH]), add_special_tokens=special_tokens)


def is_truncated(encoding: Encoding) -> bool:
    """Whether tokens were cut off."""
    return bool(encoding.overflowing)


@contextmanager
def uncut(tokenizer: Tokenizer) -> Iterator[Tokenizer]:
    """The tokenizer without its limit of tokens, which is restored after the block."""
    limit = tokenizer.truncation
    tokenizer.no_truncation()
    try:
        yield tokenizer
    finally:
        if limit is not None:
            tokenizer.enable_truncation(**limit)


@dataclass(frozen=True)
class Template:
    """The special tokens around a text and around a pair of texts, as the tokenizer's own template puts them.

    Attributes:
        single: those before and after a text.
        pair: those before the first text of a pair, between the two, and after the second.
    """

    single: tuple[list[int], list[int]]
    pair: tuple[list[int], list[int], list[int]]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Template:
        """Find the special tokens by encoding a letter, and a pair of letters."""
        before, after = _around(tokenizer.encode("a"))
        return cls((before, after), tuple(_around(tokenizer.encode("a", "a"))))  # type: ignore[arg-type]


def _around(encoding: Encoding) -> list[list[int]]:
    """The special tokens before, between and after the texts of an encoding."""
    runs: list[list[int]] = [[]]
    text = None
    for token, special, sequence in zip(encoding.ids, encoding.special_tokens_mask, encoding.sequence_ids, strict=True):
        if special:
            runs[-1].append(token)
        elif sequence != text:
            text = sequence
            runs.append([])
    return runs


class IntLists:
    """A column of lists of 32-bit integers, appended to list by list."""

    def __init__(self, lists: Iterable[Iterable[int]] = ()) -> None:
        self._values = array("i")
        self._ends = array("i", [0])
        for one in lists:
            self.append(one)

    def append(self, values: Iterable[int]) -> None:
        """Add one list."""
        self._values.extend(values)
        self._ends.append(len(self._values))

    def arrow(self) -> pa.ListArray:
        """The column, `list<int32>`."""
        ends, values = (pa.array(np.frombuffer(part, np.int32)) for part in (self._ends, self._values))
        return pa.ListArray.from_arrays(ends, values)
