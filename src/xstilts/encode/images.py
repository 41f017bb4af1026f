"""The images that a task's examples refer to: the feature file, and their rows in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.cache import TOKENS_OF_CUT_OUT, open_features
from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_names, read_object


@dataclass(frozen=True)
class ImageIndex:
    """A set of image features that a cache refers to.

    Attributes:
        path: its directory.
        sha256: the hash in its card.
        dim: length of its vectors.
        tokens: that the encoder reads for a region.
        rows: {image id: row in the feature file's list}.
    """

    path: Path
    sha256: str
    dim: int
    tokens: int
    rows: dict[str, int]

    @property
    def card(self) -> dict[str, Any]:
        """The entry `features` of a task's card."""
        return {"path": self.path.as_posix(), "sha256": self.sha256, "dim": self.dim, "tokens": self.tokens}

    def contents(self, images: Iterable[str]) -> dict[str, bytes]:
        """A digest (8 bytes) of the vectors and boxes of each of these images; an image without regions has none.

        A picture has the same digest under two names, if both went through the same vision encoder.
        """
        features = open_features(self.path)
        found = {}
        for image in images:
            regions = features.regions(self.rows[image])
            if regions.stop > regions.start:
                digest = hashlib.blake2b(features.vectors[regions].tobytes(), digest_size=8)
                digest.update(features.boxes[regions].tobytes())
                found[image] = digest.digest()
        return found


def open_images(directory: Path) -> ImageIndex:
    """Open the image list of data/features/<set>; `DataError` if it is missing or lists an image twice."""
    if not (directory / CARD).is_file():
        raise DataError(
            directory,
            None,
            "no features",
            "a feature directory with its card",
            "run `dvc repro` for the features",
        )
    card, images = read_object(directory / CARD, "sha256", "dim"), read_names(directory / "images.json")
    rows = {image: row for row, image in enumerate(images)}
    if len(rows) < len(images):
        twice = next(image for row, image in enumerate(images) if rows[image] != row)
        raise DataError(
            directory / "images.json",
            twice,
            "image listed twice",
            "images listed once",
            "make the features again",
        )
    tokens = card.get("tokens", TOKENS_OF_CUT_OUT)
    if not isinstance(card["sha256"], str) or not isinstance(card["dim"], int) or not isinstance(tokens, int):
        found = f"sha256 {card['sha256']!r}, dim {card['dim']!r}, tokens {tokens!r}"
        raise DataError(directory / CARD, None, found, "a hash and two numbers", "make the features again")
    return ImageIndex(directory, card["sha256"], card["dim"], tokens, rows)
