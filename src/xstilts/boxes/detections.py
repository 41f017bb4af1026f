"""What a detector found in one image, checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError

MOST = 1 << 22  # numbers in the vectors of one image: 100 boxes of 2,048 numbers have 0.2 million
OUTSIDE = 0.01  # of the picture's size: so far may rounding put a box outside
TODO = "download it again, or look at its layout"


@dataclass(frozen=True)
class Detections:
    """The boxes of one image, perhaps none.

    Attributes:
        image: its id.
        boxes: x1 y1 x2 y2 relative to the image, float32 `[n, 4]`.
        vectors: float32 `[n, dim]`, of numbers that float16 can hold.
        flat: how many more boxes there were, without an area: an encoder can be told nothing about their place.
        done: the share of the file that is read, 0 to 1.
    """

    image: str
    boxes: NDArray[np.float32]
    vectors: NDArray[np.float32]
    flat: int
    done: float


@dataclass(frozen=True)
class Record:
    """Where an image's numbers stand: the file, the line or name in it, and the share of the file up to it."""

    path: Path
    name: int | str
    done: float

    def error(self, found: str, expected: str) -> DataError:
        """A sentence about this record."""
        return DataError(self.path, self.name, found, expected, TODO)

    def detections(
        self,
        image: str,
        boxes: NDArray[np.floating],
        vectors: NDArray[np.floating],
        size: tuple[float, float] | None,
    ) -> Detections:
        """Check the numbers of an image, and put its boxes relative to it.

        Args:
            image: its id, or the name of its file.
            boxes: x1 y1 x2 y2, `[n, 4]`.
            vectors: `[n, dim]`.
            size: width and height in the unit of the boxes; None if they are relative already.

        Raises:
            DataError: arrays of other shapes, a number that is not finite or beyond float16, or a box outside.
        """
        if boxes.ndim != 2 or boxes.shape[1] != 4 or vectors.ndim != 2 or len(vectors) != len(boxes):
            found = f"boxes {list(boxes.shape)} and vectors {list(vectors.shape)}"
            raise self.error(found, "boxes [n, 4] and vectors [n, dim]")
        if not (np.abs(vectors) <= np.finfo(np.float16).max).all():  # nan is not either
            raise self.error("a vector with a number that is not finite or beyond 65504", "numbers that float16 holds")
        relative = self._relative(np.asarray(boxes, np.float32), size)
        area = (relative[:, :2] < relative[:, 2:]).all(axis=1)
        kept = np.asarray(vectors, np.float32)[area]
        return Detections(image_id(image), relative[area], kept, int((~area).sum()), self.done)

    def _relative(self, boxes: NDArray[np.float32], size: tuple[float, float] | None) -> NDArray[np.float32]:
        width, height = size or (1.0, 1.0)
        if not (width > 0 and height > 0):
            raise self.error(f"a picture of {width:g} x {height:g}", "its width and height in pixels")
        relative: NDArray[np.float32] = (boxes / np.array([width, height] * 2)).astype(np.float32)
        inside = ((relative >= -OUTSIDE) & (relative <= 1 + OUTSIDE)).all(axis=1)
        if not inside.all():
            found = f"the box {boxes[np.argmin(inside)].tolist()} in a picture of {width:g} x {height:g}"
            raise self.error(found, "x1 y1 x2 y2 inside the picture")
        return np.clip(relative, np.float32(0), np.float32(1))
