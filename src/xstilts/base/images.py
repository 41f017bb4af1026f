"""Images in a zip or a folder, by id: the file's name without its ending, as in the official sets."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from xstilts.base.cache import PICTURES, image_id
from xstilts.base.errors import DataError
from xstilts.base.picture_files import PictureFiles

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")  # no other reader is tried: PostScript's runs a program
MOST_PIXELS = 50_000_000  # which need 650 MB of memory with transparency
_AGAIN = "make or download it again"
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # a picture that it warns of is above our own limit


class ImageSource:
    """Reads images by id from a zip, or from a folder and those below it.

    Attributes:
        ids: every image id, sorted.

    Raises:
        DataError: as `PictureFiles`; no image at all, or two images of one id.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._files = path, PictureFiles(path)
        self._members: dict[str, str] = {}
        for member in self._files.names:
            if (identifier := image_id(member)) in self._members:
                raise DataError(path, member, f"a second image {identifier}", "one file per id", "rename one")
            self._members[identifier] = member
        self.ids = sorted(self._members)
        if not self.ids:
            raise DataError(path, None, "no image", f"files ending in {', '.join(PICTURES)}", "check the path")

    def read(self, image_id: str) -> NDArray[np.uint8]:
        """The pixels of one image as a person sees them, RGB `[height, width, 3]` (see `decode`).

        Raises:
            DataError: no such image, or a broken one; names the zip and the member.
        """
        if image_id not in self._members:
            raise DataError(self.path, image_id, "no such image", f"one of {len(self.ids)}", "check the ids")
        member = self._members[image_id]
        return decode(self._files.read(member), self.path, member)

    def read_all(self, ids: Sequence[str]) -> tuple[dict[str, NDArray[np.uint8]], dict[str, str]]:
        """The pixels of some images by id, and {id: what is wrong} of those that cannot be read."""
        found, broken = {}, {}
        for one in ids:
            try:
                found[one] = self.read(one)
            except DataError as error:
                broken[one] = str(error)
        return found, broken

    def fingerprint(self) -> str:
        """A hash of what tells these files from others without reading them."""
        return self._files.fingerprint()


def decode(content: bytes, path: Path, member: str | None = None) -> NDArray[np.uint8]:
    """The pixels in an image file's bytes as a person sees them, RGB `[height, width, 3]`.

    Upright, by the camera's note of how it was held; white where it is transparent; 8 bits per channel; the first
    picture of several.

    Raises:
        DataError: naming the file: broken, of another format than `FORMATS` whatever its name says, more than
            `MOST_PIXELS` (its header is looked at before anything is decoded), or of 32 bits per channel.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height <= MOST_PIXELS:
                return _seen(image)
            found = f"{image.width} x {image.height} pixels"
    except Exception as error:  # of broken bytes, decoders raise almost anything
        why = f"none of {', '.join(FORMATS)}" if isinstance(error, UnidentifiedImageError) else str(error)
        raise DataError(path, member, f"a broken image ({why})", "a whole one", _AGAIN) from None
    raise DataError(path, member, found, f"at most {MOST_PIXELS:,} in all", "make it smaller")


def _seen(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of an opened image."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError("32 bits per channel, whose scale no one knows")
    if not image.has_transparency_data:
        return np.array(image.convert("RGB"))
    ground = Image.new("RGB", image.size, "white")
    clear = image if image.mode == "RGBA" else image.convert("RGBA")  # which would copy it
    ground.paste(clear, mask=clear.getchannel("A"))
    return np.array(ground)
