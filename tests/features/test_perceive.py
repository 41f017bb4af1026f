"""Regions named by a projector whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.features.align import WordSpace, recognise
from xstilts.features.perceive import LEAST, Projector, likelihoods, perceive_regions
from xstilts.programs.scene import read_scenes

NAMES, COLOURS = ("cat", "dog", "sky"), ("red", "blue")


@pytest.fixture
def public(tiny: Any, tmp_path: Path) -> Path:
    """A projector whose features are the words themselves."""
    place = Path(tiny.public())
    (tmp_path / "public").mkdir()
    (tmp_path / "public/encoder").symlink_to(place / "encoder")
    words, size = WordSpace(place / "encoder"), 2 * tiny.HIDDEN
    eye = torch.eye(size)
    tensors = {"feature.mean": torch.zeros(size), "feature.std": torch.ones(size)}
    for column, some, part in (("object", NAMES, eye[: tiny.HIDDEN]), ("attribute", COLOURS, eye[tiny.HIDDEN :])):
        tensors |= {f"{column}.weight": part.clone(), f"{column}.bias": words.phrases(some).mean(0)}
    save_file(tensors, tmp_path / "public/alignment.safetensors")
    return tmp_path / "public"


@pytest.fixture
def names(tmp_path: Path) -> Path:
    rows = [{"image": f"{name}-{colour}", "name": name, "colour": colour} for name in NAMES for colour in COLOURS]
    (tmp_path / "names").mkdir()
    (tmp_path / "names/names.json").write_text(json.dumps(rows))
    return tmp_path / "names"


def vectors(public: Path, *shown: tuple[str, str]) -> np.ndarray:
    """Features of pictures of these names and colours."""
    words = WordSpace(public / "encoder")
    nouns, colours = zip(*shown, strict=True)
    columns = ((nouns, NAMES), (colours, COLOURS))
    return torch.cat([words.phrases(some) - words.phrases(every).mean(0) for some, every in columns], 1).numpy()


def test_regions_get_their_names_and_boxes(public: Path, names: Path, tiny: Any, tmp_path: Path) -> None:
    shown = [("cat", "red"), ("sky", "blue"), ("dog", "red")]
    entry = tiny.features("perceived", vectors(public, *shown), (1, 0, 2))
    perceive_regions(Path(entry["path"]), names, public, tmp_path / "out")
    scenes = read_scenes(tmp_path / "out")
    assert [len(scene.things) for scene in scenes.values()] == [1, 0, 2]
    things = [thing for scene in scenes.values() for thing in scene.things]
    assert [(next(iter(one.names)), next(iter(one.attributes))) for one in things] == shown
    boxes = np.load(Path(entry["path"]) / "boxes.npy")[:, :4]
    np.testing.assert_allclose([one.box.as_list() for one in things], boxes, atol=1e-6)
    assert all(score >= LEAST for one in things for score in [*one.names.values(), *one.attributes.values()])
    card = read_json(tmp_path / "out/card.json")
    assert (card["names"], card["attributes"], card["images"]) == (sorted(NAMES), sorted(COLOURS), 3)


def test_the_likeliest_name_is_the_recognised_one(public: Path) -> None:
    from safetensors.torch import load_file

    alignment, phrases = load_file(public / "alignment.safetensors"), WordSpace(public / "encoder").phrases(NAMES)
    random = torch.randn(20, alignment["object.weight"].shape[1], generator=torch.Generator().manual_seed(0))
    found = likelihoods(random, alignment, "object", phrases)
    content = random @ alignment["object.weight"].T + alignment["object.bias"]
    torch.testing.assert_close(found.sum(1), torch.ones(20))
    assert found.argmax(1).tolist() == recognise(content, phrases, alignment["object.bias"]).tolist()


def test_a_damaged_file_is_named(public: Path, names: Path, tiny: Any, tmp_path: Path) -> None:
    entry = tiny.features("perceived", vectors(public, ("cat", "red")), (1,))
    perceive_regions(Path(entry["path"]), names, public, tmp_path / "out")
    with (tmp_path / "out/scenes.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(DataError, match=r"scenes\.jsonl: found a missing or altered file"):
        read_scenes(tmp_path / "out")


def test_a_picture_without_regions_shows_nothing(public: Path, names: Path) -> None:
    scene = Projector(names, public).scene("empty", torch.zeros(0, 64), np.zeros((0, 7), np.float32))
    assert scene.things == ()
