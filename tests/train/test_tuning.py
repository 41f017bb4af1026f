"""Training adapters or heads alone: what moves, what stays, and what the next phase starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from xstilts.base.errors import ParameterError
from xstilts.base.files import read_json
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train import phase
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings

FILE = "model.safetensors"
Settings = Callable[..., TrainSettings]


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """Of every model that is trained: how far each weight moved, at most."""
    found: list[dict[str, float]] = []
    train = phase.train

    def spy(model: MultitaskModel, *arguments: Any) -> Any:
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        result = train(model, *arguments)
        after = dict(model.named_parameters())
        found.append({name: (after[name] - weight).abs().max().item() for name, weight in before.items()})
        return result

    monkeypatch.setattr(phase, "train", spy)
    return found


@pytest.mark.parametrize("inputs", [False, True])
def test_adapters_move_and_what_they_are_beside_does_not(
    inputs: bool, every_kind: Path, public: Path, tmp_path: Path, make_settings: Settings, moves: list[dict[str, float]]
) -> None:
    """Bit for bit: no matrix, bias or norm of any layer moves; embeddings and prefix do if that is asked for."""
    settings = make_settings(tune="lora", lora_rank=4, frozen_layers=1, learning_rate=1e-2, train_inputs=inputs)
    train_phase(every_kind, public, tmp_path / "out", settings, 0)
    (moved,) = moves
    adapters = {name for name in moved if "lora_" in name}
    assert len(adapters) == 2 * 6
    assert all("encoder.layer.1." in name for name in adapters)
    layers = {name for name in moved if "encoder.layer." in name}
    assert {name for name in layers if moved[name] > 0} == adapters
    others = {name for name in moved.keys() - layers if name.startswith("encoder.") and moved[name] > 0}
    assert bool(others) == inputs
    stored = {name for name in load_file(tmp_path / "out" / FILE) if "encoder.layer." in name}
    assert stored == {f"{name.split('.lora_')[0]}.weight" for name in adapters}


def test_heads_move_and_the_encoder_does_not(
    every_kind: Path, public: Path, tmp_path: Path, make_settings: Settings, moves: list[dict[str, float]]
) -> None:
    train_phase(every_kind, public, tmp_path / "out", make_settings(tune="head"), 0)
    (moved,) = moves
    assert {name.split(".")[0] for name in moved if moved[name] > 0} == {"heads"}
    assert all(name.startswith("heads.") for name in load_file(tmp_path / "out" / FILE))


def test_a_later_phase_starts_from_merged_adapters(
    learn: Path, public: Path, tmp_path: Path, make_settings: Settings
) -> None:
    """Whatever it tunes; and what it leaves has all that both changed."""
    fast = {"learning_rate": 1e-2, "frozen_layers": 1}
    train_phase(learn, public, tmp_path / "lora", make_settings(tune="lora", **fast), 0)
    first = {n: w for n, w in load_file(tmp_path / "lora" / FILE).items() if n.startswith("encoder.")}
    fresh = {f"encoder.{name}": weight for name, weight in load_public(public).named_parameters()}
    assert all((weight - fresh[name]).abs().max() > 1e-3 for name, weight in first.items())
    for tune in ("head", "lora", "full"):
        train_phase(learn, public, tmp_path / tune, make_settings(tune=tune, **fast), 0, tmp_path / "lora")
        second = {n: w for n, w in load_file(tmp_path / tune / FILE).items() if n.startswith("encoder.")}
        assert second.keys() == first.keys() if tune != "full" else second.keys() > first.keys()
        assert all(torch.equal(second[name], weight) == (tune == "head") for name, weight in first.items()), tune


def test_how_an_encoder_is_tuned_is_named_if_it_is_not_in_full(make_settings: Settings) -> None:
    """A checkpoint that was trained in full says what it always said."""
    named = {tune: make_settings(tune=tune, lora_rank=3).deciding() for tune in ("full", "lora", "head")}
    assert not {"tune", "lora_rank", "trim_vocabulary", "resume_minutes"} & named["full"].keys()
    assert (named["lora"]["tune"], named["lora"]["lora_rank"]) == ("lora", 3)
    assert named["head"]["tune"] == "head"
    assert "lora_rank" not in named["head"]


def test_what_cannot_be_tuned_is_refused(learn: Path, public: Path, tmp_path: Path, make_settings: Settings) -> None:
    with pytest.raises(ParameterError, match="tune: head trains nothing of the encoder, but train_inputs is true"):
        make_settings(tune="head", train_inputs=True)
    with pytest.raises(ParameterError, match="lower frozen_layers"):
        train_phase(learn, public, tmp_path / "out", make_settings(tune="lora", frozen_layers=2), 0)
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_says_how_it_was_tuned(learn: Path, public: Path, tmp_path: Path, make_settings: Settings) -> None:
    train_phase(learn, public, tmp_path / "out", make_settings(tune="lora"), 0)
    settings = read_json(tmp_path / "out" / "checkpoint.json")["training"]["settings"]
    assert (settings["tune"], settings["lora_rank"]) == ("lora", 8)
