"""Rows of the hub, streamed from their files and written as JSON lines in the format `rows`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from xstilts.base.errors import DataError
from xstilts.data.hub_files import SplitFiles
from xstilts.data.hub_map import LeftOut, RowMap
from xstilts.data.progress import tracked


@dataclass
class Counts:
    """How many rows of the hub were read, how many written, left out for a reason, and changed in some way."""

    read: int = 0
    written: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)


def write_rows(
    rows: RowMap,
    files: SplitFiles,
    limits: int | list[int] | None,
    lines: TextIO | None,
    counts: Counts,
    expected: int | None = None,
) -> None:
    """Download the files of a split one by one and write their rows, until there are as many as are wanted.

    Args:
        limits: how many rows are read, or the first and the last + 1, from 0; None: all.
        lines: what is written to; None: only pictures are kept.
        counts: of what was written so far, which is counted on.
        expected: how many there are, for the progress; None: that is not known.

    Raises:
        DataError: a broken file, a column that is not there, an unknown label, or a value that no field can have.
    """
    first, last = limits if isinstance(limits, list) else (0, limits)
    for number, row in enumerate(tracked(_wanted(rows, files, last), "rows", expected or last)):
        if number < first:
            continue
        for content in rows.items(row, counts.read):
            if isinstance(content, LeftOut):
                counts.skipped[str(content)] += 1
                continue
            if lines is not None:
                lines.write(json.dumps(content, ensure_ascii=False) + "\n")
            counts.written += 1
        counts.read += 1
    counts.changed.update(rows.changed)


def _wanted(rows: RowMap, files: SplitFiles, last: int | None) -> Iterator[Mapping[str, Any]]:
    """The rows that are asked for, up to a number; a file that is not needed any more is not downloaded."""
    number = 0
    for path in files.paths:
        if last is not None and number >= last:
            return
        place = f"{files.repository.place}/{path}"
        for row in _of_file(rows, files, path, place):
            if last is not None and number >= last:
                return
            if rows.is_wanted(row, place, number + 1):
                number += 1
                yield row


def _of_file(rows: RowMap, files: SplitFiles, path: str, place: str) -> Iterator[Mapping[str, Any]]:
    """The rows of one file, streamed; pictures stay as they are, undecoded."""
    import pyarrow as pa
    from datasets import IterableDataset
    from datasets.exceptions import DatasetGenerationError

    local = str(files.repository.download(path))
    try:
        found = getattr(IterableDataset, f"from_{files.format}")(local)
        needed = rows.check(found.features, place) if found.features else []
        if files.format == "parquet":
            found = IterableDataset.from_parquet(local, columns=needed)
        yield from found.decode(False) if found.features else found
    except (pa.ArrowException, DatasetGenerationError, OSError, UnicodeDecodeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        found, todo = f"a broken file ({reason})", f"delete {local} and run again"
        raise DataError(place, None, found, "a whole one", todo) from None
