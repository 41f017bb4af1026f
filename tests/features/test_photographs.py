"""Pictures as cameras and programs write them: what a person sees is what the model gets, or the file is named."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from xstilts.base.errors import DataError
from xstilts.base.images import MOST_PIXELS, ImageSource, decode
from xstilts.base.picture_files import LARGEST, read_file
from xstilts.data.images import collect

HERE = Path("picture")
ORIENTATION, UPRIGHT = 0x0112, 1
# How a camera that noted this orientation stored the picture: what undoes the turn that a viewer makes.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SEEN = {"red": (8, 8), "blue": (40, 8), "white": (24, 30)}  # where a pixel of this colour is, in x and y


def scene(mode: str = "RGB") -> Image.Image:
    """Red top left and blue top right, on a ground that is white or, with alpha, transparent and black below it."""
    ground = (0, 0, 0, 0) if mode == "RGBA" else (255, 255, 255)
    image = Image.new("RGBA" if mode == "RGBA" else "RGB", (48, 36), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 16, 16), fill="red")
    draw.rectangle((32, 0, 47, 16), fill="blue")
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **more)
    return content.getvalue()


def colours(pixels: np.ndarray) -> dict[str, list[int]]:
    assert pixels.dtype == np.uint8
    assert pixels.shape == (36, 48, 3)
    return {name: pixels[y, x].tolist() for name, (x, y) in SEEN.items()}


def assert_seen(content: bytes, tolerance: int = 0) -> None:
    expected = {"red": [255, 0, 0], "blue": [0, 0, 255], "white": [255, 255, 255]}
    found = colours(decode(content, HERE))
    for name, rgb in expected.items():
        assert np.abs(np.subtract(found[name], rgb)).max() <= tolerance, (name, found)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_turned_as_the_camera_noted(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    more = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    assert_seen(saved(scene().transpose(STORED[orientation]), kind, exif=exif, **more), tolerance=6)


@pytest.mark.parametrize(
    ("kind", "mode", "more"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("TIFF", "RGB", {}),
        ("TIFF", "RGBA", {}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_every_format_and_mode_shows_the_same(kind: str, mode: str, more: dict[str, Any]) -> None:
    """What is transparent is white, whatever colour lies below it."""
    assert_seen(saved(scene(mode), kind, **more), tolerance=6 if kind == "JPEG" else 0)


def test_transparency_of_a_palette_and_the_first_frame_of_several() -> None:
    clear = scene("RGBA").quantize(8)
    assert "transparency" in clear.info or clear.mode == "P"
    assert_seen(saved(scene("RGBA"), "GIF"))
    frames = [Image.new("RGB", (48, 36), "green") for _ in range(2)]
    assert_seen(saved(scene(), "GIF", save_all=True, append_images=frames))
    assert_seen(saved(scene(), "PNG", save_all=True, append_images=frames))


def test_grey_of_one_eight_and_sixteen_bits() -> None:
    ramp = np.arange(48 * 36, dtype=np.uint16).reshape(36, 48) * 37
    for image in (Image.fromarray(ramp), Image.fromarray((ramp >> 8).astype(np.uint8))):
        for kind in ("PNG", "TIFF"):
            found = decode(saved(image, kind), HERE)
            np.testing.assert_array_equal(found, np.repeat((ramp >> 8)[..., None], 3, axis=2))
    found = decode(saved(scene().convert("1"), "PNG"), HERE)
    assert found[30, 24].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_scale_that_no_one_knows_is_named(mode: str) -> None:
    with pytest.raises(DataError, match=r"picture: found a broken image \(32 bits per channel"):
        decode(saved(scene("L").convert(mode), "TIFF"), HERE)


def test_other_formats_are_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostScript above all: its reader runs a program."""
    ran = tmp_path / "gs"
    ran.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    ran.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    for content in (script, saved(scene(), "EPS"), saved(scene(), "PPM"), saved(scene(), "ICO"), b"<svg/>"):
        with pytest.raises(DataError, match=r"found a broken image \(none of PNG, JPEG, WEBP, GIF, TIFF, BMP\)"):
            decode(content, HERE)
    assert not (tmp_path / "ran").exists()


def header_only_png(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be this large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = zlib.compress(bytes(200_000))
    parts = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_the_size_is_looked_at_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", None)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    content = header_only_png(10_000, MOST_PIXELS // 10_000 + 1)
    assert len(content) < 400
    with pytest.raises(DataError, match=r"found 10000 x 5001 pixels, expected at most 50,000,000 in all; make it"):
        decode(content, HERE)
    with pytest.raises(DataError, match=r"found a broken image .*decompression bomb"):
        decode(header_only_png(60_000, 60_000), HERE)


def test_a_member_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zeros.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as a:
        for _ in range(LARGEST // 1_000_000 + 1):
            a.write(bytes(1_000_000))
    assert (tmp_path / "zeros.zip").stat().st_size < 1_000_000
    with pytest.raises(
        DataError, match=r"zeros\.zip, row a\.png: found a picture of 201,000,000 bytes, expected at most"
    ):
        collect([tmp_path / "zeros.zip"], tmp_path / "out.zip")
    with pytest.raises(DataError, match="found a picture of 201,000,000 bytes"):
        ImageSource(tmp_path / "zeros.zip")
    sparse = tmp_path / "sparse.png"
    with sparse.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(DataError, match=r"sparse\.png: found a picture of 200,000,001 bytes"):
        read_file(sparse)


def test_links_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    """A pipe that nobody writes to would wait for ever: the test would not end."""
    for number, make in enumerate((lambda path: path.symlink_to("/etc/passwd"), os.mkfifo)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.png").write_bytes(saved(scene(), "PNG"))
        make(folder / "x.png")
        found = r"x\.png: found a (link to /etc/passwd, outside|pipe, socket or device)"
        with pytest.raises(DataError, match=found):
            collect([folder], tmp_path / "out.zip")
        with pytest.raises(DataError, match=found):
            ImageSource(folder)
    for read in (read_file, ImageSource):
        with pytest.raises(DataError, match=r"x\.png: found a pipe, socket or device"):
            read(tmp_path / "1" / "x.png")
    with pytest.raises(DataError, match="found a pipe, socket or device"):
        read_file(Path("/dev/zero"))
    with pytest.raises(DataError, match="found nothing to read"):
        read_file(tmp_path / "none.png")


def said_of(content: bytes) -> str | None:
    """What is said of a picture; None if it was decoded."""
    try:
        assert decode(content, HERE).ndim == 3
    except DataError as error:
        return str(error)
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_altered_bytes_are_a_picture_or_an_error_that_is_a_sentence(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    more = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    whole, random, refused = saved(scene(), kind, **more), np.random.default_rng(0), 0
    for _ in range(150):
        content = bytearray(whole)
        for place in random.integers(len(content), size=random.integers(1, 6)):
            content[place] = random.integers(256)
        said = said_of(bytes(content[: random.integers(1, 2 * len(content))]))
        refused += said is not None
        assert said is None or ("\n" not in said and len(said) < 500)
    assert 10 < refused < 150
