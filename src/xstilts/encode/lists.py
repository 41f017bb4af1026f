"""Columns of token ids, built without a Python object a token."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
import pyarrow as pa


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
