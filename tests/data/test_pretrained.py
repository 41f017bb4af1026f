"""Models by name: what is copied, and that code of a repository is neither fetched nor run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.data import pretrained
from xstilts.data.pretrained import fetch

ROOT = Path(__file__).parents[2]
OF_CODE = {"AutoConfig": "configuration_x.XConfig", "AutoModel": "modeling_x.XModel"}


def repository(folder: Path, config: dict[str, object], **more: dict[str, object]) -> Path:
    folder.mkdir(parents=True)
    write_json(folder / "config.json", config)
    for name, content in more.items():
        write_json(folder / f"{name}.json", content)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "modeling_x.py").write_text("raise SystemExit", encoding="utf-8")
    return folder


def test_weights_and_configs_are_copied_and_code_is_not(tmp_path: Path) -> None:
    fetch(str(repository(tmp_path / "here", {"model_type": "bert"})), tmp_path / "out", "encoder", "e5")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("kind", "todo"),
    [
        ("new", r"choose another encoder$"),
        ("xlm-roberta", r"if the weights fit the type 'xlm-roberta' of transformers, name a copy without auto_map$"),
    ],
)
def test_a_model_with_code_of_its_own_is_refused(kind: str, todo: str, tmp_path: Path) -> None:
    here = repository(tmp_path / "here", {"model_type": kind, "auto_map": OF_CODE})
    with pytest.raises(DataError, match=rf"config\.json: found auto_map \(AutoConfig, AutoModel\): a model .*{todo}"):
        fetch(str(here), tmp_path / "out", "encoder", "e5")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["tokenizer_config", "preprocessor_config"])
def test_so_is_a_tokenizer_or_a_preprocessor_with_code(name: str, tmp_path: Path) -> None:
    here = repository(tmp_path / "here", {"model_type": "bert"}, **{name: {"auto_map": OF_CODE}})
    with pytest.raises(DataError, match=rf"{name}\.json: found auto_map"):
        fetch(str(here), tmp_path / "out", "vision", "lite")


def test_code_is_noticed_before_weights_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, asked = repository(tmp_path / "here", {"model_type": "new", "auto_map": OF_CODE}), []

    def snapshot(name: str, wanted: tuple[str, ...], *_: str) -> Path:
        asked.append(wanted)
        return here

    monkeypatch.setattr(pretrained, "_snapshot", snapshot)
    with pytest.raises(DataError, match="found auto_map"):
        fetch("someone/new", tmp_path / "out", "encoder", "e5")
    assert asked == [pretrained.CONFIGS]
    assert not any("safetensors" in name for name in pretrained.CONFIGS)


def test_nothing_in_this_project_trusts_remote_code() -> None:
    """Every `from_pretrained`, also in the code of model cards, says so; `**safe` is a dictionary that does.

    peft's takes no such argument: it reads adapters into a model that is already open.
    """
    calls = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"(?<!PeftModel)\.from_pretrained\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text)
        assert all("trust_remote_code=False" in one or "**safe" in one for one in found), path
        assert not any("**safe" in one for one in found) or '"trust_remote_code": False' in text, path
        calls[path.name] = len(found)
    assert sum(calls.values()) >= 8
