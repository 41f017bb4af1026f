"""The task files of the project, and what the schema refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts import parameters
from xstilts.data.layout import LAYOUT
from xstilts.encode.recipe import load_mixture
from xstilts.errors import ParameterError
from xstilts.tasks.schema import METRICS, load_task

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "stages" / "tasks").glob("*.yaml"))
SECTIONS = ["kind", "data", "encode", "intermediate", "target", "score"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_task_file_is_short_and_loads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    content = parameters.read_yaml(path)
    assert list(content) == SECTIONS
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 15
    if content["kind"] == "mixture":
        assert load_mixture(path.stem).name == path.stem
    else:
        assert load_task(path.stem).kind in METRICS
        assert re.search(r"(19|20)\d\d", content["data"]["citation"])
        assert content["data"]["licence"]


def test_there_are_task_files() -> None:
    assert len(FILES) >= 9


def test_every_cell_of_the_grid_has_a_task_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    grid = parameters.grid()
    cells = {*grid["datasets"], *grid["intermediates"], *grid["targets"]}
    assert len(cells) >= 9
    assert cells <= set(parameters.task_names())


def test_readers_look_where_the_raw_stage_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert len(LAYOUT) >= 5
    for task, files in LAYOUT.items():
        assert load_task(task).encode.files == files


GQA: dict[str, Any] = {
    "languages": ["en"],
    "metric": "accuracy",
    "features": "gqa",
    "files": {"train": "train.json", "dev": "dev.json"},
}


def load(tmp_path: Path, kind: str, section: dict[str, Any]) -> None:
    """Load a task `sample` of this kind from a folder of parameter files."""
    (tmp_path / "stages" / "tasks").mkdir(parents=True)
    defaults = {"encode": {"max_length": 64, "seed": 0, "sampling": {"cap": 5}}}
    (tmp_path / "stages" / "defaults.yaml").write_text(yaml.safe_dump(defaults), encoding="utf-8")
    content = yaml.safe_dump({"kind": kind, "encode": section})
    (tmp_path / "stages" / "tasks" / "sample.yaml").write_text(content, encoding="utf-8")
    load_mixture("sample") if kind == "mixture" else load_task("sample")


@pytest.mark.parametrize(
    ("kind", "section", "complaint"),
    [
        ("vqaa", GQA, "unknown kind 'vqaa'. Did you mean 'vqa'"),
        ("vqa", {**GQA, "langauges": ["en"]}, "unknown key 'langauges'. Did you mean 'languages'"),
        ("vqa", {**GQA, "sampling": {"cap": 3}}, "unknown key 'sampling'"),
        ("vqa", {"metric": "accuracy"}, "missing languages, files"),
        ("vqa", {**GQA, "languages": []}, "languages is empty"),
        ("vqa", {**GQA, "languages": ["en", "xx"]}, "unknown language 'xx'"),
        ("vqa", {**GQA, "languages": [False]}, "languages is"),
        ("vqa", {**GQA, "languages": ["en", "en"]}, "'en' is listed twice"),
        ("vqa", {**GQA, "languages": ["en", "de"]}, "no path in files has {language}"),
        (
            "vqa",
            {**GQA, "files": {"train": "a", "dev": "b", "tset": "c"}},
            "unknown split 'tset' in files. Did you mean 'test'",
        ),
        ("vqa", {**GQA, "files": {"train": "a"}}, "files has no dev"),
        (
            "vqa",
            {**GQA, "metric": "acuracy"},
            "unknown metric 'acuracy' of a vqa task. Did you mean 'accuracy'",
        ),
        ("vqa", {**GQA, "features": None}, "missing features"),
        ("vqa", {**GQA, "labels": ["yes", "no"]}, "labels belongs to a classification task"),
        ("vqa", {**GQA, "max_length": 4}, "max_length is 4"),
        ("vqa", {**GQA, "max_length": "64"}, "max_length is '64', expected int"),
        ("vqa", {**GQA, "min_count": 0}, "min_count is 0"),
        ("classification", GQA, "labels is []"),
        ("classification", {**GQA, "labels": ["a", "a"]}, "two or more distinct classes"),
        ("span", {**GQA, "metric": "f1"}, "a span task has no images"),
        ("span", {**GQA, "metric": "f1", "on_truncation": "drop"}, "expected one of error, skip"),
        ("mixture", {}, "missing members"),
        ("mixture", {"members": ["gqa"]}, "unknown member 'gqa'"),
        ("mixture", {"members": ["sample", "sample"]}, "'sample' is listed twice"),
        ("mixture", {"members": [], "max_length": 3}, "unknown key 'max_length'"),
        (
            "mixture",
            {"members": [], "sampling": {"rule": "random"}},
            "expected one of proportional, temperature",
        ),
        ("mixture", {"members": [], "sampling": {"temperature": 0}}, "a temperature above 0"),
        ("mixture", {"members": [], "sampling": {"T": 2}}, "unknown key 'T'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    kind: str, section: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError) as error:
        load(tmp_path, kind, section)
    assert complaint in str(error.value)
    assert str(error.value).startswith("stages/tasks/sample.yaml")
    assert "\n" not in str(error.value)


def test_a_task_is_no_mixture_and_a_mixture_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(ParameterError, match=r"all is a mixture; run stages/mixture\.py all"):
        load_task("all")
    with pytest.raises(ParameterError, match=r"gqa is no mixture; run stages/tokenized\.py gqa"):
        load_mixture("gqa")


def test_the_stage_and_the_file_must_agree_on_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert load_mixture("text", ["mnli", "squad"]).members == ("squad", "mnli")
    with pytest.raises(ParameterError, match="members are squad, mnli, but the stage was given gqa"):
        load_mixture("text", ["gqa"])
