"""From images to a feature directory: regions and one vector per region, cached once per image."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from xstilts.base.cache import BOX, TOKENS_OF_CUT_OUT
from xstilts.base.errors import ParameterError
from xstilts.base.files import whole_directory
from xstilts.base.machine import processors
from xstilts.base.threads import workers
from xstilts.features.directory import NpyWriter, write_list_and_card
from xstilts.features.images import ImageSource
from xstilts.features.patches import look
from xstilts.features.preprocess import Aspect
from xstilts.features.regions import Boxes, Image, Proposals, propose
from xstilts.features.vision import VisionEncoder, load_vision, vision_name

Crop = NDArray[np.uint8]  # [side, side, 3]
Vectors = NDArray[np.float32]
CHUNK = 32  # images that one thread takes at a time
MOST = 8  # rows of a grid, whose 64 cells are as many tokens


@dataclass(frozen=True)
class FeatureSettings:
    """How features are made: stages/defaults.yaml, section `features`.

    Attributes:
        proposals: where regions come from. `patches`, for photographs: the whole image, and the cells of the image
            model's own map, from one pass per image. For drawings, whose regions are cut out and seen one by one:
            `components` on a plain canvas, or `grid`.
        grid: of `patches`: a larger map is averaged down to so many rows and columns.
        aspect: of `patches`: `letterbox` shows whole images in their own proportions, `own` crops or squeezes them as
            the image model's preprocessor does.
        limit: of cut-out regions: at most so many per image.
        crop: of cut-out regions: side of a crop in pixels.
        batch: crops or images per forward pass; 16 fit into the processor's cache, which is twice as fast as 64.
    """

    proposals: Proposals = "components"
    grid: int = 7
    aspect: Aspect = "letterbox"
    limit: int = 36
    crop: int = 128
    batch: int = 16

    def __post_init__(self) -> None:
        """Refuse a map without cells, and one with more tokens than a text has."""
        if not 1 <= self.grid <= MOST:
            raise ParameterError(f"grid is {self.grid}, expected 1 to {MOST}")

    @property
    def tokens(self) -> int:
        """How many tokens the encoder reads for a region."""
        return 1 if self.proposals == "patches" else TOKENS_OF_CUT_OUT


def extract(images: Path, vision: Path, out: Path, settings: FeatureSettings | None = None) -> None:
    """Write the feature directory of a set of images (layout: `xstilts.base.cache`), whole or not at all.

    Args:
        images: zip or folder of images.
        vision: directory of the image model.
        out: directory to write.

    Raises:
        DataError: an image, the zip or the model is missing or broken.
    """
    settings = settings or FeatureSettings()
    source, encoder = ImageSource(images), load_vision(vision)
    with whole_directory(out) as draft:
        counts = _write_regions(source, encoder, settings, draft)
        about = {"name": out.name, "vision": vision_name(vision), "dim": encoder.dim, "tokens": settings.tokens}
        write_list_and_card(draft, about, source.ids, counts, asdict(settings))


def _write_regions(source: ImageSource, encoder: VisionEncoder, settings: FeatureSettings, out: Path) -> list[int]:
    """Write features.npy and boxes.npy; return the number of regions of every image."""
    counts: list[int] = []
    progress = Progress(len(source.ids))

    def described(ids: Sequence[str]) -> tuple[list[Boxes], Vectors]:
        return describe([source.read(one) for one in ids], encoder, settings)

    chunks = [source.ids[at : at + CHUNK] for at in range(0, len(source.ids), CHUNK)]
    with (
        NpyWriter(out / "features.npy", encoder.dim, "<f2") as vectors,
        NpyWriter(out / "boxes.npy", BOX, "<f4") as boxes,
        workers(processors()) as pool,
    ):
        for found, embedded in pool.map(described, chunks):
            boxes.append(np.concatenate(found))
            vectors.append(embedded)
            counts += [len(one) for one in found]
            progress.advance(len(found))
    progress.close()
    return counts


def describe(images: Sequence[Image], encoder: VisionEncoder, settings: FeatureSettings) -> tuple[list[Boxes], Vectors]:
    """Boxes of every image's regions, and the vectors of all of them, float32 `[regions, dim]`."""
    if settings.proposals == "patches":
        parts = [images[at : at + settings.batch] for at in range(0, len(images), settings.batch)]
        looked = [look(part, encoder, settings.grid, settings.aspect) for part in parts]
        return [box for boxes, _ in looked for box in boxes], torch.cat([vectors for _, vectors in looked]).numpy()
    boxes = [propose(pixels, settings.limit, settings.proposals) for pixels in images]
    crops = [crop for pixels, own in zip(images, boxes, strict=True) for crop in cut(pixels, own, settings.crop)]
    return boxes, embed(encoder, crops, settings.batch)


def cut(pixels: Image, boxes: Boxes, side: int) -> list[Crop]:
    """The boxes' parts of an image, each resized to `[side, side, 3]`."""
    image, (height, width) = PIL.Image.fromarray(pixels), pixels.shape[:2]
    corners = np.rint(boxes[:, :4] * [width, height, width, height]).astype(int).tolist()
    resized = (image.crop(box).resize((side, side), PIL.Image.Resampling.BILINEAR) for box in corners)
    return [np.asarray(crop) for crop in resized]


def embed(encoder: VisionEncoder, crops: list[Crop], batch: int) -> Vectors:
    """Vectors float32 `[n, dim]` of equally large crops, `batch` of them per forward pass."""
    stacked = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    return torch.cat([encoder.embed(part).float() for part in torch.split(stacked, batch)]).numpy()


class Progress:
    """Progress on stderr, in images and images per second: a moving line on a terminal, or a line every ten seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def advance(self, images: int) -> None:
        """Count images that are done."""
        self._done += images
        if time.monotonic() - self._shown > (0.2 if self._terminal else 10):
            self._show("\r" if self._terminal else "\n")

    def close(self) -> None:
        """Show the final count."""
        self._show("\n")

    def _show(self, end: str) -> None:
        self._shown = time.monotonic()
        rate = self._done / max(self._shown - self._start, 1e-9)
        line = f"  {self._done:,} of {self._total:,} images, {rate:,.0f} images/s"
        print(line, end=end, file=sys.stderr, flush=True)
