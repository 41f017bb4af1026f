"""The rows that every side of a comparison works on, and a copy of a cache with as many regions as detectors publish.

Speed depends on the number and size of the regions, not on what they show. The embedded world has two to four regions
per picture; the published sets have 36 of 2,048 numbers (Anderson et al. 2018, Bottom-Up and Top-Down Attention).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.cache import open_features
from xstilts.base.errors import ParameterError
from xstilts.base.files import CARD, open_rows, read_json, sha256_of, write_json
from xstilts.bench.job import Job
from xstilts.train.examples import Examples

DIM = 2048
PIECE = 64  # images whose vectors are drawn together


def read_card(job: Job) -> tuple[str, dict[str, Any]]:
    """The one task of the job's cache, and the whole card.

    Raises:
        ParameterError: several tasks, or one whose examples do not have one label each.
    """
    card = read_json(Path(job.cache) / CARD)
    kinds = {task: entry["kind"] for task, entry in card["tasks"].items()}
    if len(kinds) != 1 or not set(kinds.values()) <= {"classification", "vqa"}:
        found = ", ".join(f"{task} ({kind})" for task, kind in kinds.items()) or "no task"
        raise ParameterError(f"{job.cache}: found {found}, expected one task of kind classification or vqa")
    return next(iter(kinds)), card


def table_of(job: Job, rows: Sequence[int], split: str | None = None) -> pa.Table:
    """Rows of a split (the job's own if None), in the order in which they are named."""
    path = Path(job.cache) / f"{split or job.split}.arrow"
    return open_rows(path).take(pa.array(rows, pa.int64()))


def examples_of(job: Job, rows: Sequence[int], split: str | None = None) -> Examples:
    """The same rows as the pipeline opens them."""
    return Examples(table_of(job, rows, split), read_card(job)[1])


def token_ids(table: pa.Table) -> list[list[int]]:
    """Token ids of every row, special tokens included, no padding."""
    ids: list[list[int]] = table["input_ids"].to_pylist()
    return ids


def labels_of(table: pa.Table) -> np.ndarray:
    """Labels int64 `[rows]`, -1: an answer outside the vocabulary."""
    return np.asarray(table["label"].to_numpy()).astype(np.int64)


def tokenizer_file(job: Job) -> Path:
    """The encoder's own tokenizer."""
    return Path(job.public) / "encoder" / "tokenizer.json"


def copy_with_regions(cache: Path, folder: Path, regions: int, seed: int) -> Path:
    """A cache of the same rows, in `folder`, every picture of which has `regions` random regions.

    Raises:
        ParameterError: the cache's task has no pictures.
    """
    card = read_json(cache / CARD)
    for task, entry in card["tasks"].items():
        if not entry.get("features"):
            raise ParameterError(f"--regions: {cache}: found '{task}' without pictures, expected one with them")
        images = open_features(Path(entry["features"]["path"])).images
        entry["features"] = write_regions(folder / f"features-{task}", images, regions, seed)
    out = folder / "learn"
    out.mkdir()
    write_json(out / CARD, card)
    for split in card["rows"]:
        (out / f"{split}.arrow").symlink_to((cache / f"{split}.arrow").resolve())
    return out


def write_regions(folder: Path, images: list[str], regions: int, seed: int) -> dict[str, object]:
    """Write a feature directory with `regions` random regions per image; return a card's entry for it."""
    folder.mkdir()
    random, count = np.random.default_rng(seed), len(images) * regions
    vectors = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float16, (count, DIM))
    for start in range(0, count, PIECE * regions):
        part = vectors[start : start + PIECE * regions]
        part[:] = np.abs(random.standard_normal(part.shape, np.float32))  # a detector's vectors are not negative
    vectors.flush()
    corners = np.sort(random.random((count, 2, 2), np.float32), axis=1)
    size = corners[:, 1] - corners[:, 0]
    np.save(folder / "boxes.npy", np.concatenate([corners.reshape(-1, 4), size, size.prod(1, keepdims=True)], axis=1))
    np.save(folder / "offsets.npy", np.arange(len(images) + 1) * regions)
    write_json(folder / "images.json", images)
    sha256 = sha256_of(folder / "features.npy")
    write_json(folder / CARD, {"name": folder.name, "sha256": sha256, "dim": DIM})
    return {"path": str(folder), "sha256": sha256, "dim": DIM}
