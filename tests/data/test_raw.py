"""The `raw` stage's choice of world, and official files from a local directory."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from xstilts.data.raw import write_raw
from xstilts.errors import DataError, ParameterError


def official(parameter_files: Any, task: str, **where: Any) -> None:
    """Choose the world `official`, with these values in the task's section `data.official`."""
    parameter_files.edit("params.yaml", lambda content: content.update(world="official"))
    parameter_files.edit(f"stages/tasks/{task}.yaml", lambda content: content["data"]["official"].update(where))


def test_settings_decide_the_size(parameter_files: Any, assets: Path) -> None:
    parameter_files.edit("stages/defaults.yaml", lambda content: content["data"].update(share=0.004))
    write_raw("gqa", assets, Path("out"))
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    rows = {name: entry["rows"] for name, entry in manifest["files"].items()}
    assert rows == {
        "dev_questions.json": 20,
        "images.zip": 9,
        "scene_graphs.json": 9,
        "train_questions.json": 30,
    }


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "params.yaml",
            lambda c: c.update(world="pictogram"),
            "unknown world 'pictogram'. Did you mean 'pictograms'",
        ),
        (
            "stages/defaults.yaml",
            lambda c: c["data"].update(shares=1),
            "unknown key 'shares'. Did you mean 'share'",
        ),
        ("stages/defaults.yaml", lambda c: c["data"].update(share=0), "share is 0, expected more than 0"),
    ],
)
def test_mistakes_in_parameters_are_sentences(
    parameter_files: Any, assets: Path, file: str, change: Any, message: str
) -> None:
    parameter_files.edit(file, change)
    with pytest.raises(ParameterError, match=message.replace(".", r"\.").replace("?", r"\?")):
        write_raw("mnli", assets, Path("out"))


def test_an_unknown_dataset_is_refused(parameter_files: Any, assets: Path) -> None:
    with pytest.raises(ParameterError, match=r"unknown task 'gpa'\. Did you mean 'gqa'"):
        write_raw("gpa", assets, Path("out"))


def test_a_mixture_has_no_raw_files(parameter_files: Any, assets: Path) -> None:
    with pytest.raises(ParameterError, match="the embedded world has no 'all'"):
        write_raw("all", assets, Path("out"))


def test_official_files_are_copied_into_the_raw_layout(parameter_files: Any, assets: Path, tmp_path: Path) -> None:
    root = tmp_path / "downloads"
    (root / "images" / "deep").mkdir(parents=True)
    for name in ("train.json", "val.json", "zero_shot_de.json", "zero_shot_zh.json"):
        (root / name).write_text(name)
    for name in ("1.jpg", "deep/2.png", "readme.txt"):
        (root / "images" / name).write_text(name)
    files = {"train": "train.json", "dev": "val.json", "test": "zero_shot_{language}.json"}
    official(parameter_files, "xgqa", root=str(root), images="images", files=files)
    write_raw("xgqa", assets, Path("out"))
    copied = {"train/en.json": "train.json", "dev/en.json": "val.json", "test/de.json": "zero_shot_de.json"}
    for target, source in copied.items():
        assert Path("out", target).read_text() == source
    with zipfile.ZipFile("out/images.zip") as archive:
        assert archive.namelist() == ["1.jpg", "deep/2.png"]
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {*copied, "test/zh.json", "images.zip"}
    assert manifest["licence"] == "CC BY 4.0"


def test_official_data_need_a_root(parameter_files: Any, assets: Path) -> None:
    official(parameter_files, "squad")
    with pytest.raises(ParameterError, match=r"stages/tasks/squad.yaml: data.official names no root"):
        write_raw("squad", assets, Path("out"))


@pytest.mark.parametrize("missing", ["dev-v1.1.json", "train-v1.1.json"])
def test_a_missing_official_file_is_named(parameter_files: Any, assets: Path, tmp_path: Path, missing: str) -> None:
    for name in {"dev-v1.1.json", "train-v1.1.json"} - {missing}:
        (tmp_path / name).write_text("{}")
    official(parameter_files, "squad", root=str(tmp_path))
    with pytest.raises(DataError, match=f"{missing}: found no such file"):
        write_raw("squad", assets, Path("out"))
    assert not Path("out").exists()


def test_a_pattern_without_any_language_is_named(parameter_files: Any, assets: Path, tmp_path: Path) -> None:
    official(parameter_files, "xgqa", root=str(tmp_path), files={"test": "testdev_{language}.json"})
    with pytest.raises(DataError, match=r"testdev_\{language\}.json: found no such file in any language"):
        write_raw("xgqa", assets, Path("out"))


def test_names_need_no_parameters(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_raw("names", assets, Path("out"))
    assert Path("out/names.json").exists()
