"""A feature directory in the making, which outlives its process: the next call resumes where a killed one ended."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from xstilts.base.cache import BOX
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.features.directory import NpyWriter
from xstilts.features.regions import Boxes

JOURNAL = "journal.json"
SECONDS = 10.0  # between two notes of how far it is: what a kill can cost


class FeatureDraft:
    """`features.npy` and `boxes.npy`, to which images are appended in order; use it in a `with`.

    Args:
        place: its directory. What is there of other inputs is deleted.
        inputs: all that decides what the features are, as JSON.
        dim: length of a vector.

    Attributes:
        counts: {image id: its number of regions}, of every image that is done.
        broken: {image id: what is wrong with its file}, of those that could not be read.
    """

    def __init__(self, place: Path, inputs: Mapping[str, Any], dim: int) -> None:
        self.place, self._inputs, self._noted = place, dict(inputs), time.monotonic()
        self.counts: dict[str, int] = {}
        self.broken: dict[str, str] = {}
        if not self._restore():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        rows = sum(self.counts.values())
        self._vectors = NpyWriter(place / "features.npy", dim, "<f2", rows)
        self._boxes = NpyWriter(place / "boxes.npy", BOX, "<f4", rows)

    def _restore(self) -> bool:
        """Take over what a process that ended too early noted, if it was of the same inputs."""
        try:
            journal = read_json(self.place / JOURNAL)
        except DataError:
            return False
        if journal["inputs"] != self._inputs:
            changed = [name for name, value in self._inputs.items() if journal["inputs"].get(name) != value]
            print(f"{self.place}: not used, as these changed since: {', '.join(changed)}", file=sys.stderr)
            return False
        self.counts, self.broken = journal["counts"], journal["broken"]
        print(f"going on after {self.done:,} images that an earlier run described", file=sys.stderr)
        return True

    @property
    def done(self) -> int:
        """How many images are done, the broken ones among them."""
        return len(self.counts) + len(self.broken)

    def append(self, boxes: Mapping[str, Boxes], vectors: NDArray[np.float32], broken: Mapping[str, str]) -> None:
        """Add images: the boxes of each, float32 `[regions, 7]`, the vectors of all, and those that are broken."""
        if boxes:
            self._boxes.append(np.concatenate(list(boxes.values())))
            self._vectors.append(vectors)
        self.counts |= {image: len(one) for image, one in boxes.items()}
        self.broken |= broken
        if time.monotonic() - self._noted >= SECONDS:
            self._note()

    def _note(self) -> None:
        """Write down what is done, after it is in the files."""
        for writer in (self._vectors, self._boxes):
            writer.flush()
        journal = {"inputs": self._inputs, "counts": self.counts, "broken": self.broken}
        write_json(self.place / f"{JOURNAL}.part", journal)
        os.replace(self.place / f"{JOURNAL}.part", self.place / JOURNAL)
        self._noted = time.monotonic()

    def move_into(self, out: Path) -> None:
        """Move the finished arrays into another directory, and take the draft away."""
        for name in ("features.npy", "boxes.npy"):
            os.replace(self.place / name, out / name)
        shutil.rmtree(self.place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._note()
        for writer in (self._vectors, self._boxes):
            writer.close()


def name_broken(broken: Mapping[str, str], images: Sequence[str], path: Path) -> None:
    """Say which images are left out; a task that asks about one of them stops when it is encoded.

    Raises:
        DataError: none of the images could be read.
    """
    if not broken:
        return
    first = next(iter(broken.values()))
    if len(broken) == len(images):
        raise DataError(path, None, f"no image that can be read ({first})", "pictures", "make or download them again")
    print(f"{len(broken):,} of {len(images):,} images are left out, since they cannot be read:", file=sys.stderr)
    for sentence in list(broken.values())[:10]:
        print(f"  {sentence}", file=sys.stderr)
