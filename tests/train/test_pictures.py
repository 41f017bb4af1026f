"""The pictures of rows: two images side by side, and the two controls: left out and exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.cache import open_features
from xstilts.base.errors import XstiltsError
from xstilts.base.files import read_json
from xstilts.train.examples import Examples, open_examples
from xstilts.train.phase import train_phase
from xstilts.train.pictures import exchange


@pytest.fixture(scope="session")
def everything(every_kind: Path) -> Examples:
    return open_examples(every_kind, "train")


def of_task(examples: Examples, task: str) -> np.ndarray:
    return np.flatnonzero(examples.tasks == task)


def test_two_images_are_one_wide_picture(everything: Examples, tiny_features: dict[str, Any]) -> None:
    features, chosen = open_features(Path(tiny_features["path"])), of_task(everything, "compares")
    batch, written = everything.batch(chosen), everything.table.to_pylist()
    for i, row in enumerate(chosen):
        left, right = (features.regions(written[row][name]) for name in ("image", "second_image"))
        found, boxes = (part[i][batch.region_mask[i]].numpy() for part in (batch.features, batch.boxes))
        count = left.stop - left.start
        for side, (where, part) in enumerate(((left, boxes[:count]), (right, boxes[count:]))):
            expected = features.boxes[where]
            x = expected[:, [0, 2]] / 2 + 0.5 * side
            np.testing.assert_allclose(part[:, [0, 2]], x, atol=1e-6)
            np.testing.assert_allclose(part[:, [1, 3, 5]], expected[:, [1, 3, 5]], atol=1e-6)
            np.testing.assert_allclose(part[:, [4, 6]], expected[:, [4, 6]] / 2, atol=1e-6)
            np.testing.assert_allclose(part[:, 4] * part[:, 5], part[:, 6], atol=1e-6)
        vectors = np.concatenate([features.vectors[left], features.vectors[right]])
        np.testing.assert_array_equal(found, vectors.astype(np.float32))
        assert everything.visual_lengths[row] == 4 * len(vectors)
        assert everything.tokens[row] == len(written[row]["input_ids"]) + 4 * len(vectors)


def test_one_image_keeps_its_boxes(everything: Examples, tiny_features: dict[str, Any]) -> None:
    features, chosen = open_features(Path(tiny_features["path"])), of_task(everything, "matches")
    batch = everything.batch(chosen)
    for i, row in enumerate(chosen):
        where = features.regions(everything.table["image"][int(row)].as_py())
        np.testing.assert_array_equal(batch.boxes[i][batch.region_mask[i]].numpy(), features.boxes[where])


def test_every_choice_sees_the_picture(everything: Examples) -> None:
    batch = everything.batch(of_task(everything, "points"))
    for tensor in (batch.features, batch.boxes, batch.region_mask):
        whole = tensor.view(len(batch.ids), batch.choices, *tensor.shape[1:])
        assert all(torch.equal(whole[:, 0], whole[:, i]) for i in range(batch.choices))
    assert batch.region_mask.any()


def test_blind_rows_have_no_picture(every_kind: Path) -> None:
    blind = open_examples(every_kind, "train", pictures="blind")
    assert not blind.visual_lengths.any()
    for task in ("looks", "compares", "points"):
        assert blind.batch(of_task(blind, task)).features.shape[1] == 0


@pytest.fixture(scope="module")
def languages(tiny: Any, tiny_features: dict[str, Any]) -> Path:
    """Questions of three languages about the same images, in different orders."""
    rows = []
    for number, language in enumerate(("en", "de", "ko")):
        part = tiny.rows("looks", 24, number, language)
        for i, row in enumerate(part):
            row["image"] = (i + number) % len(tiny.REGIONS)
        rows += part
    return Path(tiny.cache("languages", {"test": [*rows, *tiny.rows("finds", 3)]}, tiny_features))


def test_shuffled_rows_have_another_image_the_same_in_every_language(languages: Path) -> None:
    shown, shuffled = (open_examples(languages, "test", pictures=name) for name in ("shown", "shuffled"))
    mapping: dict[int, int] = {}
    for row in of_task(shown, "looks"):
        before, after = int(shown.pictures.images[row, 0]), int(shuffled.pictures.images[row, 0])
        assert before != after
        assert mapping.setdefault(before, after) == after
    assert sorted(mapping) == sorted(mapping.values()) == list(range(8))
    assert not (shuffled.pictures.images[of_task(shown, "finds")] >= 0).any()
    other = open_examples(languages, "test", pictures="shuffled", seed=1)
    assert (other.pictures.images != shuffled.pictures.images).any()
    rows = of_task(shown, "looks")[:6]
    assert torch.equal(shown.batch(rows).input_ids, shuffled.batch(rows).input_ids)
    assert (shuffled.visual_lengths[rows] == 4 * shuffled.batch(rows).region_mask.sum(1).numpy()).all()


def test_a_language_keeps_to_its_own_images() -> None:
    """Where languages have images of their own, as in MaRVL, none sees another's."""
    images = np.array([[3, -1], [5, -1], [9, -1], [5, -1]])
    found = exchange(images, 0, "looks, sw")
    assert set(found[:, 0]) <= {3, 5, 9}
    assert (found[:, 0] != images[:, 0]).all()
    assert (found[:, 1] == -1).all()
    assert found[1].tolist() == found[3].tolist()


def test_pairs_stay_together_and_share_no_image_if_they_can() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 300, (120, 2))
    found = exchange(images, 0, "compares, en")
    assert {tuple(pair) for pair in found.tolist()} == {tuple(pair) for pair in images.tolist()}
    same = (images[:, :, None] == found[:, None, :]).any((1, 2))
    assert not same.any()
    chain = np.array([[0, 1], [1, 2], [2, 0]])  # every two of them share an image
    assert (exchange(chain, 0, "compares, en") != chain).any(1).all()


@pytest.mark.parametrize("pictures", ["blind", "shuffled"])
def test_a_control_is_trained_as_what_it_claims(
    pictures: Any, every_kind: Path, public: Path, tmp_path: Path, make_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Train and dev alike; a blind run never reads a picture, and an exchange is the same whatever the run's seed."""
    seen: dict[str, Any] = {"train": [], "dev": []}
    whole = Examples.batch

    def noted(self: Examples, rows: np.ndarray, update: int = 0) -> Any:
        seen["train" if update else "dev"].append((rows, self.pictures.images[rows]))
        return whole(self, rows, update)

    monkeypatch.setattr(Examples, "batch", noted)
    for seed in (1, 2):
        settings = make_settings(pictures=pictures, batch_size=8, epochs=0.5)
        train_phase(every_kind, public, tmp_path / str(seed), settings, seed)
    assert read_json(tmp_path / "1" / "checkpoint.json")["training"]["settings"]["pictures"] == pictures
    for split, batches in seen.items():
        assert len(batches) > 10
        expected = open_examples(every_kind, split, pictures=pictures).pictures.images
        for rows, images in batches:
            np.testing.assert_array_equal(images, expected[rows])
        assert (expected < 0).all() == (pictures == "blind")


def test_a_single_image_cannot_be_exchanged() -> None:
    with pytest.raises(XstiltsError, match="looks, en: found one image, expected two or more to exchange"):
        exchange(np.array([[4, -1], [4, -1]]), 0, "looks, en")
    assert len(exchange(np.zeros((0, 2), np.int64), 0, "finds, en")) == 0
