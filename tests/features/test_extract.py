"""From images to a feature directory, and the public checkpoint, with a model that is quick to compute."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from xstilts.base.cache import open_features
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of_files
from xstilts.base.machine import processors
from xstilts.features import extract as extraction
from xstilts.features.directory import NpyWriter
from xstilts.features.efficientnet import EfficientNetLite0
from xstilts.features.extract import extract
from xstilts.features.public import assemble, read_pictures
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import LITE0_CONFIG

COLOURS = {"red": (229, 57, 53), "blue": (30, 136, 229), "green": (67, 160, 71)}
NOUNS = ("cat", "dog", "bus", "tree")
SETTINGS = FeatureSettings(crop=32, batch=4)


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-Lite0 with random weights: the same layout, no download."""
    out = tmp_path_factory.mktemp("vision")
    torch.manual_seed(0)
    save_file(EfficientNetLite0().state_dict(), out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(LITE0_CONFIG), encoding="utf-8")
    return out


def picture(shapes: list[tuple[str, str]], seed: int = 0) -> bytes:
    """A canvas with figures next to one another, each of a noun's form and of a colour."""
    image = Image.new("RGB", (40 * len(shapes), 40), (244, 244, 240))
    for slot, (noun, colour) in enumerate(shapes):
        box = (40 * slot + 5 + seed % 3, 5, 40 * slot + 33, 35)
        form = ImageDraw.Draw(image)
        draw = (form.rectangle, form.ellipse, form.pieslice, form.chord)[NOUNS.index(noun)]
        more = {"start": 30, "end": 300} if noun in ("bus", "tree") else {}
        draw(box, fill=COLOURS[colour], **more)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty images with one, two or three objects."""
    path = tmp_path_factory.mktemp("images") / "images.zip"
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40):
            count = 1 + number % 3
            shapes = [(str(random.choice(NOUNS)), str(random.choice(list(COLOURS)))) for _ in range(count)]
            archive.writestr(f"{number:02d}.png", picture(shapes))
    return path


def test_a_feature_directory_is_as_the_cache_opens_it(images: Path, vision: Path, tmp_path: Path) -> None:
    extract(images, vision, tmp_path / "toy", SETTINGS)
    card = read_json(tmp_path / "toy" / "card.json")
    features = open_features(tmp_path / "toy", card["sha256"])
    assert (card["name"], card["vision"], card["dim"], card["images"]) == (
        "toy",
        "efficientnet-lite0",
        1280,
        40,
    )
    assert features.vectors.dtype == np.float16
    assert features.vectors.shape == (card["regions"], 1280)
    assert features.boxes.shape == (card["regions"], 7)
    assert features.images == [f"{number:02d}" for number in range(40)]
    np.testing.assert_array_equal(np.diff(features.offsets), [1 + number % 3 for number in range(40)])
    assert features.boxes[features.regions(2), 0].tolist() == sorted(features.boxes[features.regions(2), 0])


def test_every_row_is_the_vector_of_its_own_crop(images: Path, vision: Path, tmp_path: Path) -> None:
    extract(images, vision, tmp_path / "toy", SETTINGS)
    features, source = open_features(tmp_path / "toy"), extraction.ImageSource(images)
    encoder = extraction.load_vision(vision)
    for image in (0, 1, 35, 39):
        rows = features.regions(image)
        crops = extraction.cut(source.read(features.images[image]), np.array(features.boxes[rows]), SETTINGS.crop)
        alone = extraction.embed(encoder, crops, 1)
        np.testing.assert_allclose(features.vectors[rows], alone, atol=2e-3, rtol=2e-3)


def test_two_runs_and_any_number_of_threads_give_the_same_bytes(
    images: Path, vision: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(images, vision, tmp_path / "a" / "toy", SETTINGS)
    monkeypatch.setattr(extraction, "processors", lambda: 1 + processors())
    extract(images, vision, tmp_path / "b" / "toy", SETTINGS)
    for path in sorted((tmp_path / "a" / "toy").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / "toy" / path.name).read_bytes(), path.name


def test_the_batch_size_changes_only_the_rounding(images: Path, vision: Path, tmp_path: Path) -> None:
    for batch in (1, 16):
        extract(images, vision, tmp_path / str(batch), FeatureSettings(crop=32, batch=batch))
    one, many = (np.load(tmp_path / str(batch) / "features.npy") for batch in (1, 16))
    np.testing.assert_allclose(one, many, atol=2e-3, rtol=2e-3)


def test_the_threads_of_torch_are_given_back(images: Path, vision: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    extract(images, vision, tmp_path / "toy", SETTINGS)
    assert torch.get_num_threads() == before


def test_a_broken_image_is_left_out_and_named(
    images: Path, vision: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others have the features that they have without it; if a task asks about it, that task stops."""
    extract(images, vision, tmp_path / "whole", SETTINGS)
    shutil.copy(images, tmp_path / "images.zip")
    with zipfile.ZipFile(tmp_path / "images.zip", "a") as archive:
        archive.writestr("zz.png", picture([("cat", "red")])[:60])
    extract(tmp_path / "images.zip", vision, tmp_path / "toy", SETTINGS)
    for name in ("features.npy", "boxes.npy", "offsets.npy", "images.json"):
        assert (tmp_path / "toy" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    said = capsys.readouterr().err
    assert "1 of 41 images are left out, since they cannot be read:" in said
    assert "images.zip, row zz.png: found a broken image" in said
    assert list(read_json(tmp_path / "toy" / "card.json")["broken"]) == ["zz"]
    assert "broken" not in read_json(tmp_path / "whole" / "card.json")


def test_nothing_but_broken_images_is_an_error(vision: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"images: found no image that can be read \(.*row a\.png: found a broken"):
        extract(tmp_path / "images", vision, tmp_path / "toy", SETTINGS)
    assert not (tmp_path / "toy").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from xstilts.features import draft, extract
images, vision, out = map(Path, sys.argv[1:])
draft.SECONDS, extract.CHUNK, append, calls = 0.0, 4, draft.FeatureDraft.append, []

def killed(self, *given):
    append(self, *given)
    calls.append(self._vectors._file.write(bytes(100)))  # what was not yet noted
    if len(calls) == 5:
        self._vectors.flush()
        os.kill(os.getpid(), signal.SIGKILL)

draft.FeatureDraft.append = killed if len(sys.argv) > 3 else append
extract.extract(images, vision, out, extract.FeatureSettings(crop=32, batch=4))
"""


def test_a_killed_run_is_gone_on_with_and_gives_the_same_bytes(
    images: Path, vision: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed by SIGKILL after 20 images; of other settings, the draft is not used."""
    extract(images, vision, tmp_path / "whole" / "toy", SETTINGS)
    command = [sys.executable, "-c", KILLED, str(images), str(vision), str(tmp_path / "toy")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / "toy").exists()
    shutil.copytree(tmp_path / ".toy.draft", tmp_path / ".other.draft")
    capsys.readouterr()
    extract(images, vision, tmp_path / "toy", SETTINGS)
    assert "going on after 20 images" in capsys.readouterr().err
    for path in (tmp_path / "whole" / "toy").iterdir():
        assert (tmp_path / "toy" / path.name).read_bytes() == path.read_bytes(), path.name
    extract(images, vision, tmp_path / "other", FeatureSettings(crop=48, batch=4))
    assert ".other.draft: not used, as these changed since: settings" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "toy", "whole"]


def test_a_file_written_in_parts_is_the_file_written_whole(tmp_path: Path) -> None:
    rows = np.arange(30, dtype=np.float32).reshape(10, 3)
    with NpyWriter(tmp_path / "parts.npy", 3, "<f2") as writer:
        for part in np.array_split(rows, [1, 1, 7]):
            writer.append(part)
    np.testing.assert_array_equal(np.load(tmp_path / "parts.npy", mmap_mode="r"), rows.astype(np.float16))


def write_names(folder: Path) -> Path:
    """Pictures of every noun in every colour, as the stage `names` writes them."""
    rows = [{"image": f"{noun}-{colour}", "name": noun, "colour": colour} for noun in NOUNS for colour in COLOURS]
    folder.mkdir()
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for number, row in enumerate(rows):
            archive.writestr(f"{row['image']}.png", picture([(row["name"], row["colour"])], number))
    (folder / "names.json").write_text(json.dumps(rows), encoding="utf-8")
    return folder


def test_the_public_checkpoint_takes_models_from_directories(vision: Path, small_encoder: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    shutil.copytree(small_encoder, encoder)
    (encoder / "config.json").write_text("{}", encoding="utf-8")
    (encoder / "modeling.py").write_text("raise SystemExit", encoding="utf-8")
    names = write_names(tmp_path / "names")
    assemble(tmp_path, names.parent, tmp_path / "public", str(encoder), str(vision), "names", SETTINGS)
    public = read_json(tmp_path / "public" / "public.json")
    assert (public["hidden"], public["dim"]) == (24, 1280)
    assert set(public["naming_accuracy"]) == {"object", "colour", "pictures"}
    assert sorted(path.name for path in (tmp_path / "public" / "encoder").iterdir()) == [
        "SHA256SUMS",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    extract(names / "images.zip", tmp_path / "public" / "vision", tmp_path / "features", SETTINGS)


def test_a_model_without_safetensors_is_refused(vision: Path, tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "pytorch_model.bin").touch()
    names = write_names(tmp_path / "names")
    with pytest.raises(DataError, match=r"expected config\.json and safetensors; choose another encoder"):
        assemble(tmp_path, names.parent, tmp_path / "public", str(tmp_path / "encoder"), str(vision), "names", SETTINGS)
    assert not (tmp_path / "public").exists()


def test_a_row_of_names_that_lacks_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('[{"image": "a", "name": "cat", "colour": "red"}, {"image": "b"}]')
    with pytest.raises(DataError, match=r"names\.json, row 1: found .*expected image, name and colour"):
        read_pictures(tmp_path / "names.json")


def test_the_card_knows_every_file(images: Path, vision: Path, tmp_path: Path) -> None:
    """Other boxes or another order of images are other features, also where no vector differs."""
    extract(images, vision, tmp_path / "toy", SETTINGS)
    card = read_json(tmp_path / "toy" / "card.json")
    assert card["sha256"] == sha256_of_files(tmp_path / "toy")
    for name in ("features.npy", "boxes.npy", "offsets.npy", "images.json"):
        path = tmp_path / "toy" / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert sha256_of_files(tmp_path / "toy") != card["sha256"], name
        path.write_bytes(before)
