"""Images by id from a zip or a folder, and errors that name zip and member."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError
from xstilts.base.images import ImageSource


def png(colour: str = "red", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), colour).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_and_a_folder_read_alike(tmp_path: Path) -> None:
    members = {"images/2.png": png("red"), "images/10.png": png("blue", "P"), "images/notes.txt": b"no image"}
    for name, content in members.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sources = [ImageSource(make_zip(tmp_path / "a.zip", members)), ImageSource(tmp_path / "folder")]
    for source in sources:
        assert source.ids == ["10", "2"]
        np.testing.assert_array_equal(source.read("2")[0, 0], [255, 0, 0])
        assert source.read("10").shape == (6, 8, 3)


def test_an_id_may_be_given_as_a_file() -> None:
    assert image_id("images/2407890.jpg") == image_id("2407890") == "2407890"
    assert image_id("scene.4") == "scene.4"


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    source = ImageSource(make_zip(tmp_path / "images.zip", {"a.png": png()}))
    with pytest.raises(DataError, match=r"images\.zip, row b: found no such image"):
        source.read("b")


@pytest.mark.parametrize("content", [b"", b"no image", png()[:40], png()[:-30]])
def test_a_broken_image_is_named(tmp_path: Path, content: bytes) -> None:
    source = ImageSource(make_zip(tmp_path / "images.zip", {"in/a.png": content}))
    with pytest.raises(DataError, match=r"images\.zip, row in/a\.png: found a broken image"):
        source.read("a")


def test_an_altered_zip_is_named(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "images.zip", {"a.png": png()})
    content = path.read_bytes()
    at = content.index(b"IDAT")
    path.write_bytes(content[:at] + b"XXXX" + content[at + 4 :])
    with pytest.raises(DataError, match=r"images\.zip, row a\.png"):
        ImageSource(path).read("a")


def test_what_is_not_a_set_of_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK, but no zip")
    with pytest.raises(DataError, match=r"none\.zip: found no such file"):
        ImageSource(tmp_path / "none.zip")
    with pytest.raises(DataError, match=r"broken\.zip: found a broken zip"):
        ImageSource(tmp_path / "broken.zip")
    with pytest.raises(DataError, match=r"empty\.zip: found no image"):
        ImageSource(make_zip(tmp_path / "empty.zip", {"a.txt": b""}))
    with pytest.raises(DataError, match=r"found a second image a"):
        ImageSource(make_zip(tmp_path / "double.zip", {"x/a.png": png(), "y/a.jpg": png()}))
