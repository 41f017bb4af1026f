"""The scenes of a target: drawn by a seed, whole questions in every language, small pictures."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, write_json
from xstilts.features.settings import FeatureSettings
from xstilts.scenes import SIDE, draw, small, write_scenes
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import EncodeSection, TaskSpec

LANGUAGES = ("en", "de")
TASK = TaskSpec("xgqa", "vqa", EncodeSection(list(LANGUAGES), "accuracy", {"test": "test/{language}.json"}))
ABOUT = {"data": "official", "licence": "CC BY 4.0", "source": "somebody", "files": {}}


def png(shade: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((300, 600, 3), shade, np.uint8)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three images with two questions each, in GQA's format."""
    root = tmp_path / "raw"
    for language in LANGUAGES:
        questions = {
            f"q{n}": {
                "question": f"{language} <b>{n}</b>?",
                "imageId": f"i{n // 2}",
                "answer": "yes",
                "types": {"structural": "verify", "semantic": "obj"},
            }
            for n in range(6)
        }
        write_json(root / "test" / f"{language}.json", questions)
    with zipfile.ZipFile(root / "images.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"i{number}.png", png(80 * number))
    write_json(root / "manifest.json", ABOUT)
    return root


def test_questions_are_those_of_the_raw_files_and_pictures_are_small(raw: Path, tmp_path: Path) -> None:
    write_scenes(TASK, raw, tmp_path / "out", FeatureSettings())
    rows = open_rows(tmp_path / "out/questions.arrow").to_pylist()
    assert len(rows) == 6 * len(LANGUAGES)
    for row in rows:
        asked = json.loads((raw / "test" / f"{row['language']}.json").read_text())[row["id"]]
        assert [row["question"], row["image_id"], row["answer"]] == [
            asked[key] for key in ("question", "imageId", "answer")
        ]
    pictures = open_rows(tmp_path / "out/pictures.arrow").to_pylist()
    assert {one["image_id"] for one in pictures} == {"i0", "i1", "i2"}
    with Image.open(io.BytesIO(pictures[0]["webp"])) as picture:
        assert (picture.format, picture.size) == ("WEBP", (SIDE, SIDE // 2))
    about = read_json(tmp_path / "out/about.json")
    assert about == {"target": "xgqa", "data": "official", "licence": "CC BY 4.0", "source": "somebody"} | {
        "scenes": 3,
        "why_none": "",
    }


def test_images_are_drawn_whole_by_the_seed() -> None:
    asked = [VqaExample(f"q{n}", code, "?", f"i{n // 3}", "yes") for code in LANGUAGES for n in range(60)]
    chosen = draw(asked, count=5)
    assert len({one.image for one in chosen}) == 5
    assert len(chosen) == 5 * 3 * len(LANGUAGES)
    assert chosen == draw(asked, count=5)
    assert chosen != draw(asked, count=5, seed=1)
    assert draw(asked, count=100) == asked


def test_the_same_picture_has_the_same_bytes() -> None:
    picture = Image.new("RGBA", (40, 20), (1, 2, 3, 255))
    assert small(picture) == small(picture)


@pytest.mark.parametrize(
    ("kind", "without", "why"),
    [
        ("classification", "", "xgqa asks no questions about pictures"),
        ("vqa", "images.zip", "the raw data of xgqa hold no pictures"),
    ],
)
def test_a_target_without_pictures_says_why(raw: Path, tmp_path: Path, kind: str, without: str, why: str) -> None:
    if without:
        (raw / without).unlink()
    write_scenes(TaskSpec("xgqa", kind, TASK.encode), raw, tmp_path / "out", FeatureSettings())
    assert read_json(tmp_path / "out/about.json")["why_none"] == why
    assert len(open_rows(tmp_path / "out/questions.arrow")) == len(open_rows(tmp_path / "out/pictures.arrow")) == 0


def test_a_picture_that_is_not_there_is_named_and_nothing_is_written(raw: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(raw / "images.zip", "w") as archive:
        archive.writestr("i0.png", png(0))
    with pytest.raises(DataError, match=r"images\.zip, row i1: found no such image"):
        write_scenes(TASK, raw, tmp_path / "out", FeatureSettings())
    assert not (tmp_path / "out").exists()


def test_regions_are_those_that_the_model_is_given(raw: Path, tmp_path: Path) -> None:
    """A dark square on a plain canvas is a region; a plain picture has none, and a grid of patches is not drawn."""
    pixels = np.full((100, 200, 3), 255, np.uint8)
    pixels[20:60, 50:90] = 0
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    with zipfile.ZipFile(raw / "images.zip", "w") as archive:
        archive.writestr("i0.png", content.getvalue())
        for number in (1, 2):
            archive.writestr(f"i{number}.png", png(80 * number))
    for name, proposals in (("boxes", "components"), ("none", "patches")):
        write_scenes(TASK, raw, tmp_path / name, FeatureSettings(proposals=proposals))
    found = {row["image_id"]: row["regions"] for row in open_rows(tmp_path / "boxes/pictures.arrow").to_pylist()}
    assert found == {"i0": [pytest.approx([0.25, 0.2, 0.45, 0.6])], "i1": [], "i2": []}
    assert {len(row["regions"]) for row in open_rows(tmp_path / "none/pictures.arrow").to_pylist()} == {0}
