"""A feature directory from published vectors: one region per image, whose box is the whole image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xstilts.base.cache import open_features
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of_files
from xstilts.features.vectors import from_vectors

ROOT = Path(__file__).parents[2]


def published(folder: Path, array: np.ndarray, ids: list[str]) -> Path:
    """A folder as the raw stage writes it."""
    folder.mkdir(parents=True)
    np.save(folder / "resnet50.npy", array)
    (folder / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
    return folder


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_vector_is_the_only_region_of_its_image(tmp_path: Path, dtype: str) -> None:
    array = np.random.default_rng(0).normal(size=(9000, 3)).astype(dtype)  # more than are converted together
    folder = published(tmp_path / "vectors", array, [f"{number}.jpg" for number in range(9000)])
    from_vectors(folder, tmp_path / "havqa")
    features, card = open_features(tmp_path / "havqa"), read_json(tmp_path / "havqa" / "card.json")
    assert features.images == [str(number) for number in range(9000)]
    assert (features.vectors.dtype, features.boxes.dtype, features.offsets.dtype) == (np.float16, np.float32, np.int64)
    np.testing.assert_array_equal(features.vectors, array.astype(np.float16))
    for image in (0, 4095, 4096, 8999):
        assert features.regions(image) == slice(image, image + 1)
    assert np.unique(features.boxes, axis=0).tolist() == [[0, 0, 1, 1, 1, 1, 1]]
    assert (card["vision"], card["dim"], card["images"], card["regions"]) == ("vectors of resnet50.npy", 3, 9000, 9000)
    assert card["sha256"] == sha256_of_files(tmp_path / "havqa")


def test_regions_of_a_detector_keep_their_boxes(tmp_path: Path) -> None:
    array = np.arange(10, dtype=np.float32).reshape(5, 2)
    folder = published(tmp_path / "vectors", array, ["b.jpg", "b.jpg", "a.jpg", "c.jpg", "c.jpg"])
    corners = np.array([[0, 0, 0.5, 0.25], *[[0.25, 0.5, 1, 1]] * 4], np.float32)
    np.save(folder / "boxes.npy", corners)
    from_vectors(folder, tmp_path / "set")
    features = open_features(tmp_path / "set")
    assert features.images == ["b", "a", "c"]
    assert features.offsets.tolist() == [0, 2, 3, 5]
    np.testing.assert_array_equal(features.vectors[features.regions(2)], array[3:])
    np.testing.assert_allclose(features.boxes[0], [0, 0, 0.5, 0.25, 0.5, 0.25, 0.125])
    np.testing.assert_allclose(features.boxes[4], [0.25, 0.5, 1, 1, 0.75, 0.5, 0.375])


def test_a_value_beyond_float16_is_named(tmp_path: Path) -> None:
    array = np.zeros((5000, 2), np.float32)
    array[4500, 1] = -70000
    folder = published(tmp_path / "vectors", array, [str(number) for number in range(5000)])
    with pytest.raises(DataError, match=r"resnet50\.npy, row 4500: found a value beyond float16"):
        from_vectors(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a"], r"ids\.json: found 1 ids, expected an image id for each of 2 vectors"),
        (["a.jpg", "x/a.png"], r"found the image 'a' twice"),
    ],
)
def test_ids_that_do_not_fit_are_refused(tmp_path: Path, ids: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_vectors(published(tmp_path / "vectors", np.zeros((2, 2), np.float16), ids), tmp_path / "out")


def test_a_set_without_an_array_is_named(tmp_path: Path) -> None:
    folder = published(tmp_path / "vectors", np.zeros((1, 2), np.float16), ["a"])
    (folder / "resnet50.npy").unlink()
    with pytest.raises(DataError, match=r"vectors: found no \.npy file"):
        from_vectors(folder, tmp_path / "out")


def test_the_stage_takes_vectors_where_a_set_has_them(tmp_path: Path) -> None:
    """Without pictures and without an image model."""
    published(tmp_path / "raw" / "havqa" / "vectors", np.ones((2, 4), np.float16), ["a", "b"])
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "defaults.yaml").write_text("features: {proposals: patches}", encoding="utf-8")
    command = [sys.executable, str(ROOT / "stages/features.py"), "havqa", "--raw", "raw", "--out", "features"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert open_features(tmp_path / "features" / "havqa").images == ["a", "b"]
    assert read_json(tmp_path / "features" / "havqa" / "card.json")["tokens"] == 1


def test_the_vectors_of_a_published_set(shared_data: Path, tmp_path: Path) -> None:
    ids = read_json(shared_data / "havqa" / "resnet50_ids.json")
    array = np.load(shared_data / "havqa" / "resnet50_avgpool.npy")
    from_vectors(published(tmp_path / "vectors", array, ids), tmp_path / "havqa")
    features = open_features(tmp_path / "havqa")
    assert features.vectors.shape == (1555, 2048)
    np.testing.assert_array_equal(features.vectors, array)
