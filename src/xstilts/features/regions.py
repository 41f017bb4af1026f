"""Region proposals: where an image may show an object, found in its pixels.

Boxes are float32 `[regions, 7]`: x1 y1 x2 y2 width height area, relative to the image, in reading order.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xstilts.features.settings import Proposals

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
Corners = NDArray[np.int64]  # [n, 4]: left, top, right, bottom in pixels, right and bottom exclusive

TOLERANCE = 12  # difference in a channel (of 255) up to which a pixel counts as canvas
SMALLEST = 0.001  # part of the image: smaller components are specks
WIDEST = 0.95  # a component that covers more is a photograph, not an object
PLAIN = 0.5  # part of the border that must have the canvas's colour
GRID = 3


def propose(pixels: Image, limit: int = 36, proposals: Proposals = "components") -> Boxes:
    """Boxes of the regions of one image.

    `components` takes connected components that differ from the plain canvas. An image without a plain
    canvas, such as a photograph, has none: there, and where a component covers over 95 %, the regions are
    those of `grid`, a 3 x 3 grid plus the whole image.

    Args:
        pixels: RGB `[height, width, 3]`.
        limit: at most so many regions, namely the largest.
        proposals: `components` or `grid`.
    """
    height, width = pixels.shape[:2]
    found = components(pixels) if proposals == "components" else np.empty((0, 4), np.int64)
    if len(found) == 0:
        found = grid(height, width)
    largest = np.argsort(-_areas(found), kind="stable")[:limit]
    return with_sizes(reading_order(found[np.sort(largest)]) / np.array([width, height, width, height]))


def components(pixels: Image) -> Corners:
    """Corners of the connected components that differ from the canvas; none when the canvas is not plain."""
    canvas, plain = canvas_colour(pixels)
    if plain < PLAIN:
        return np.empty((0, 4), np.int64)
    differs = np.abs(pixels.astype(np.int16) - canvas).max(axis=2) > TOLERANCE
    labelled, _ = ndimage.label(differs, structure=np.ones((3, 3), int))
    slices = [found for found in ndimage.find_objects(labelled) if found is not None]
    corners = np.array([[x.start, y.start, x.stop, y.stop] for y, x in slices], np.int64).reshape(-1, 4)
    size = pixels.shape[0] * pixels.shape[1]
    corners = merge(corners[_areas(corners) >= SMALLEST * size])
    return corners if not np.any(_areas(corners) > WIDEST * size) else np.empty((0, 4), np.int64)


def canvas_colour(pixels: Image) -> tuple[NDArray[np.int16], float]:
    """The canvas's colour (median of the border, RGB), and the part of the border that has it."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.int16)
    colour = np.median(border, axis=0).astype(np.int16)
    return colour, float(np.mean(np.abs(border - colour).max(axis=1) <= TOLERANCE))


def merge(corners: Corners) -> Corners:
    """Join boxes that overlap by more than half of the smaller, as parts of one object, until none do."""
    boxes = [tuple(box) for box in corners.tolist()]
    merged: list[tuple[int, ...]] = []
    while boxes:
        box = boxes.pop()
        partner = next((other for other in merged if _overlap(box, other) > 0.5), None)
        if partner is None:
            merged.append(box)
        else:  # the union may now reach further boxes: it goes back to be compared again
            merged.remove(partner)
            near, far = np.minimum(box[:2], partner[:2]), np.maximum(box[2:], partner[2:])
            boxes.append((*near.tolist(), *far.tolist()))
    return np.array(sorted(merged), np.int64).reshape(-1, 4)


def _overlap(box: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Intersection over the smaller of two boxes."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return max(width, 0) * max(height, 0) / smaller


def grid(height: int, width: int) -> Corners:
    """Corners of a 3 x 3 grid, plus the whole image."""
    ys, xs = (np.linspace(0, edge, GRID + 1).round().astype(np.int64) for edge in (height, width))
    cells = [[xs[i], ys[j], xs[i + 1], ys[j + 1]] for j in range(GRID) for i in range(GRID)]
    boxes = np.array([*cells, [0, 0, width, height]], np.int64)
    return boxes[_areas(boxes) > 0]  # an image under three pixels has empty cells


def reading_order(corners: Corners) -> Corners:
    """Sort boxes line by line from the top, each line from the left.

    A line starts with the box whose middle is highest, and includes all whose middle lies above that box's lower edge.
    """
    remaining = sorted(corners.tolist(), key=lambda box: (box[1] + box[3], box))
    ordered: list[list[int]] = []
    while remaining:
        end = remaining[0][3]
        line = [box for box in remaining if box[1] + box[3] < 2 * end]
        ordered += sorted(line)
        remaining = remaining[len(line) :]
    return np.array(ordered, np.int64).reshape(-1, 4)


def with_sizes(corners: NDArray[np.floating]) -> Boxes:
    """x1 y1 x2 y2, relative to the image -> float32 `[n, 7]`, with width, height and area."""
    size = corners[:, 2:] - corners[:, :2]
    return np.concatenate([corners, size, size.prod(axis=1, keepdims=True)], axis=1).astype(np.float32)


def _areas(corners: Corners) -> NDArray[np.int64]:
    areas: NDArray[np.int64] = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return areas
