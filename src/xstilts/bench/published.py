"""A cache whose pictures have as many regions as detectors publish: random vectors in place of its own.

Speed depends on the number and size of the regions, not on what they show. The embedded world has two to four of them a
picture; the published sets have 36 of 2,048 numbers (Anderson et al. 2018, Bottom-Up and Top-Down Attention).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from xstilts.base.cache import open_features
from xstilts.base.errors import ParameterError
from xstilts.base.files import CARD, read_json, sha256_of, write_json
from xstilts.bench.comparison import Plan

DIM = 2048
PIECE = 64  # images whose vectors are drawn together


@contextmanager
def with_regions(plan: Plan) -> Iterator[Plan]:
    """The plan with a cache made for it for as long as the block runs; the plan itself if it asks for no regions."""
    if not plan.regions:
        yield plan
        return
    with tempfile.TemporaryDirectory() as folder:
        yield replace(plan, made=copy_with_regions(plan.learn("vqa"), Path(folder), plan.regions, plan.seed))


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
    """Write a feature directory with `regions` random regions an image; return a card's entry for it."""
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
