"""A column of lists, flat in memory: row i has the values between two offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Lists:
    """Lists of numbers.

    Attributes:
        values: the values of all lists, one list after the other.
        offsets: int64 `[rows + 1]`; list i is `values[offsets[i]:offsets[i + 1]]`.
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Lists:
        """A column of a table, without a copy where Arrow has it in one piece."""
        lists = column.combine_chunks()
        if not len(lists):
            return cls(np.zeros(0, np.int64), np.zeros(1, np.int64))
        offsets = lists.offsets.to_numpy().astype(np.int64)
        return cls(lists.flatten().to_numpy(), offsets - offsets[0])  # a slice keeps the whole buffer behind it

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def padded(self, rows: np.ndarray, filler: float) -> np.ndarray:
        """Some of the lists as one array `[rows, longest]`, padded at the end: int64, or the values' own float type."""
        return gathered(self.values, self.offsets[rows], self.lengths[rows], filler)

    def joined(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some of the lists one after the other, and for every value the position in `rows` of its list (0, 1, ...)."""
        lengths = self.lengths[rows]
        return self.values[spans(self.offsets[rows], lengths)], np.repeat(np.arange(len(rows)), lengths)

    @property
    def lengths(self) -> np.ndarray:
        """How many values each list has, int64 `[rows]`."""
        return np.diff(self.offsets)

    def largest(self) -> np.ndarray:
        """The largest value of each list `[rows]`, in the type of `padded`; 0 for an empty one."""
        found, filled = np.zeros(len(self.offsets) - 1, _type(self.values)), self.lengths > 0
        if filled.any():
            found[filled] = np.maximum.reduceat(self.values, self.offsets[:-1][filled])
        return found


def gathered(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray, filler: float) -> np.ndarray:
    """Pieces of an array as one array `[pieces, longest]`, padded at the end: int64, or the values' own float type."""
    places = np.arange(int(lengths.max()))
    inside = places < lengths[:, None]
    found = np.full(inside.shape, filler, _type(values))
    found[inside] = values[spans(starts, lengths)]
    return found


def spans(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The indices `start, ..., start + length - 1` of every piece, one piece after the other: int64."""
    return np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))


def _type(values: np.ndarray) -> np.dtype[Any]:
    """What a batch holds values in: whole numbers are wider than on disk, and floats are never cut."""
    return values.dtype if np.issubdtype(values.dtype, np.floating) else np.dtype(np.int64)
