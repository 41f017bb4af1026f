"""A column of lists, flat in memory: row i has the values between two offsets."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def lengths(self) -> np.ndarray:
        """How many values each list has, int64 `[rows]`."""
        return np.diff(self.offsets)

    def largest(self) -> np.ndarray:
        """The largest value of each list, int64 `[rows]`; 0 of an empty one."""
        found, filled = np.zeros(len(self.offsets) - 1, np.int64), self.lengths > 0
        if filled.any():
            found[filled] = np.maximum.reduceat(self.values, self.offsets[:-1][filled])
        return found
