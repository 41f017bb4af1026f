"""README's pictures show a study's numbers; the committed ones are those of the committed study."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from PIL import Image

from xstilts.base.files import read_json, write_table
from xstilts.pictures import THEMES, draw, find_exhibit
from xstilts.report.numbers import percent
from xstilts.scenes import PICTURES, QUESTIONS, small
from xstilts.show import read_study

ROOT = Path(__file__).parents[1]
ANSWERS = pa.schema(
    [("id", pa.string()), ("language", pa.string()), ("prediction", pa.string()), ("score", pa.float32())]
)
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    """What is written in a picture."""
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("theme", THEMES)
def test_the_committed_picture_has_the_committed_scores(theme: str) -> None:
    """Of the study that it names in its title, wherever that is kept."""
    written = texts((ROOT / f"docs/pictures/study-{theme}.svg").read_text(encoding="utf-8"))
    studies = sorted((ROOT / "metrics").glob("**/study.json"))
    scores = [
        [percent(part[part["metric"]][route][place]) for route in part["intervals"] for place in ("zero_shot", "en")]
        for path in studies
        for part in read_json(path).values()
    ]
    assert any(all(score in written for score in own) for own in scores), "run `xstilts pictures --out docs/pictures`"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed study, with two questions of which the first is answered right by half of the routes' answers."""
    (tmp_path / "metrics").symlink_to(ROOT / "metrics")
    monkeypatch.chdir(tmp_path)
    scenes = tmp_path / "data/report/scenes/xgqa"
    scenes.mkdir(parents=True)
    about: dict[str, Any] = {"image_id": "i", "structural": "verify", "answer": "yes"}
    asked = [
        {**about, "id": number, "language": language, "question": f"{number} <{language}>?"}
        for number in "qrs"
        for language in ("en", "de")
    ]
    write_table(scenes / "questions.arrow", pa.Table.from_pylist(asked, schema=QUESTIONS))
    picture = {"image_id": "i", "webp": small(Image.new("RGB", (8, 8)))}
    write_table(scenes / "pictures.arrow", pa.Table.from_pylist([picture], schema=PICTURES))
    for route in ("none", "squad", "gqa"):
        folder = tmp_path / f"data/report/cells/xgqa/plain/{route}-s0"
        folder.mkdir(parents=True)
        shares = {"q": (1.0, 1.0), "r": (1.0, 0.0), "s": (0.0, 0.0)}
        rows = [
            {"id": one, "language": language, "prediction": f"{route}!", "score": score}
            for one, scores in shares.items()
            for language, score in zip(("en", "de"), scores, strict=True)
        ]
        write_table(folder / "answers.arrow", pa.Table.from_pylist(rows, schema=ANSWERS))
    return tmp_path


def test_the_question_nearest_to_the_mean_is_shown_in_every_language(study: Path) -> None:
    exhibit = find_exhibit(None, "xgqa", read_study(None))
    assert exhibit is not None
    assert exhibit.rows == {
        "en": ("r <en>?", [("none!", True), ("squad!", True), ("gqa!", True)]),
        "de": ("r <de>?", [("none!", False), ("squad!", False), ("gqa!", False)]),
    }
    written = draw(study / "out")
    assert [path.name for path in written] == ["study-light.svg", "study-dark.svg", "scene-light.svg", "scene-dark.svg"]
    for path in written[2:]:
        found = texts(path.read_text(encoding="utf-8"))
        assert {"r <de>?", "German", "none! ✓", "gqa! ✗", "Drawings: OpenMoji, CC BY-SA 4.0"} <= set(found)
        image = re.search(r'href="data:image/webp;base64,([^"]+)"', path.read_text())
        assert image is not None
        assert Image.open(io.BytesIO(base64.b64decode(image[1]))).size == (8, 8)


def test_without_collected_scenes_only_the_study_is_drawn(study: Path) -> None:
    (study / "data").rename(study / "elsewhere")
    assert [path.name for path in draw(study / "out")] == ["study-light.svg", "study-dark.svg"]
