"""From images to a feature directory: regions and one vector per region, cached once per image."""

import inspect
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from xstilts.base.files import sha256_of, sha256_of_files, whole_directory
from xstilts.base.images import ImageSource
from xstilts.base.machine import processors
from xstilts.base.threads import workers
from xstilts.data.progress import Progress
from xstilts.features.directory import write_list_and_card
from xstilts.features.draft import FeatureDraft, name_broken
from xstilts.features.patches import look
from xstilts.features.regions import Boxes, Image, propose
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import VisionEncoder, load_vision, vision_name

DECODING = Path(inspect.getfile(ImageSource))
Crop = NDArray[np.uint8]  # [side, side, 3]
Vectors = NDArray[np.float32]
CHUNK = 32  # images that one thread takes at a time


def extract(images: Path, vision: Path, out: Path, settings: FeatureSettings | None = None) -> None:
    """Write the feature directory of a set of images (layout: `xstilts.base.cache`), whole or not at all.

    Args:
        images: zip or folder of images.
        vision: directory of the image model.
        out: directory to write.

    A killed call is resumed from its draft beside `out`. An image that cannot be read is named and left out.

    Raises:
        DataError: the zip or the model is missing or broken, or no image can be read.
    """
    settings = settings or FeatureSettings()
    source, encoder = ImageSource(images), load_vision(vision)
    place = out.with_name(f".{out.name}.draft")
    with FeatureDraft(place, _inputs(source, vision, settings), encoder.dim) as draft:
        _describe_rest(source, encoder, settings, draft)
    name_broken(draft.broken, source.ids, images)
    with whole_directory(out) as final:
        draft.move_into(final)
        about = {"name": out.name, "vision": vision_name(vision), "dim": encoder.dim, "tokens": settings.tokens}
        about |= {"broken": draft.broken} if draft.broken else {}
        write_list_and_card(final, about, [*draft.counts], [*draft.counts.values()], asdict(settings))


def _inputs(source: ImageSource, vision: Path, settings: FeatureSettings) -> dict[str, Any]:
    """All that decides the features of some images; only a draft with the same inputs is resumed."""
    return {
        "images": source.fingerprint(),
        "vision": sha256_of_files(vision),
        "settings": asdict(settings),
        "code": {path.name: sha256_of(path) for path in (*sorted(Path(__file__).parent.glob("*.py")), DECODING)},
        "versions": {name: version(name) for name in ("torch", "transformers", "pillow", "numpy")},
    }


def _describe_rest(source: ImageSource, encoder: VisionEncoder, settings: FeatureSettings, draft: FeatureDraft) -> None:
    """Add the images that the draft lacks."""
    rest, progress = source.ids[draft.done :], Progress("images", len(source.ids), draft.done)
    chunks = [rest[at : at + CHUNK] for at in range(0, len(rest), CHUNK)]
    with workers(processors()) as pool:
        for boxes, vectors, broken in pool.map(lambda ids: _chunk(source, ids, encoder, settings), chunks):
            draft.append(boxes, vectors, broken)
            progress.advance(len(boxes) + len(broken))
    progress.close()


def _chunk(
    source: ImageSource, ids: list[str], encoder: VisionEncoder, settings: FeatureSettings
) -> tuple[dict[str, Boxes], Vectors, dict[str, str]]:
    """Boxes of every image of a chunk, the vectors of all its regions, and what is wrong with broken images."""
    images, broken = source.read_all(ids)
    if not images:
        return {}, np.zeros((0, encoder.dim), np.float32), broken
    boxes, vectors = describe(list(images.values()), encoder, settings)
    return dict(zip(images, boxes, strict=True)), vectors, broken


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
