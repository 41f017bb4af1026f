"""The regions of a photograph: the cells of the image model's own feature map, from one pass per image.

The first region of an image is the whole of it, with the vector by which the model itself sums it up.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from xstilts.features.preprocess import WHOLE, Aspect, View
from xstilts.features.regions import Boxes, Image, with_sizes
from xstilts.features.vision import VisionEncoder

LEAST = 0.25  # part of a cell's width and height that must lie in the image


def look(images: Sequence[Image], model: VisionEncoder, grid: int, aspect: Aspect) -> tuple[list[Boxes], Tensor]:
    """Boxes of every image's regions, and the vectors of all of them, float32 `[regions, dim]`.

    Args:
        grid: a map with more rows or columns than this is averaged down to so many.
        aspect: how images that are no squares are shown (`xstilts.features.preprocess`).
    """
    prepared = [model.preprocessor(image, aspect) for image in images]
    seen, wholes = model.look(torch.from_numpy(np.stack([pixels for pixels, _ in prepared])))
    rows, columns = (min(grid, edge) for edge in seen.shape[-2:])
    cells = F.adaptive_avg_pool2d(seen, (rows, columns)).flatten(2).transpose(1, 2)
    boxes, vectors = [], []
    for (_, view), own, whole in zip(prepared, cells, wholes, strict=True):
        corners, inside = cell_corners(rows, columns, view)
        boxes.append(with_sizes(np.concatenate([np.array([WHOLE], np.float32), corners])))
        vectors += [whole[None], own[torch.from_numpy(inside)]]
    return boxes, torch.cat(vectors)


def cell_corners(rows: int, columns: int, view: View) -> tuple[Boxes, np.ndarray]:
    """Where the cells of a map lie in the image, line by line.

    Args:
        view: the part of the image that the map shows; a letterboxed one reaches beyond the image.

    Returns:
        x1 y1 x2 y2 of the cells that are not mostly ground, cut to the image, float32 `[cells, 4]`; which those are,
        bool `[rows * columns]`.
    """
    x = np.linspace(view[0], view[2], columns + 1)
    y = np.linspace(view[1], view[3], rows + 1)
    corners = np.array([[x[j], y[i], x[j + 1], y[i + 1]] for i in range(rows) for j in range(columns)])
    cut = corners.clip(0, 1)
    inside = (cut[:, 2:] - cut[:, :2] >= LEAST * (corners[:, 2:] - corners[:, :2])).all(axis=1)
    return cut[inside].astype(np.float32), inside
