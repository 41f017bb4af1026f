"""Examples that a long text has cut into several rows, its windows, put together again."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa


def windows_of(table: pa.Table) -> list[np.ndarray]:
    """The rows of each example, in the order of its windows; examples in the order of their first rows.

    An example is known by language and id: parallel test sets use the same ids in every language.
    """
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    keys = zip(table["language"].to_pylist(), table["id"].to_pylist(), strict=True)
    for row, key in enumerate(keys):
        found[key].append(row)
    order = table["window"].to_numpy()
    return [np.array(sorted(rows, key=lambda row: order[row])) for rows in found.values()]
