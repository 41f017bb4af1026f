"""The cache between preparing and learning: a directory with `card.json` and one Arrow file per split.

The splits are `train.arrow` and `dev.arrow`, or `test.arrow`. A *feature file* is a directory with one vector per
region, memory-mapped. Both chains import this module, and nothing from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError
from xstilts.base.files import CARD, check_sums, read_names, read_object, write_table
from xstilts.base.kinds import KINDS

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")  # endings of image files
TOKENS_OF_CUT_OUT = 4  # that the encoder reads for a region cut out of a drawing; for a cell of a photograph, one
BOX = 7  # x1 y1 x2 y2 width height area, all relative to the image

ROW = pa.schema(
    [
        ("id", pa.string()),  # of the example; the windows of a long one share it
        ("window", pa.int32()),  # number of the window; 0 where the example is one row
        ("task", pa.string()),
        ("language", pa.string()),
        (
            "input_ids",
            pa.list_(pa.int32()),
        ),  # token ids with the special tokens; of choices: one sequence after another
        ("lengths", pa.list_(pa.int32())),  # tokens of each choice in input_ids; empty: input_ids is one sequence
        ("image", pa.int32()),  # row in the feature file's image list, -1: no image
        ("second_image", pa.int32()),  # the right one of two, -1: there is none
        ("label", pa.int32()),  # class, choice or answer index, -1: an answer outside the vocabulary, or no label
        ("labels", pa.list_(pa.int32())),  # tagging: a tag at each word's first token, else -1; vqa: those of `answers`
        ("scores", pa.list_(pa.float32())),  # vqa: the score of each of `answers`, 0..1; empty: `label` alone is right
        # vqa with a description: tokens of the question, special tokens included, from whose states the answer is read;
        # -1: from those of all tokens
        ("question", pa.int32()),
        ("start", pa.int32()),  # first and last token of the answer span; 0 0: no answer here, -1: not a span task
        ("end", pa.int32()),
        ("context", pa.string()),  # span, dev and test: the whole text that the answer is cut out of; else ""
        ("offsets", pa.list_(pa.int32())),  # span, dev and test: first and last + 1 character of each token
        ("structural", pa.string()),  # question type; retrieval: `query` or `candidate`; "" where there is none
        ("semantic", pa.string()),
        ("image_id", pa.string()),  # of two images: both ids with a space between
        ("answer", pa.string()),  # gold answer or label as text
        ("answers", pa.list_(pa.string())),  # gold answers; choice: all; tagging: one tag per word; retrieval: ids
        # The source texts, in the order in which input_ids was made of them, so that words can be exchanged and the row
        # tokenised again. One text or a pair; choice: the shared text, then every choice; tagging: the row's words;
        # span: the question and the context. Of a context in several windows, the part that this one shows: its first
        # and last word may be cut. Keeping the whole context would repeat it in every window.
        ("texts", pa.list_(pa.string())),
    ]
)


def read_cache_card(cache: Path) -> dict[str, Any]:
    """The card of a cache; `DataError` if it lacks what every reader of it needs."""
    card = read_object(cache / CARD, "tasks")
    entries = card["tasks"].values() if isinstance(card["tasks"], dict) else [None]
    for entry in entries:
        known = isinstance(entry, dict) and entry.get("kind") in tuple(KINDS) and isinstance(entry.get("labels"), list)
        if not known:
            found = f"{entry!r} under tasks"
            raise DataError(cache / CARD, None, found, "tasks with a kind and labels", "run `dvc repro`")
    return card


def write_rows(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write columns (named as in `ROW`, equally long) as one uncompressed, memory-mappable Arrow file."""
    table = pa.table({field.name: pa.array(columns[field.name], field.type) for field in ROW}, schema=ROW)
    write_table(path, table)


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


def image_id(file: str) -> str:
    """The id of an image: its file's name without folder and ending; an id stays as it is."""
    name = PurePosixPath(file)
    return name.stem if name.suffix.lower() in PICTURES else name.name


def open_features(path: Path, sha256: str | None = None) -> Features:
    """Open a feature directory; with `sha256`, refuse any other features than those a cache was made with."""
    card = read_object(path / CARD, "sha256")
    if sha256 is not None and card["sha256"] != sha256:
        raise DataError(path, None, f"features {str(card['sha256'])[:12]}", sha256[:12], "run `dvc repro`")
    check_sums(path)
    vectors, boxes, offsets = (_open_array(path / f"{name}.npy") for name in ("features", "boxes", "offsets"))
    images = read_names(path / "images.json")
    regions = offsets[-1] if offsets.ndim == 1 and len(offsets) else -1
    if not (vectors.ndim == boxes.ndim == 2 and len(vectors) == len(boxes) == regions and boxes.shape[1] == BOX):
        found = f"vectors {list(vectors.shape)}, boxes {list(boxes.shape)} and {regions} regions"
        raise DataError(path, None, found, "as many of each", "run `dvc repro`")
    if len(offsets) != len(images) + 1 or (np.diff(offsets) < 0).any():
        raise DataError(
            path, None, f"{len(offsets)} offsets for {len(images)} images", "rising ones", "run `dvc repro`"
        )
    return Features(vectors, boxes, offsets, images)


def _open_array(path: Path) -> np.ndarray:
    """A .npy file, memory-mapped; `DataError` if it is damaged. No pickle is read."""
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy parses the header as Python, and lets every error of that through
        found = f"an unreadable array ({error})"
        raise DataError(path, None, found, "a .npy file of numbers", "run `dvc repro`") from None
    return array
