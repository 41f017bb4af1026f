"""The images that a task's examples refer to: their rows in the feature file, and which file that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xstilts.cache import CARD, read_json
from xstilts.errors import DataError


@dataclass(frozen=True)
class ImageIndex:
    """A set of image features, as a cache refers to it.

    Attributes:
        path: its directory, as the card names it.
        sha256: what its card says of itself.
        rows: {image id: row in the feature file's list}.
    """

    path: str
    sha256: str
    rows: dict[str, int]

    @property
    def card(self) -> dict[str, str]:
        """The entry `features` of a task's card."""
        return {"path": self.path, "sha256": self.sha256}


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
    images = read_json(directory / "images.json")
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
    return ImageIndex(directory.as_posix(), str(read_json(directory / CARD)["sha256"]), rows)
