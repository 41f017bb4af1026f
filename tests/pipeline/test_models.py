"""The model registry as DVC runs it: a route's model exported with its card, registered, fetched, and asked."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def fetched(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chosen route's model, exported, registered as version 1.0.0, and got from the repository as users do."""
    assert pipeline.executed("repro", "stages/models/dvc.yaml") == ["export.py plain/none 0 xgqa"]
    pipeline.commit()
    pipeline.run(str(Path(sys.executable).with_name("gto")), "register", "xgqa", "--version", "v1.0.0")
    out = tmp_path_factory.mktemp("fetched") / "model"
    pipeline.dvc("artifacts", "get", str(pipeline.root), "xgqa", "--rev", "v1.0.0", "--out", str(out))
    return out


def test_the_card_has_the_scores(pipeline: Pipeline, fetched: Path) -> None:
    card = (fetched / "README.md").read_text(encoding="utf-8")
    assert "without an intermediate task" in card
    scores = json.loads((pipeline.root / "metrics/xgqa.json").read_text())["accuracy"]
    assert f"| mean of the others | {100 * scores['zero_shot']:.1f} | " in card
    assert str(pipeline.root.parent) not in card


def test_the_code_of_the_card_answers_about_a_picture(pipeline: Pipeline, fetched: Path) -> None:
    """As `xstilts predict` does."""
    with zipfile.ZipFile(pipeline.root / "data/raw/xgqa/images.zip") as archive:
        (fetched / "picture.png").write_bytes(archive.read(archive.namelist()[0]))
    blind, seen = BLOCK.findall((fetched / "README.md").read_text(encoding="utf-8"))
    code = f"import os; os.chdir({str(fetched)!r})\n{blind}\n{seen}"
    answers = pipeline.run(sys.executable, "-c", code).stdout.splitlines()
    question = "Is there a dog in the picture?"
    ask = ("predict", "--image", str(fetched / "picture.png"), "--question", question)
    expected = pipeline.run(sys.executable, "-c", "from xstilts.cli import app; app()", *ask).stdout.splitlines()
    assert len(answers) == 2
    assert answers[1] == expected[0]


def test_a_second_export_runs_nothing(pipeline: Pipeline, fetched: Path) -> None:
    assert pipeline.executed("repro", "stages/models/dvc.yaml") == []
