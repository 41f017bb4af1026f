"""The command line, called as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from xstilts.base.cells import Cell
from xstilts.cli import app

ROOT = Path(__file__).parents[1]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def refused(result: Result) -> str:
    """The one line that a user's mistake gives."""
    assert result.exit_code == 1, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['xstilts', '--help']\n"
        "from xstilts.cli import app\n"
        "try: app()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pyarrow', 'yaml', 'dvc'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert all(command in result.stdout for command in ("tasks", "check", "predict", "export"))


def test_tasks_are_listed(parameter_files: Any) -> None:
    output = call("tasks").output
    line = {row.split()[0]: row for row in output.splitlines() if row.split()}
    assert {"gqa", "snli_ve", "squad", "mnli", "xgqa", "text", "multimodal", "all", "none"} <= set(line)
    assert "image+text" in line["gqa"]
    assert "image+text" not in line["squad"]
    assert "de pt ru id bn ko zh" in line["xgqa"]
    assert "squad + mnli" in line["text"]
    assert "made here" in line["xgqa"]
    assert "official data only" in line["qqp"]
    assert "+32" in line["panx"]
    assert "CC BY-SA 4.0 (drawings: OpenMoji" in line["gqa"]  # of the data that are made here, not of GQA
    assert "CC BY-SA 4.0" in line["panx"]
    assert "every route and target" in line["plain"]
    assert "target: epochs 8.0" in line["longer"]
    assert "on xgqa" in line["longer"]
    assert "intermediate: " in line["iglue"]


def test_rows_come_from_the_caches(parameter_files: Any, tmp_path: Path) -> None:
    for part, rows in (("learn", {"train": 321, "dev": 45}), ("test", {"test": 678})):
        card = tmp_path / "data" / "tokenized" / "xgqa" / part / "card.json"
        card.parent.mkdir(parents=True)
        card.write_text(json.dumps({"tasks": {"xgqa": {"rows": rows, "languages": ["en", "ha"]}}}))
    line = next(row for row in call("tasks").output.splitlines() if row.split()[:1] == ["xgqa"])
    assert "train 321, dev 45, test 678" in line
    assert " en ha " in line


def test_check_passes_and_fails(parameter_files: Any) -> None:
    assert call("check").output == "ok\n"
    parameter_files.edit("params.yaml", lambda content: content.update(intermediate="gpa"))
    assert "Did you mean 'gqa'?" in refused(call("check"))


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("check", "tasks"):
        assert "run from the repository root" in refused(call(command))


RANKED = [("two", 0.5), ("one", 0.25), ("three", 0.1), ("four", 0.05), ("red", 0.04), ("blue", 0.01)]


class Answering:
    """In the place of a model: notes what it is asked."""

    calls: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, opened: tuple[Path, ...]) -> None:
        self.calls.append(opened)

    def look(self, pixels: str) -> str:
        return f"seen {pixels}"

    def doubts(self, pixels: str) -> list[str]:
        return [f"{pixels} are odd"]

    def answer(self, question: str, about: Any) -> list[tuple[str, float]]:
        self.calls.append((question, about))
        return RANKED


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    Answering.calls.clear()
    for name in ("PictureModel", "ClueModel"):
        monkeypatch.setattr(f"xstilts.predict.answers.{name}", Answering)
    monkeypatch.setattr("xstilts.predict.answers.read_picture", lambda image: f"pixels of {image}")
    monkeypatch.setattr("xstilts.predict.opened.open_checkpoint", lambda *places: places)
    monkeypatch.setattr("xstilts.predict.opened.open_export", lambda folder: (folder,))
    return Answering.calls


def test_predict_shows_answers_and_doubts_and_loads_the_model_once(
    parameter_files: Any, tmp_path: Path, asked: list[tuple[Any, ...]]
) -> None:
    (tmp_path / "picture.png").write_bytes(b"a picture")
    (tmp_path / "data/target/plain/gqa-s0/xgqa").mkdir(parents=True)
    questions = ("--question", "Wie viele Katzen?", "--question", "Ist da ein Hund?")
    result = call("predict", "--image", "picture.png", *questions, "--route", "gqa")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[:2] == ["Wie viele Katzen?", "two"]
    assert [line.split() for line in lines[2:4]] == [["50.0%", "two"], ["25.0%", "one"]]
    assert lines[-1] == "note: pixels of picture.png are odd"
    assert len(lines) == 2 * (2 + 5) + 1
    seen = "seen pixels of picture.png"
    checkpoint = (Path("data/target/plain/gqa-s0/xgqa"), Path("data/public"))
    assert asked == [checkpoint, ("Wie viele Katzen?", seen), ("Ist da ein Hund?", seen)]
    assert "--question is blank" in refused(call("predict", "--image", "picture.png", "--question", " "))
    assert "found a folder, expected a picture file" in refused(call("predict", "--image", "data", "--question", "?"))


def test_predict_answers_from_clues_before_and_after_an_edit(
    parameter_files: Any, tmp_path: Path, asked: list[tuple[Any, ...]]
) -> None:
    (tmp_path / "data/target/plain/none-s0/xgqa_clues").mkdir(parents=True)
    ask = ("predict", "--target", "xgqa_clues", "--question", "Welche Farbe?", "--clues", "A dog on a red card.")
    assert "two" in call(*ask, "--edit", "red=blue").output.splitlines()
    assert [one[1] for one in asked[1:]] == ["A dog on a red card.", "A dog on a blue card."]
    assert "'green' does not occur in the clues" in refused(call(*ask, "--edit", "green=blue"))
    assert "expected a word of the clues and another one" in refused(call(*ask, "--edit", "red"))
    assert "picture with --image, or their clues with --clues" in refused(call(*ask[:5]))


def test_predict_takes_an_exported_folder_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Any, ...]]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"a picture")
    ask = ("predict", "--image", "picture.png", "--question", "?", "--model", "exported")
    assert call(*ask).exit_code == 0
    assert asked[0] == (Path("exported"),)
    assert "--model names the model already; leave out --route" in refused(call(*ask, "--route", "gqa"))


def test_predict_names_what_is_missing(parameter_files: Any, tmp_path: Path) -> None:
    ask = ("predict", "--image", "picture.png", "--question", "What is it?")
    assert "picture.png" in refused(call(*ask))
    (tmp_path / "picture.png").write_bytes(b"a picture")
    assert "dvc repro stages/train/dvc.yaml:target@plain-none-0-xgqa" in refused(call(*ask))
    assert "Did you mean 'gqa'?" in refused(call(*ask, "--route", "gpa"))
    assert "seed" in refused(call(*ask, "--seed", "11"))


def test_export_writes_the_cell_that_was_asked_for(
    parameter_files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how to make it, where there is none."""
    calls: list[tuple[Cell, Path]] = []
    module = ModuleType("xstilts.export")
    module.export_cell = lambda *arguments: calls.append(arguments)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xstilts.export", module)
    ask = ("export", "--route", "gqa", "--recipe", "lora", "--out", "x")
    assert "dvc repro stages/train/dvc.yaml:target_only@lora-gqa-0-xgqa" in refused(call(*ask))
    (tmp_path / "data/target/lora/gqa-s0/xgqa").mkdir(parents=True)
    assert call(*ask).output == "x: data/target/lora/gqa-s0/xgqa\n"
    assert calls == [(Cell("lora", "gqa", 0, "xgqa"), Path("x"))]
