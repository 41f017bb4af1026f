"""Writing a feature directory: arrays that may be larger than memory, the list of images, and the card."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from xstilts.base.files import CARD, sha256_of_files, write_json


class NpyWriter:
    """Writes the rows of a `.npy` file `[rows, dim]` batch by batch; `close` it at the end, or use it in a `with`.

    Args:
        rows: how many of an existing file's rows stay; what is behind them is cut off. 0 starts a new file.
    """

    def __init__(self, path: Path, dim: int, dtype: str, rows: int = 0) -> None:
        self._file = path.open("r+b" if rows else "wb")
        self._dim, self._dtype, self.rows = dim, np.dtype(dtype), rows
        self._header()
        self._file.truncate(self._file.tell() + rows * dim * self._dtype.itemsize)
        self._file.seek(0, os.SEEK_END)

    def _header(self) -> None:
        # numpy pads the header for a first axis that grows, so the final one fits over the first
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (self.rows, self._dim)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows `[n, dim]`."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self.rows += len(rows)

    def flush(self) -> None:
        """Hand all rows to the system, so that they outlive the process."""
        self._file.flush()

    def close(self) -> None:
        """Write the header with the number of rows."""
        self._file.seek(0)
        self._header()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_list_and_card(
    draft: Path, about: Mapping[str, Any], ids: Sequence[str], counts: Sequence[int], settings: Mapping[str, Any]
) -> None:
    """Write images.json, offsets.npy and card.json beside features.npy and boxes.npy (layout: `xstilts.base.cache`).

    Args:
        about: `name` of the set, `vision` (what made the vectors) and their length `dim`.
        ids: the image ids, in order.
        counts: how many regions each image has.
        settings: how the features were made.
    """
    np.save(draft / "offsets.npy", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
    write_json(draft / "images.json", list(ids))
    size = {"images": len(counts), "regions": sum(counts)}
    card = {**about, **size, "settings": dict(settings), "sha256": sha256_of_files(draft)}
    write_json(draft / CARD, card)
