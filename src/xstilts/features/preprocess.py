"""What an image model is shown: the size, crop, mean and deviation of its own preprocessor_config.json."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from xstilts.base.errors import DataError
from xstilts.features.regions import Image

Aspect = Literal["letterbox", "own"]
View = tuple[float, float, float, float]  # x1 y1 x2 y2 of what the model is shown, relative to the image
WHOLE: View = (0.0, 0.0, 1.0, 1.0)
CONFIG = "preprocessor_config.json"
SHORT_CROPPED = 384  # below this size, ConvNeXt's rule enlarges by `crop_pct` and crops
_TODO = "choose another image model, or add the file from its repository"


class Preprocessor:
    """A model's image processor (of transformers, run with Pillow).

    Args:
        processor: as `AutoImageProcessor` opens it.

    Attributes:
        height, width: pixels that the model is shown.
        mean, std: of each channel, in 0..255.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        size, crop = processor.size, processor.crop_size if getattr(processor, "do_center_crop", False) else None
        self._shortest = size.shortest_edge
        self._cropped = bool(crop)
        if self._shortest and getattr(processor, "crop_pct", None) and self._shortest < SHORT_CROPPED:
            crop = crop or size
            self._shortest, self._cropped = int(self._shortest / processor.crop_pct), True
        shown = crop or size
        self.height = int(shown.height or shown.shortest_edge)
        self.width = int(shown.width or shown.shortest_edge)
        self.mean = [255 * value for value in processor.image_mean]
        self.std = [255 * value for value in processor.image_std]

    def __call__(self, image: Image, aspect: Aspect) -> tuple[NDArray[np.float32], View]:
        """Normalised pixels float32 `[3, height, width]`, and which part of the image they show.

        Args:
            aspect: `letterbox`: the whole image, in its own proportions, on a ground of the model's mean colour: the
                view then reaches beyond the image. `own`: the processor's rule, which crops or squeezes.
        """
        picture = PIL.Image.fromarray(image)
        if aspect == "own":
            return self._normalised(picture, {}), self._view(picture)
        scale = min(self.width / picture.width, self.height / picture.height)
        width, height = (max(1, round(edge * scale)) for edge in picture.size)
        ground = PIL.Image.new("RGB", (self.width, self.height), tuple(round(value) for value in self.mean))
        corner = (self.width - width) // 2, (self.height - height) // 2
        ground.paste(picture.resize((width, height), PIL.Image.Resampling(self._processor.resample)), corner)
        x, y = corner[0] / width, corner[1] / height
        view = -x, -y, self.width / width - x, self.height / height - y
        return self._normalised(ground, {"do_resize": False, "do_center_crop": False}), view

    def _normalised(self, picture: PIL.Image.Image, settings: dict[str, bool]) -> NDArray[np.float32]:
        made = self._processor(picture, return_tensors="np", **settings)["pixel_values"][0]
        return np.asarray(made, np.float32)

    def _view(self, picture: PIL.Image.Image) -> View:
        if not self._cropped:
            return WHOLE
        scale = self._shortest / min(picture.size)
        x, y = self.width / scale / picture.width / 2, self.height / scale / picture.height / 2
        return 0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y


def open_preprocessor(directory: Path) -> Preprocessor:
    """The image processor in a model's directory.

    Raises:
        DataError: there is none, or it does not give pixels of one size (NaFlex).
    """
    from transformers import AutoImageProcessor  # slow to import

    path = directory / CONFIG
    if not path.is_file():
        raise DataError(path, None, "no such file", "the image model's size, mean and deviation", _TODO)
    try:
        safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        processor = AutoImageProcessor.from_pretrained(directory, backend="pil", **safe)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise DataError(path, None, str(error).splitlines()[0], "an image processor", _TODO) from None
    if not hasattr(getattr(processor, "size", None), "height"):
        found = f"{type(processor).__name__}, whose images have a size of their own (NaFlex)"
        raise DataError(path, None, found, "one that shows all images in one size", "choose a variant without NaFlex")
    return Preprocessor(processor)


def plain_preprocessor(size: int, mean: list[float], std: list[float]) -> Preprocessor:
    """Squares of `size` pixels, resized bicubically; mean and deviation of the channels in 0..255."""
    from transformers import ViTImageProcessorPil

    means, deviations = ([value / 255 for value in values] for values in (mean, std))
    edges = {"height": size, "width": size}
    return Preprocessor(ViTImageProcessorPil(size=edges, image_mean=means, image_std=deviations, resample=3))
