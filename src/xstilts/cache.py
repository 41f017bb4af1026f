"""The card of a cache: what the preparing half writes and the learning half opens.

A *cache* is a directory with `card.json` and one Arrow file a split (`train.arrow` and `dev.arrow`, or `test.arrow`). A
*feature file* is a directory with one vector a region, memory-mapped. Both halves of xstilts import this module and
nothing of each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors import SafetensorError

from xstilts.errors import DataError

CARD = "card.json"
BOX = 7  # x1 y1 x2 y2 width height area, all relative to the image

ROW = pa.schema(
    [
        ("id", pa.string()),  # of the example; the windows of a long one share it
        ("window", pa.int32()),  # number of the window, 0 where the example is one row
        ("task", pa.string()),
        ("language", pa.string()),
        ("input_ids", pa.list_(pa.int32())),  # token ids with the special tokens; of choices: one after the other
        ("lengths", pa.list_(pa.int32())),  # tokens of each choice in input_ids; empty: input_ids is one sequence
        ("image", pa.int32()),  # row in the feature file's image list, -1: no image
        ("second_image", pa.int32()),  # the right one of two, -1: there is none
        ("label", pa.int32()),  # class, choice or answer index, -1: an answer outside the vocabulary, or no label
        ("labels", pa.list_(pa.int32())),  # tagging: a tag at each word's first token; vqa: those of `answers`; else -1
        ("scores", pa.list_(pa.float32())),  # vqa: the score of each of `answers`, 0..1; empty: `label` alone is right
        ("start", pa.int32()),  # first and last token of the answer span, 0 0: no answer here, -1: not a span task
        ("end", pa.int32()),
        ("context", pa.string()),  # span, dev and test: the text that the answer is cut out of, else ""
        ("offsets", pa.list_(pa.int32())),  # span, dev and test: first and last+1 character a token, -1 -1 outside
        ("structural", pa.string()),  # question type; retrieval: `query` or `candidate`; "" where there is none
        ("semantic", pa.string()),
        ("image_id", pa.string()),  # of two images: both ids, a space between
        ("answer", pa.string()),  # gold answer or label as text
        ("answers", pa.list_(pa.string())),  # gold answers; choice: all choices; tagging: a tag a word; retrieval: ids
    ]
)


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary directory that replaces `path` at the end, or vanishes if the block fails.

    Nobody ever sees half an output, and an earlier one survives every failure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield draft
        draft.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_of_files(directory: Path) -> str:
    """Return one SHA-256 for the names and contents of all files in a directory, its card left out."""
    files = sorted(path for path in directory.iterdir() if path.name != CARD)
    listed = "".join(f"{path.name} {sha256_of(path)}\n" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write JSON that diffs well: two spaces, UTF-8, a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; `DataError` naming the file if it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "a JSON file", "run `dvc repro`") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise DataError(path, line, f"broken JSON ({error})", "valid JSON", "make the file again") from None


def read_tensors(path: Path, load: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Read a safetensors file with `load` (the reader of the framework in use); `DataError` if missing or damaged."""
    try:
        return load(path)
    except (SafetensorError, OSError) as error:
        found = f"an unreadable file ({error})"
        raise DataError(path, None, found, "whole safetensors", "run `dvc repro` again") from None


def write_rows(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write columns (named as in `ROW`, equally long) as one uncompressed, memory-mappable Arrow file."""
    table = pa.table({field.name: pa.array(columns[field.name], field.type) for field in ROW}, schema=ROW)
    write_table(path, table)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as an Arrow IPC file; the same rows give the same bytes."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=1 << 16)


def open_rows(path: Path) -> pa.Table:
    """Open an Arrow file memory-mapped: nothing is read before it is used."""
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "a cache", "run `dvc repro`") from None
    except pa.ArrowInvalid as error:
        raise DataError(path, None, f"a broken Arrow file ({error})", "a whole cache", "run `dvc repro`") from None


@dataclass(frozen=True)
class Features:
    """Region features of a set of images, memory-mapped.

    Attributes:
        vectors: float16 `[regions, dim]`.
        boxes: float32 `[regions, 7]`: x1 y1 x2 y2 width height area, relative to the image.
        offsets: int64 `[images + 1]`; image i owns rows `offsets[i]:offsets[i + 1]`.
        images: the image ids, in order.
    """

    vectors: np.ndarray
    boxes: np.ndarray
    offsets: np.ndarray
    images: list[str]

    def regions(self, image: int) -> slice:
        """The rows of one image, given its index."""
        return slice(int(self.offsets[image]), int(self.offsets[image + 1]))


def open_features(path: Path, sha256: str | None = None) -> Features:
    """Open a feature directory; with `sha256`, refuse any other features than those a cache was made with."""
    card = read_json(path / CARD)
    if sha256 is not None and card["sha256"] != sha256:
        raise DataError(path, None, f"features {card['sha256'][:12]}", sha256[:12], "run `dvc repro`")
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in ("features", "boxes", "offsets")}
    return Features(arrays["features"], arrays["boxes"], arrays["offsets"], read_json(path / "images.json"))
