"""The `raw` stage's choice of world, and that two processes never write one set at once."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.data.manifest import summary
from xstilts.data.raw import only_writer, write_raw


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
        ("stages/defaults.yaml", lambda c: c["data"].update(share=0), "share is 0, expected above 0 to 1"),
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


@pytest.mark.parametrize("dataset", ["all", "qqp"])
def test_what_the_embedded_world_has_not_is_said(parameter_files: Any, assets: Path, dataset: str) -> None:
    if not (file := Path(f"stages/tasks/{dataset}.yaml")).exists():
        file.write_text("kind: classification\n", encoding="utf-8")
    message = f"the embedded world has no '{dataset}'; set `world: official` in params.yaml and data.official in {file}"
    with pytest.raises(ParameterError, match=message):
        write_raw(dataset, assets, Path("out"))


def test_names_need_no_parameters(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_raw("names", assets, Path("out"))
    assert Path("out/names.json").exists()


def test_the_stage_says_what_it_wrote(assets: Path, tmp_path: Path) -> None:
    write_raw("names", assets, tmp_path / "names")
    assert re.fullmatch(
        r"names: 2 files, [\d,]+ rows, [\d,]+ images, [\d,]+ bytes; licence: CC BY-SA 4\.0 .+; source: .+",
        summary(tmp_path / "names"),
    )


def test_a_second_writer_waits_and_says_so(assets: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    second = threading.Thread(target=write_raw, args=("names", assets, tmp_path / "names"))
    with only_writer(tmp_path / "names"):
        second.start()
        second.join(timeout=1)
        assert second.is_alive()
        assert not (tmp_path / "names").exists()
    second.join(timeout=60)
    assert (tmp_path / "names" / "manifest.json").exists()
    assert "another process is writing it; waiting" in capfd.readouterr().err


def test_what_a_killed_process_left_is_removed(assets: Path, tmp_path: Path) -> None:
    """A draft is made beside the set; as a killed process leaves it, it is never taken for the set."""
    process = subprocess.Popen(["true"])
    process.wait()
    left = [tmp_path / f".{name}.draft-{process.pid}-01234567" for name in ("names", "other")]
    for draft in left:
        draft.mkdir()
    write_raw("names", assets, tmp_path / "names")
    assert [path.exists() for path in left] == [False, True]


def test_a_link_in_place_of_the_set_does_not_lead_out(assets: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "names").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="names: found a symbolic link, expected a folder of the project"):
        write_raw("names", assets, tmp_path / "names")
    assert list((tmp_path / "elsewhere").iterdir()) == []
