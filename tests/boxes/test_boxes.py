"""Boxes of detectors: every layout becomes the arrays that a task file names, bit for bit."""

from __future__ import annotations

import base64
import io
import itertools
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from xstilts.base.errors import DataError
from xstilts.boxes.convert import Converted, convert
from xstilts.boxes.tsv import BOTTOM_UP, LXMERT, VILBERT, VOLTA
from xstilts.cli import app
from xstilts.data.images import copy_vectors
from xstilts.data.manifest import Manifest
from xstilts.features.directory import NpyWriter
from xstilts.features.vectors import from_vectors

RANDOM = np.random.default_rng(0)
IMAGES = {name: RANDOM.normal(size=(count, 6)).astype(np.float32) for name, count in (("a", 3), ("b", 1), ("c", 2))}
BOX, SIZE = [10, 0, 40, 50], (80, 50)  # width and height
RELATIVE = [0.125, 0, 0.5, 1]


def tsv(path: Path, layout: tuple[str, ...], images: dict[str, np.ndarray] | None = None, box: object = BOX) -> Path:
    """A file as csv.DictWriter makes it, from the columns' names."""
    lines = []
    for name, vectors in (IMAGES if images is None else images).items():
        coded = {
            "boxes": base64.b64encode(np.array([box] * len(vectors), "<f4").tobytes()).decode(),
            "features": base64.b64encode(vectors.astype("<f4").tobytes()).decode(),
            "num_boxes": str(len(vectors)),
        }
        cells = {"image_id": name, "img_id": name, "image_w": "80", "img_w": "80", "image_h": "50", "img_h": "50"}
        lines.append("\t".join((cells | coded).get(column, "") for column in layout))
    path.write_text("\n".join(lines), encoding="ascii")
    return path


def h5(path: Path, images: dict[str, np.ndarray] = IMAGES) -> Path:
    """A file as features_extraction/detectron2_proposal_maxnms.py of VOLTA writes it."""
    with h5py.File(path, "w") as file:
        for name, vectors in images.items():
            group = file.create_group(name)
            group["features"] = vectors
            group["obj_id"] = np.zeros(len(vectors), np.int64)
            group["boxes"] = np.array([BOX] * len(vectors), np.float32)
            group["img_w"], group["img_h"] = SIZE
    return path


def npz_of_detectron(path: Path, transposed: bool = False) -> Path:
    """A folder as the PyTorch ports of bottom-up attention write it; `info` is pickled."""
    path.mkdir()
    for name, vectors in IMAGES.items():
        about = {"bbox": np.array([BOX] * len(vectors), np.float32), "num_bbox": len(vectors), "info": {"x": 1}}
        x = vectors.T if transposed else vectors
        np.savez_compressed(path / f"{name}.jpg.npz", x=x, image_w=SIZE[0], image_h=SIZE[1], **about)
    return path


def npz_of_uniter(path: Path) -> Path:
    path.mkdir()
    for name, vectors in IMAGES.items():
        norm = np.array([[*RELATIVE, 0.375, 1]] * len(vectors), np.float16)
        np.savez(path / f"{name}.npz", features=vectors.astype(np.float16), norm_bb=norm, conf=norm[:, :1])
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "bottom-up": lambda path: tsv(path, BOTTOM_UP),
    "vilbert": lambda path: tsv(path, VILBERT),
    "lxmert": lambda path: tsv(path, LXMERT),
    "volta": lambda path: tsv(path, VOLTA),
    "iglue": h5,
    "detectron": npz_of_detectron,
    "openvqa": lambda path: npz_of_detectron(path, transposed=True),
    "uniter": npz_of_uniter,
}


@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_is_converted(tmp_path: Path, layout: str) -> None:
    source = WRITERS[layout](tmp_path / "source")
    assert convert([source], tmp_path / "out") == Converted(images=3, boxes=6, dim=6)
    vectors = np.concatenate(list(IMAGES.values())).astype(np.float16)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "features.npy"), vectors)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "boxes.npy"), np.array([RELATIVE] * 6, np.float32))
    assert json.loads((tmp_path / "out" / "ids.json").read_text()) == list("aaabcc")


def test_a_raw_set_and_its_features_take_them(tmp_path: Path) -> None:
    convert([h5(tmp_path / "x.h5")], tmp_path / "out")
    files = (tmp_path / "out" / name for name in ("features.npy", "ids.json", "boxes.npy"))
    (tmp_path / "raw").mkdir()
    copy_vectors(*files, tmp_path / "raw", Manifest(tmp_path / "raw", "", ""))
    from_vectors(tmp_path / "raw" / "vectors", tmp_path / "features", tokens=1)
    assert json.loads((tmp_path / "features" / "images.json").read_text()) == list("abc")
    assert np.load(tmp_path / "features" / "offsets.npy").tolist() == [0, 3, 4, 6]


def test_several_files_of_any_layout_are_one_set(tmp_path: Path) -> None:
    first = h5(tmp_path / "train.h5", {"a": IMAGES["a"]})
    rest = tsv(tmp_path / "dev.tsv", LXMERT, {"b": IMAGES["b"], "c": IMAGES["c"]})
    assert convert([first, rest], tmp_path / "out").images == 3
    with pytest.raises(DataError, match=r"dev\.tsv, row b: found this image a second time"):
        convert([first, rest, rest], tmp_path / "out")


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """A box without an area, and an image without a box."""
    lines = tsv(tmp_path / "x.tsv", LXMERT, IMAGES | {"d": np.zeros((0, 6))}).read_text()
    flat = tsv(tmp_path / "y.tsv", LXMERT, {"e": IMAGES["b"]}, box=[10, 50, 40, 50]).read_text()
    (tmp_path / "x.tsv").write_text(f"{lines}\n{flat}")
    found = convert([tmp_path / "x.tsv"], tmp_path / "out")
    assert found == Converted(images=3, boxes=6, dim=6, flat=1, empty=["d", "e"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb", "row 1: found 2 columns, expected 6, 7, 10 or 13 columns"),
        ("a\t80\t50\t2\t?\t?", "row 1: found "),
        ("a\t80\t50\t-1\t\t", "row 1: found "),
        ("", "found no image with a box"),
    ],
)
def test_other_lines_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.tsv").write_text(text, encoding="ascii")
    with pytest.raises(DataError, match=message):
        convert([tmp_path / "x.tsv"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("vectors", "box", "message"),
    [
        (IMAGES["a"], [0, 0, 50, 80], r"row 1: found the box \[0.0, 0.0, 50.0, 80.0\] in a picture of 80 x 50"),
        (IMAGES["a"], [0, 0, np.nan, 1], "row 1: found the box"),
        (np.full((1, 6), np.nan), BOX, "row 1: found a vector with a number that is not finite"),
        (np.full((1, 6), 1e6), BOX, "row 1: found a vector with a number that is not finite or beyond 65504"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, vectors: np.ndarray, box: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        convert([tsv(tmp_path / "x.tsv", BOTTOM_UP, {"a": vectors}, box)], tmp_path / "out")


def test_other_groups_are_refused(tmp_path: Path) -> None:
    with h5py.File(h5(tmp_path / "x.h5"), "a") as file:
        del file["b/boxes"]
    with pytest.raises(DataError, match=r"x\.h5, row b: found no boxes, expected a group per image with features"):
        convert([tmp_path / "x.h5"], tmp_path / "out")
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["image_features"] = np.zeros((4, 36, 6), np.float32)
    with pytest.raises(DataError, match="row image_features: found an array, not a group"):
        convert([tmp_path / "y.h5"], tmp_path / "out")
    whole = h5(tmp_path / "z.h5").read_bytes()
    (tmp_path / "z.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"z\.h5: found a damaged file"):
        convert([tmp_path / "z.h5"], tmp_path / "out")


def test_what_only_pickle_reads_is_refused(tmp_path: Path) -> None:
    """LMDB (its first page has the mark of lmdb.h behind 16 bytes), pickles, M3P's folders, and objects in an .npz."""
    (tmp_path / "feat.lmdb").mkdir()
    (tmp_path / "feat.lmdb" / "data.mdb").write_bytes(bytes(16) + b"\xde\xc0\xef\xbe" + bytes(100))
    with pytest.raises(DataError, match=r"feat\.lmdb: found an LMDB of Python pickles, which run any code"):
        convert([tmp_path / "feat.lmdb"], tmp_path / "out")
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(IMAGES))
    with pytest.raises(DataError, match=r"x\.pkl: found a Python pickle"):
        convert([tmp_path / "x.pkl"], tmp_path / "out")
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy" / "a_info.npy", {"bbox": 1}, allow_pickle=True)
    with pytest.raises(DataError, match=r"npy: found _info\.npy files, which are Python pickles"):
        convert([tmp_path / "npy"], tmp_path / "out")
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "a.npz", features=np.array([{}]), norm_bb=np.zeros((1, 4)))
    with pytest.raises(DataError, match=r"a\.npz: found an unreadable file \(Object arrays cannot be loaded"):
        convert([tmp_path / "npz"], tmp_path / "out")


def test_other_npz_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "a.npz", features=IMAGES["a"], bbox=np.array([BOX] * 3))
    with pytest.raises(DataError, match=r"row a\.npz: found no array img_w or image_w; it has features, bbox"):
        convert([tmp_path / "npz"], tmp_path / "out")
    (tmp_path / "npz" / "a.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"a\.npz: found an unreadable file"):
        convert([tmp_path / "npz"], tmp_path / "out")
    np.savez_compressed(big := io.BytesIO(), features=np.zeros(1 << 23), norm_bb=np.zeros((1, 4)))
    (tmp_path / "npz" / "a.npz").write_bytes(big.getvalue())
    with pytest.raises(DataError, match=r"row a\.npz: found an array of more than 32 MB"):
        convert([tmp_path / "npz"], tmp_path / "out")


def test_damaged_bytes_are_named(tmp_path: Path) -> None:
    np.savez_compressed(whole := io.BytesIO(), features=RANDOM.normal(size=(30, 60)), norm_bb=np.zeros((30, 4)))
    (tmp_path / "npz").mkdir()
    damaged = bytearray(whole.getvalue())
    damaged[200:400] = bytes(200)
    (tmp_path / "npz" / "a.npz").write_bytes(damaged)
    with pytest.raises(DataError, match=r"a\.npz: found an unreadable file"):
        convert([tmp_path / "npz"], tmp_path / "out")


def test_a_conversion_that_is_stopped_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: NpyWriter, rows: np.ndarray) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(NpyWriter, "append", stopped)
    with pytest.raises(KeyboardInterrupt):
        convert([h5(tmp_path / "x.h5")], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]


def test_the_command_says_what_it_did_and_how_long_it_will_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xstilts.data.progress.time.monotonic", itertools.count(0.0, 100.0).__next__)
    tsv(tmp_path / "x.tsv", LXMERT)
    result = CliRunner().invoke(app, ["boxes", str(tmp_path / "x.tsv"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "out: 6 boxes of 3 images, vectors of 6 numbers" in result.stdout
    assert "2 images (" in result.stderr
    assert "images/s, time left 0:0" in result.stderr
    missing = CliRunner().invoke(app, ["boxes", str(tmp_path / "y.tsv"), "--out", str(tmp_path / "out")])
    assert missing.exit_code == 1
    assert "y.tsv: found nothing, expected an .h5 file of IGLUE" in missing.stderr


def test_a_folder_of_the_user_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("a year of work")
    with pytest.raises(DataError, match=r"found thesis\.tex"):
        convert([h5(tmp_path / "x.h5")], tmp_path / "out")
