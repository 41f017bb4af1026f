"""Models on the tests' stand-in for the hub: pushed with their cards, and looked for by `xstilts check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from hub_server import HubServer
from xstilts.base.errors import DataError, ParameterError, XstiltsError
from xstilts.base.files import own_directory
from xstilts.check.hub import ask_hub
from xstilts.export import push_to_hub

FILES = {
    "README.md": b"---\nlicense: other\n---\n# A model\n",
    "config.json": b"{}",
    "vision/model.safetensors": b"weights",
}


def exported(out: Path, files: dict[str, bytes]) -> Path:
    with own_directory(out) as draft:
        for name, content in files.items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_bytes(content)
    return out


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> HubServer:
    server = HubServer()
    monkeypatch.setenv("HF_TOKEN", "hf_may_write")
    with server.running():
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        yield server


def test_all_files_and_the_card_arrive_in_a_private_repository(hub: HubServer, tmp_path: Path) -> None:
    """A second push takes away what the model no longer has."""
    address = push_to_hub(exported(tmp_path / "out", FILES), "me/xgqa-gqa", private=True)
    assert address == f"{hub.url}/me/xgqa-gqa"
    assert hub.models["me/xgqa-gqa"] == FILES
    assert [one["visibility"] for one in hub.made] == ["private"]
    fewer = {name: content for name, content in FILES.items() if "vision" not in name}
    push_to_hub(exported(tmp_path / "out", fewer), "me/xgqa-gqa", private=True)
    assert hub.models["me/xgqa-gqa"] == fewer


def test_refusals_are_sentences(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = exported(tmp_path / "bare", {"config.json": b"{}"})
    with pytest.raises(DataError, match=r"found no README.md, expected an exported model with its card"):
        push_to_hub(bare, "me/bare", private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(XstiltsError, match=r"me/mine: the hub did not take the model \(.*401.*\); log in with"):
        push_to_hub(exported(tmp_path / "out", FILES), "me/mine", private=True)
    with pytest.raises(XstiltsError, match=r"a b c: the hub did not take"):
        push_to_hub(tmp_path / "out", "a b c", private=True)
    assert hub.models == {}


def test_check_asks_for_the_models_that_are_named(hub: HubServer, parameter_files: Any) -> None:
    """A model that is there passes; one that is not, or has no safetensors, is refused; no network is a note."""
    hub.models = {"me/encoder": {"model.safetensors": b""}, "me/pickled": {"pytorch_model.bin": b""}}
    assert ask_hub() == []  # the embedded models are not asked for
    assert hub.requests == []
    parameter_files.edit("params.yaml", lambda content: content.update(encoder="me/encoder"))
    assert ask_hub() == []
    for name, said in {
        "me/encodr": "the hub has no such model",
        "me/pickled": "no safetensors among its 1 files",
    }.items():
        parameter_files.edit("params.yaml", lambda content, name=name: content.update(encoder=name))
        with pytest.raises(ParameterError, match=f"params.yaml: encoder: '{name}': {said}"):
            ask_hub()


def test_without_the_hub_check_goes_on(parameter_files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    parameter_files.edit("params.yaml", lambda content: content.update(vision="me/vision"))
    (note,) = ask_hub()
    assert note.startswith("note: params.yaml: vision: 'me/vision' was not looked up")
