"""A study is read from its files: metrics, collected cells and scenes, as their stages write them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xstilts.base.cells import Study
from xstilts.base.errors import DataError
from xstilts.base.files import write_json, write_table
from xstilts.page.content import page_content
from xstilts.page.material import Material, read_material
from xstilts.page.render import render
from xstilts.scenes import PICTURES, QUESTIONS

ROOT = Path(__file__).parents[2]
Make = Callable[..., Material]
STUDY = Study(["plain", "lora"], ["none", "gqa"], ["longer/none"], [0, 1], ["xgqa"])


@pytest.fixture
def files(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Material:
    """The files of a study of two recipes, in the working directory; returns what they were made from."""
    monkeypatch.chdir(tmp_path)
    material = make(routes=[str(route) for route in STUDY.routes()], seeds=(0, 1), languages=("en", "de"))
    for name in ("study", "answer", "transfer", "claims", "cells"):
        write_json(Path("metrics", f"{name}.json"), getattr(material, name))
    asked = [("q1", "i1", "verify", "yes", code, f"{code}?") for code in ("en", "de")]
    scenes = Path("data/report/scenes/xgqa")
    write_json(scenes / "about.json", {"data": "pictograms", "licence": "CC0", "source": "a seed", "why_none": ""})
    rows = [dict(zip(QUESTIONS.names, one, strict=True)) for one in asked]
    write_table(scenes / "questions.arrow", pa.Table.from_pylist(rows, schema=QUESTIONS))
    picture = [{"image_id": "i1", "webp": b"RIFF", "regions": [[0.0, 0.0, 0.5, 0.5]]}]
    write_table(scenes / "pictures.arrow", pa.Table.from_pylist(picture, schema=PICTURES))
    for route, cells in STUDY.cells("xgqa").items():
        for cell, training in zip(cells, material.training["xgqa"][str(route)], strict=True):
            answered = [
                {"id": "q1", "language": code, "prediction": str(cell), "score": 0.0, "probability": 0.5}
                for code in ("en", "de")
            ]
            write_json(cell.collected() / "training.json", training)
            table = pa.Table.from_pylist(answered)
            write_table(cell.collected() / "answers.arrow", table)
    return material


def test_everything_is_read(files: Material) -> None:
    material = read_material(STUDY, None)
    for name in ("routes", "seeds", "study", "answer", "transfer", "claims", "cells", "training"):
        assert getattr(material, name) == json.loads(json.dumps(getattr(files, name))), name
    (question,) = material.scenes["xgqa"].questions
    assert (question.id, question.type, question.texts) == ("q1", "verify", {"en": "en?", "de": "de?"})
    assert material.scenes["xgqa"].pictures == {"i1": b"RIFF"}
    assert list(material.answers["xgqa"]) == ["none", "gqa", "lora/none", "lora/gqa", "longer/none"]
    first, second = material.answers["xgqa"]["lora/gqa"]
    assert first["q1", "de"] == ("lora/gqa, seed 0, xgqa", 0.0, 0.5)
    assert second["q1", "de"] == ("lora/gqa, seed 1, xgqa", 0.0, 0.5)
    assert material.scenes["xgqa"].regions == {"i1": [[0, 0, 0.5, 0.5]]}


def test_what_git_holds_is_enough(files: Material) -> None:
    shutil.rmtree("data")
    material = read_material(STUDY, None, from_git=True)
    html = render(page_content(material))
    assert "No error atlas of xgqa: answers and pictures lie in data/report" in html
    assert 'id="explorer-xgqa"' in html
    with pytest.raises(DataError, match="no such file"):
        read_material(STUDY, None)


def test_a_missing_file_is_an_error_in_words(files: Material) -> None:
    Path("metrics/claims.json").unlink()
    with pytest.raises(DataError, match=r"claims\.json: found no such file"):
        read_material(STUDY, None)


@pytest.mark.slow
def test_the_stage_writes_the_page_of_a_named_study(files: Material, tmp_path: Path) -> None:
    write_json(tmp_path / "stages/full/study.yaml", {"study": vars(STUDY)})  # JSON is YAML
    write_json(tmp_path / "params.yaml", {"encoder": "multilingual-e5-small"})
    shutil.copytree("metrics", tmp_path / "metrics/full")
    shutil.copytree("data/report", tmp_path / "data/report/full")
    command = [sys.executable, str(ROOT / "stages/page.py"), "--study", "full"]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = Path("data/report/full/index.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    Path("metrics/full/answer.json").write_text("{")
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: metrics/full/answer.json")
    assert Path("data/report/full/index.html").read_text(encoding="utf-8") == page
