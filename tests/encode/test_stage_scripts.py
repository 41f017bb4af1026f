"""The stage scripts, run as DVC runs them: from the root of a repository, one process each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xstilts.base.files import read_json
from xstilts.encode.task import Places

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(places: Places) -> Path:
    """The stages and task files of the project over the tiny world."""
    root = places.raw.parents[1]
    shutil.copytree(ROOT / "stages", root / "stages")
    encoder = root / "data" / "public" / "encoder"
    encoder.mkdir(parents=True)
    shutil.copy(places.tokenizer, encoder / "tokenizer.json")
    for language in ("pt", "ru", "id", "bn", "ko", "zh"):
        shutil.copy(places.raw / "xgqa" / "test" / "en.json", places.raw / "xgqa" / "test" / f"{language}.json")
    return root


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.stage
def test_caches_and_a_mixture_of_them(repository: Path) -> None:
    for task in ("squad", "mnli", "xgqa"):
        done = run(repository, "stages/tokenized.py", task)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"train  {task}" in done.stdout
    done = run(repository, "stages/mixture.py", "text", "--member", "squad", "--member", "mnli")
    assert (done.returncode, done.stderr) == (0, "")
    tokenized = repository / "data" / "tokenized"
    assert read_json(tokenized / "text" / "learn" / "card.json")["rows"] == {"train": 5, "dev": 4}
    assert read_json(tokenized / "xgqa" / "test" / "card.json")["rows"] == {"test": 8}
    assert run(repository, "stages/mixture.py", "none").returncode == 0
    assert read_json(tokenized / "none" / "learn" / "card.json")["tasks"] == {}


@pytest.mark.stage
def test_a_mistake_is_one_line_and_no_traceback(repository: Path) -> None:
    typo = run(repository, "stages/tokenized.py", "sqad")
    assert (typo.returncode, typo.stdout) == (1, "")
    assert typo.stderr.startswith("error: unknown task 'sqad'. Did you mean 'squad'?")
    absent = run(repository, "stages/mixture.py", "multimodal")
    assert absent.returncode == 1
    assert absent.stderr.count("\n") == 1
    assert "data/tokenized/gqa/learn/card.json: found no such file" in absent.stderr


@pytest.mark.stage
def test_encoding_imports_no_torch() -> None:
    imports = "import sys, xstilts.encode.task, xstilts.encode.mixture"
    program = f"{imports}; print({{'torch', 'transformers', 'numpy'}} & set(sys.modules))"
    assert run(ROOT, "-c", program).stdout == "{'numpy'}\n"
