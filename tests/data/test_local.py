"""Official files from a local directory: found under the names of `encode.files`, copied, counted; what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.data.raw import official_source, write_raw


@pytest.fixture
def official(parameter_files: Any) -> Any:
    """Choose the world `official`; call it to set the sections `data.official` and `encode` of a task's file."""
    parameter_files.edit("params.yaml", lambda content: content.update(world="official", data_root=None))

    def point(task: str, encode: dict[str, Any], **where: Any) -> None:
        def change(content: dict[str, Any]) -> None:
            content["data"].update(official=where, licence="CC BY 4.0")
            content["encode"].update(encode)

        parameter_files.edit(f"stages/tasks/{task}.yaml", change)

    return point


def fill(root: Path, *names: str) -> Path:
    """Files whose content is their own name."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
    return root


def copied() -> dict[str, str]:
    """{path: content} of what was written, manifest and zip left out."""
    about = ("manifest.json", "images.zip", "SHA256SUMS")
    files = [path for path in Path("out").rglob("*") if path.is_file() and path.name not in about]
    return {path.relative_to("out").as_posix(): path.read_text(encoding="utf-8") for path in files}


XGQA = {
    "languages": ["en", "de", "zh"],
    "files": {
        "train": "train/en.json",
        "dev": "lines:dev/{language}.json",
        "test": ["test/{language}.json", "extra.json"],
    },
}
THERE = ("train/en.json", "dev/en.json", "test/en.json", "test/de.json", "test/zh.json", "extra.json")


def test_names_of_the_task_are_the_official_ones_if_none_are_given(official: Any, assets: Path, tmp_path: Path) -> None:
    fill(tmp_path / "here", *THERE, "test/ko.json", "dev/de.json", "readme.txt")
    official("xgqa", XGQA, root=str(tmp_path / "here"))
    write_raw("xgqa", assets, Path("out"))
    assert copied() == {name: name for name in THERE}


def test_official_names_become_those_of_the_task(official: Any, assets: Path, tmp_path: Path) -> None:
    names = ("a.json", "b_en.json", "c_eng.json", "c_deu.json", "c_cmn.json", "d.json")
    fill(tmp_path / "here", *names)
    files = {"train": "a.json", "dev": "b_{language}.json", "test": ["c_{language3}.json", "d.json"]}
    official("xgqa", XGQA, root="here", files=files)
    write_raw("xgqa", assets, Path("out"))
    assert copied() == dict(zip(THERE, names, strict=True))
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    assert {name: entry["of"] for name, entry in manifest["files"].items()} == copied()
    assert manifest["licence"] == "CC BY 4.0"


def test_training_languages_and_shots_are_part_of_names(official: Any, assets: Path, tmp_path: Path) -> None:
    files = {"train": "{language}/train_{shots}.json", "dev": "{language}/dev.json", "test": "{language}/test.json"}
    encode = {"languages": ["en", "de"], "train_languages": ["de", "bn"], "shots": 48, "files": files}
    names = ("de/train_48.json", "bn/train_48.json", "en/dev.json", "en/test.json", "de/test.json")
    fill(tmp_path / "here", *names, "en/train_48.json", "de/train_1.json")
    official("xgqa", encode, root="here")
    write_raw("xgqa", assets, Path("out"))
    assert set(copied()) == set(names)


def test_a_root_lies_below_data_root_unless_it_is_absolute(
    official: Any, parameter_files: Any, assets: Path, tmp_path: Path
) -> None:
    parameter_files.edit("params.yaml", lambda content: content.update(data_root=str(tmp_path / "published")))
    encode = {"files": {"train": "train.json", "dev": "dev.json"}}
    for root in ("squad", str(tmp_path / "elsewhere")):
        fill(tmp_path / "published" / root, "train.json", "dev.json")  # an absolute path stays as it is
        official("squad", encode, root=root)
        write_raw("squad", assets, Path("out"))
        assert set(copied()) == {"train.json", "dev.json"}


def test_a_file_of_several_splits_is_copied_once_and_lines_are_counted(
    official: Any, assets: Path, tmp_path: Path
) -> None:
    fill(tmp_path / "here", "dev.json")
    (tmp_path / "here" / "all.jsonl").write_text('{"a": 1}\n\n{"a": 2}', encoding="utf-8")
    official("squad", {"files": {"train": ["all.jsonl", "dev.json"], "dev": "dev.json"}}, root="here")
    write_raw("squad", assets, Path("out"))
    files = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["files"]
    assert {name: entry["rows"] for name, entry in files.items()} == {"all.jsonl": 2, "dev.json": None}


def test_a_missing_language_is_named_and_the_others_are_counted(official: Any, assets: Path, tmp_path: Path) -> None:
    fill(tmp_path / "here", *set(THERE) - {"test/de.json", "test/zh.json"})
    official("xgqa", XGQA, root="here")
    with pytest.raises(DataError, match=r"here/test/de\.json: found no such file \(nor 1 more: test/zh\.json\)"):
        write_raw("xgqa", assets, Path("out"))
    assert not Path("out").exists()


def test_an_empty_file_is_not_an_official_one(official: Any, tmp_path: Path) -> None:
    fill(tmp_path / "here", "train.json", "dev.json")
    (tmp_path / "here" / "dev.json").write_bytes(b"")
    official("squad", {"files": {"train": "train.json", "dev": "dev.json"}}, root="here")
    with pytest.raises(DataError, match=r"dev\.json: found an empty file"):
        official_source("squad")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train": "a", "test": ["c_{language}", "d"]}, "0 names for dev, but encode.files has 1"),
        ({"train": "a", "dev": "b", "test": "c_{language}"}, "1 names for test, but encode.files has 2"),
        (
            {"train": "a", "dev": "b", "test": ["c", "d"]},
            "'c' and encode.files 'test/{language}.json' of test must both",
        ),
        (
            {"train": "a", "dev": "b", "test": ["c_{language}", "d"], "tests": "e"},
            "unknown split 'tests'. Did you mean 'test'",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(official: Any, tmp_path: Path, files: Any, message: str) -> None:
    official("xgqa", XGQA, root="here", files=files)
    with pytest.raises(ParameterError) as error:
        official_source("xgqa")
    assert message in str(error.value)


def test_two_official_files_never_share_a_name(official: Any, tmp_path: Path) -> None:
    official("squad", {"files": {"train": "x", "dev": "x"}}, root="here", files={"train": "a", "dev": "b"})
    with pytest.raises(ParameterError, match=r"both here/a and here/b would become x"):
        official_source("squad")


def test_official_data_need_a_root_or_the_hub(official: Any, assets: Path) -> None:
    official("squad", {})
    with pytest.raises(ParameterError, match=r"stages/tasks/squad.yaml: data.official names no root and no hub"):
        write_raw("squad", assets, Path("out"))


@pytest.mark.parametrize("name", ["../x.json", "a/../../x.json", "/tmp/x.json", "~/x.json", "..", ""])
def test_no_name_leads_out_of_the_folder_of_the_set(official: Any, assets: Path, tmp_path: Path, name: str) -> None:
    fill(tmp_path / "here" / "deep", "train.json", "dev.json")
    official(
        "squad",
        {"files": {"train": name, "dev": "dev.json"}},
        root="here/deep",
        files={"train": "train.json", "dev": "dev.json"},
    )
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ParameterError, match="is not a path within the set's own folder"):
        write_raw("squad", assets, Path("out"))
    assert set(tmp_path.rglob("*")) - before == {tmp_path / ".out.lock"}


def test_a_linked_file_is_copied_and_not_linked(official: Any, assets: Path, tmp_path: Path) -> None:
    fill(tmp_path / "disk", "train.json")
    fill(tmp_path / "here", "dev.json")
    (tmp_path / "here" / "train.json").symlink_to(tmp_path / "disk" / "train.json")
    official("squad", {"files": {"train": "train.json", "dev": "dev.json"}}, root="here")
    write_raw("squad", assets, Path("out"))
    Path("out/train.json").write_text("changed", encoding="utf-8")
    assert (tmp_path / "disk" / "train.json").read_text(encoding="utf-8") == "train.json"


@pytest.mark.parametrize("name", ["manifest.json", "images.zip", "vectors/x.npy"])
def test_names_that_the_stage_writes_itself_are_refused(official: Any, name: str) -> None:
    official("squad", {"files": {"train": name, "dev": "dev.json"}}, root="here")
    with pytest.raises(ParameterError, match="is a name that the raw stage uses itself"):
        official_source("squad")


def test_an_image_folder_is_part_of_a_set(official: Any, assets: Path, tmp_path: Path) -> None:
    fill(tmp_path / "here", *THERE, "images/1.jpg", "images/deep/2.png", "images/readme.txt")
    official("xgqa", XGQA, root="here", images="images")
    write_raw("xgqa", assets, Path("out"))
    with zipfile.ZipFile("out/images.zip") as archive:
        assert archive.namelist() == ["1.jpg", "deep/2.png"]
    files = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["files"]
    assert (files["images.zip"]["rows"], files["images.zip"]["of"]) == (2, "images")
