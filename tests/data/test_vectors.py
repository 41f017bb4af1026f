"""Sets that publish one vector per image: copied into the raw set after every value was checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.errors import DataError
from xstilts.data.raw import write_raw


@pytest.fixture
def vectors(parameter_files: Any, tmp_path: Path) -> Any:
    """A set with three vectors; call it with another array or other ids."""
    parameter_files.edit("params.yaml", lambda content: content.update(world="official"))
    (tmp_path / "here").mkdir()
    for name in ("train.json", "dev.json"):
        (tmp_path / "here" / name).write_text("{}", encoding="utf-8")

    def change(content: dict[str, Any]) -> None:
        content["data"]["official"] = {"root": "here", "vectors": {"file": "x.npy", "ids": "x.json"}}
        content["encode"]["files"] = {"train": "train.json", "dev": "dev.json"}

    parameter_files.edit("stages/tasks/gqa.yaml", change)

    def write(array: Any = None, ids: Any = ("a", "b", "c")) -> None:
        array = np.arange(6, dtype=np.float16).reshape(3, 2) if array is None else array
        np.save(tmp_path / "here" / "x.npy", array, allow_pickle=True)
        (tmp_path / "here" / "x.json").write_text(json.dumps(ids), encoding="utf-8")

    return write


def test_vectors_and_ids_are_copied(vectors: Any, assets: Path) -> None:
    vectors()
    write_raw("gqa", assets, Path("out"))
    assert np.load("out/vectors/x.npy").tolist() == [[0, 1], [2, 3], [4, 5]]
    assert json.loads(Path("out/vectors/ids.json").read_text(encoding="utf-8")) == ["a", "b", "c"]
    files = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["files"]
    assert [files[f"vectors/{name}"]["rows"] for name in ("x.npy", "ids.json")] == [3, 3]


@pytest.mark.parametrize(
    ("array", "ids", "message"),
    [
        (None, ["a", "b"], r"x\.json: found 2 ids, expected 3, one per row of x\.npy"),
        (None, ["a", "b", "a"], r"x\.json, row 2: found the id 'a' a second time"),
        (None, [1, 2, 3], r"x\.json: found no list of texts"),
        (np.array([[0.0, 1], [2, np.nan], [3, 4]], np.float32), ["a", "b", "c"], r"x\.npy, row 1: .* not finite"),
        (np.zeros((3, 2), np.float64), ["a", "b", "c"], r"x\.npy: found float64 \[3, 2\]"),
        (np.zeros((3, 2, 1), np.float32), ["a", "b", "c"], r"x\.npy: found float32 \[3, 2, 1\]"),
        (np.array([[print]]), ["a"], r"x\.npy: found an unreadable array .*Python objects"),
    ],
)
def test_vectors_that_cannot_be_used_are_refused(
    vectors: Any, assets: Path, array: Any, ids: Any, message: str
) -> None:
    vectors(array, ids)
    with pytest.raises(DataError, match=message):
        write_raw("gqa", assets, Path("out"))
    assert not Path("out").exists()


BOXES = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 1, 1]], np.float32)


@pytest.fixture
def boxes(vectors: Any, parameter_files: Any, tmp_path: Path) -> Any:
    """The set's vectors become those of a detector; call it with boxes and ids."""
    edit = {"file": "boxes.npy", "ids": "x.json", "boxes": "b.npy"}
    parameter_files.edit("stages/tasks/gqa.yaml", lambda content: content["data"]["official"].update(vectors=edit))

    def write(array: Any = BOXES, ids: Any = ("a", "a", "b")) -> None:
        vectors(ids=ids)
        (tmp_path / "here" / "x.npy").rename(tmp_path / "here" / "boxes.npy")
        np.save(tmp_path / "here" / "b.npy", array)

    return write


def test_boxes_of_a_detector_are_copied(boxes: Any, assets: Path) -> None:
    boxes()
    write_raw("gqa", assets, Path("out"))
    np.testing.assert_array_equal(np.load("out/vectors/boxes.npy"), BOXES)
    assert np.load("out/vectors/features.npy").shape == (3, 2)  # a name of its own


@pytest.mark.parametrize(
    ("array", "ids", "message"),
    [
        (BOXES[:2], "aab", r"b\.npy: found boxes \[2, 4\], expected \[3, 4\]"),
        (BOXES * 100, "aab", r"b\.npy, row 0: found the box .*relative to the image"),
        (BOXES[:, [2, 1, 0, 3]], "aab", r"b\.npy, row 0: found the box"),
        (BOXES, "aba", r"x\.json, row 2: found the id 'a' a second time, expected the regions of an image one after"),
    ],
)
def test_boxes_that_cannot_be_used_are_refused(boxes: Any, assets: Path, array: Any, ids: str, message: str) -> None:
    boxes(array, list(ids))
    with pytest.raises(DataError, match=message):
        write_raw("gqa", assets, Path("out"))


def test_a_truncated_array_is_refused(vectors: Any, assets: Path, tmp_path: Path) -> None:
    vectors()
    content = (tmp_path / "here" / "x.npy").read_bytes()
    (tmp_path / "here" / "x.npy").write_bytes(content[:-2])
    with pytest.raises(DataError, match=r"x\.npy: found an unreadable array"):
        write_raw("gqa", assets, Path("out"))
