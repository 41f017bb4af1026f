"""Boxes of bottom-up attention: both layouts become the arrays that a task file names, bit for bit."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from xstilts.base.errors import DataError
from xstilts.data.detections import convert
from xstilts.data.images import copy_vectors
from xstilts.data.manifest import Manifest

RANDOM = np.random.default_rng(0)
IMAGES = {name: RANDOM.normal(size=(count, 6)).astype(np.float32) for name, count in (("a", 3), ("b", 1), ("c", 2))}


def line(name: str, vectors: np.ndarray, layout: str) -> str:
    boxes = np.array([[10, 0, 40, 50]] * len(vectors), np.float32)
    arrays = [base64.b64encode(array.astype("<f4").tobytes()).decode() for array in (boxes, vectors)]
    size = ["80", "50"] if layout == "bottom-up" else ["50", "80", "", "", "", ""]
    return "\t".join([name, *size, str(len(vectors)), *arrays])


def written(path: Path, layout: str) -> Path:
    path.write_text("\n".join(line(name, vectors, layout) for name, vectors in IMAGES.items()), encoding="ascii")
    return path


@pytest.mark.parametrize("layout", ["bottom-up", "lxmert"])
def test_both_layouts_are_converted(tmp_path: Path, layout: str) -> None:
    assert convert(written(tmp_path / "x.tsv", layout), tmp_path / "out") == (3, 6)
    vectors = np.concatenate(list(IMAGES.values())).astype(np.float16)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "features.npy"), vectors)
    np.testing.assert_allclose(np.load(tmp_path / "out" / "boxes.npy"), [[0.125, 0, 0.5, 1]] * 6)
    assert json.loads((tmp_path / "out" / "ids.json").read_text()) == list("aaabcc")


def test_a_raw_set_takes_them(tmp_path: Path) -> None:
    convert(written(tmp_path / "x.tsv", "bottom-up"), tmp_path / "out")
    files = (tmp_path / "out" / name for name in ("features.npy", "ids.json", "boxes.npy"))
    (tmp_path / "raw").mkdir()
    copy_vectors(*files, tmp_path / "raw", Manifest(tmp_path / "raw", "", ""))
    assert (tmp_path / "raw" / "vectors" / "boxes.npy").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb", "row 1: found 2 columns, expected 6 or 10 columns"),
        ("a\t80\t50\t2\t?\t?", "row 1: found "),
        ("", "found no line"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.tsv").write_text(text, encoding="ascii")
    with pytest.raises(DataError, match=message):
        convert(tmp_path / "x.tsv", tmp_path / "out")
    assert not (tmp_path / "out").exists()
