"""Pictures in rows: each kept once under its id, whatever its format; another one of the same id is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xstilts.base.errors import DataError
from xstilts.data.hub_pictures import PictureStore


def picture(seed: int, kind: str = "JPEG", **options: Any) -> dict[str, Any]:
    """A picture of eight random colours, as a row of the hub has it."""
    colours = np.random.default_rng(seed).integers(0, 256, (2, 4, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(colours).resize((64, 32), Image.Resampling.NEAREST).save(sink, kind, **options)
    return {"bytes": sink.getvalue(), "path": None}


def stored(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_picture_of_many_rows_is_kept_once_and_as_it_is(tmp_path: Path) -> None:
    with PictureStore(tmp_path / "images.zip") as store:
        for row in range(3):
            store.add("7", picture(1), "set", row)
            store.add("8", picture(2, "PNG"), "set", row)
    assert (store.added, len(store)) == (2, 2)
    assert stored(tmp_path / "images.zip") == {"7.jpg": picture(1)["bytes"], "8.png": picture(2, "PNG")["bytes"]}


def test_one_that_was_compressed_anew_is_the_same(tmp_path: Path) -> None:
    with PictureStore(tmp_path / "images.zip") as store:
        store.add("7", picture(1), "set", 1)
        store.add("7", picture(1, quality=40), "set", 2)
        with pytest.raises(DataError, match=r"set, row 3: found another picture of the id '7'.*columns\.image"):
            store.add("7", picture(2), "set", 3)
    assert stored(tmp_path / "images.zip") == {"7.jpg": picture(1)["bytes"]}


def test_formats_that_features_do_not_read_become_png(tmp_path: Path) -> None:
    with PictureStore(tmp_path / "images.zip") as store:
        store.add("7", picture(1, "WEBP", lossless=True), "set", 1)
        store.add("8", picture(1, "GIF"), "set", 2)
    names = stored(tmp_path / "images.zip")
    assert list(names) == ["7.png", "8.png"]
    with Image.open(io.BytesIO(names["7.png"])) as kept, Image.open(io.BytesIO(picture(1, "PNG")["bytes"])) as drawn:
        assert np.array_equal(np.asarray(kept), np.asarray(drawn))


def test_local_pictures_of_the_set_are_there_already(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("train/7.jpg", picture(1)["bytes"])
    with PictureStore(tmp_path / "images.zip") as store:
        store.add("7", picture(1), "set", 1)
        store.add("8", picture(2), "set", 2)
    assert list(stored(tmp_path / "images.zip")) == ["train/7.jpg", "8.jpg"]
    assert (store.added, len(store)) == (1, 2)


def test_a_set_without_pictures_gets_no_zip(tmp_path: Path) -> None:
    with PictureStore(tmp_path / "images.zip"):
        pass
    assert not (tmp_path / "images.zip").exists()


@pytest.mark.parametrize(
    ("identifier", "content", "message"),
    [
        ("7", {"bytes": None, "path": "7.jpg"}, "found a picture without bytes"),
        ("7", {"bytes": b"no picture", "path": None}, "found a broken picture"),
        ("../7", picture(1), r"found the image id '\.\./7'"),
        ("", picture(1), "found the image id ''"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, identifier: str, content: Any, message: str) -> None:
    with PictureStore(tmp_path / "images.zip") as store, pytest.raises(DataError, match=f"set, row 5: {message}"):
        store.add(identifier, content, "set", 5)
