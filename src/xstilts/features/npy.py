"""Writing `.npy` files that are larger than memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray


class NpyWriter:
    """Writes the rows of a `.npy` file `[rows, dim]` batch by batch; use it in a `with`."""

    def __init__(self, path: Path, dim: int, dtype: str) -> None:
        self._file = path.open("wb")
        self._dim, self._dtype = dim, np.dtype(dtype)
        self.rows = 0
        self._header()

    def _header(self) -> None:
        # numpy pads the header for a first axis that grows, so the final one fits over the first
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (self.rows, self._dim)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows `[n, dim]`."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self.rows += len(rows)

    def __enter__(self) -> NpyWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.seek(0)
        self._header()
        self._file.close()
