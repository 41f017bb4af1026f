"""A study is read from its files: the committed metrics, and details and scenes as their stages write them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import write_json, write_table
from xstilts.page.material import read_material
from xstilts.report.cells.details import ANSWERS, details_path
from xstilts.scenes import PICTURES, QUESTIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(tmp_path: Path) -> dict[str, Any]:
    """The study of metrics/ with two of its routes, beside scenes without a picture of their own."""
    shutil.copytree(ROOT / "metrics", tmp_path / "metrics", ignore=shutil.ignore_patterns("full"))
    routes = list(json.loads((ROOT / "metrics/study.json").read_text())["xgqa"]["accuracy"])
    asked = [("q1", "i1", "verify", "yes", code, f"{code}?") for code in ("en", "de")]
    scenes = tmp_path / "report/scenes/xgqa"
    about = {"data": "pictograms", "licence": "CC0", "source": "a seed", "why_none": ""}
    write_json(scenes / "about.json", about)
    rows = [dict(zip(QUESTIONS.names, one, strict=True)) for one in asked]
    write_table(scenes / "questions.arrow", pa.Table.from_pylist(rows, schema=QUESTIONS))
    picture = [{"image_id": "i1", "webp": b"RIFF"}]
    write_table(scenes / "pictures.arrow", pa.Table.from_pylist(picture, schema=PICTURES))
    answered = [{"id": "q1", "language": code, "prediction": "no", "score": 0.0} for code in ("en", "de")]
    for route in routes:
        out = details_path(tmp_path / "report/details", "xgqa", route, 0)
        write_json(out / "training.json", {"intermediate": None, "target": None})
        write_table(out / "answers.arrow", pa.Table.from_pylist(answered, schema=ANSWERS))
    return {"targets": ["xgqa"], "intermediates": routes, "seeds": [0]}


def test_everything_is_read(study: dict[str, Any], tmp_path: Path) -> None:
    material = read_material(tmp_path / "metrics", tmp_path / "report", study)
    for name in ("study", "answer", "transfer", "claims"):
        assert getattr(material, name) == json.loads((ROOT / f"metrics/{name}.json").read_text())
    (question,) = material.scenes["xgqa"].questions
    assert (question.id, question.type, question.texts) == ("q1", "verify", {"en": "en?", "de": "de?"})
    assert material.scenes["xgqa"].pictures == {"i1": b"RIFF"}
    assert len(material.answers) == len(material.cells) == len(study["intermediates"]) > 0
    assert material.answers["xgqa", "none", 0]["q1", "de"] == ("no", 0.0)


def test_a_missing_file_is_an_error_in_words(study: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "metrics/claims.json").unlink()
    with pytest.raises(DataError, match=r"claims\.json: found no such file"):
        read_material(tmp_path / "metrics", tmp_path / "report", study)


@pytest.mark.slow
def test_the_stage_writes_the_page_of_a_named_study(study: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "stages/full/study.yaml", {"study": study})  # JSON is YAML
    shutil.copytree(tmp_path / "metrics", tmp_path / "metrics/full")
    shutil.copytree(tmp_path / "report", tmp_path / "data/report/full")
    command = [sys.executable, str(ROOT / "stages/page.py"), "--study", "full"]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "data/report/full/index.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    (tmp_path / "metrics/full/answer.json").write_text("{")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: metrics/full/answer.json")
    assert (tmp_path / "data/report/full/index.html").read_text(encoding="utf-8") == page
