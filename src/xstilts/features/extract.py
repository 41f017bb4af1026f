"""From images to a feature directory: regions, crops, one vector per region, cached once per image."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from xstilts.base.cache import BOX
from xstilts.base.files import whole_directory
from xstilts.base.machine import processors
from xstilts.base.threads import workers
from xstilts.features.directory import NpyWriter, write_list_and_card
from xstilts.features.images import ImageSource
from xstilts.features.regions import Boxes, Image, propose
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import VisionEncoder, load_vision, vision_name

Crop = NDArray[np.uint8]  # [side, side, 3]
Vectors = NDArray[np.float32]
CHUNK = 32  # images that one thread takes at a time


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
        about = {"name": out.name, "vision": vision_name(vision), "dim": encoder.dim}
        write_list_and_card(draft, about, source.ids, counts, asdict(settings))


def _write_regions(source: ImageSource, encoder: VisionEncoder, settings: FeatureSettings, out: Path) -> list[int]:
    """Write features.npy and boxes.npy; return the number of regions of every image."""
    counts: list[int] = []
    progress = Progress(len(source.ids))
    chunks = [source.ids[at : at + CHUNK] for at in range(0, len(source.ids), CHUNK)]
    with (
        NpyWriter(out / "features.npy", encoder.dim, "<f2") as vectors,
        NpyWriter(out / "boxes.npy", BOX, "<f4") as boxes,
        workers(processors()) as pool,
    ):
        for found, embedded in pool.map(lambda ids: _chunk(source, ids, encoder, settings), chunks):
            boxes.append(np.concatenate(found))
            vectors.append(embedded)
            counts += [len(one) for one in found]
            progress.advance(len(found))
    progress.close()
    return counts


def _chunk(
    source: ImageSource, ids: list[str], encoder: VisionEncoder, settings: FeatureSettings
) -> tuple[list[Boxes], Vectors]:
    """Boxes of every image of a chunk, and the vectors of all its regions."""
    boxes, crops = [], []
    for image_id in ids:
        pixels = source.read(image_id)
        boxes.append(propose(pixels, settings.limit, settings.proposals))
        crops += cut(pixels, boxes[-1], settings.crop)
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
