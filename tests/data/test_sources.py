"""`xstilts data`: what a study reads and from where, and fetching it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub_server import HubServer
from xstilts.base.errors import DataError
from xstilts.cli import app
from xstilts.data.raw import write_raw
from xstilts.sources import fetch, needs


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["data", *arguments])


@pytest.fixture
def hub(official_hub: HubServer) -> HubServer:
    shutil.copy("stages/grid.official.yaml", "stages/grid.yaml")
    return official_hub


def test_every_source_of_a_study_is_shown_with_size_and_licence(hub: HubServer, parameter_files: Any) -> None:
    study = {"intermediates": ["none", "snli_ve"], "targets": ["xquad"]}
    parameter_files.edit("params.yaml", lambda content: content["study"].update(study))
    lines = {row.split()[0] + row.split()[1]: row for row in call().output.splitlines() if "hf://" in row}
    assert [name.split("hf://")[0] for name in lines] == ["snli_ve", "xquad", "xquad", "flickr30k"]
    assert "commit that file" in call().stderr or Path("stages/hub.lock.yaml").is_file()
    squad = next(row for name, row in lines.items() if "rajpurkar" in name)
    assert [word in squad for word in ("train, dev", "kB", "0%", "CC BY-SA 4.0")] == [True] * 4
    assert "to download: `xstilts data fetch`" in call().output


def test_what_the_embedded_world_makes_needs_no_hub(hub: HubServer, parameter_files: Any) -> None:
    parameter_files.edit("params.yaml", lambda content: content.update(world="pictograms"))
    output = call().output
    assert output.count("made here") == 3
    assert call("fetch").output.startswith("0 files, 0 bytes to download")
    assert hub.requests == []


def test_what_was_fetched_is_there_and_the_raw_stage_downloads_nothing_more(hub: HubServer, tmp_path: Path) -> None:
    result = call("fetch", "xcopa")
    assert result.exit_code == 0, result.output
    assert "files," in result.output
    (*_, last) = [line for line in result.stderr.splitlines() if line.startswith("[")]
    assert last.startswith("[14/14] hf://datasets/")
    assert {need.there == need.bytes for need in needs(["xcopa"])} == {True}
    hub.requests.clear()
    write_raw("xcopa", tmp_path, Path("data/raw/xcopa"))
    assert not [one for one in hub.requests if one.startswith("GET") and one.endswith(".parquet")]
    assert all(need.made for need in needs(["xcopa"]))


def test_a_download_that_broke_off_goes_on(hub: HubServer) -> None:
    path = "copa/train-00000-of-00001.parquet"
    hub.cut.add(path)
    result = call("fetch", "xcopa")
    assert result.exit_code == 1
    assert f"{path}: found no usable answer" in result.stderr
    hub.refused.clear()
    hub.requests.clear()
    assert call("fetch", "xcopa").exit_code == 0
    assert len([one for one in hub.requests if one.startswith("GET") and path in one]) == 1


def test_a_disk_that_is_too_small_is_said_before_anything_is_downloaded(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 100))
    with pytest.raises(DataError, match=r"found 100 bytes free, expected .* kB; set HF_HOME"):
        fetch(["xcopa"])
    assert not [one for one in hub.requests if one.startswith("GET /datasets") and one.endswith(".parquet")]


def test_a_hub_out_of_reach_is_a_sentence_per_set(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    (need,) = needs(["mnli"])
    assert "nyu-mll/multi_nli" in need.problem
    assert "no usable answer" in need.problem
