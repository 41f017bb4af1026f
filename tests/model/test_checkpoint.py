"""Checkpoints: what they hold, what is laid over the public encoder, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.errors import DataError
from xstilts.model.checkpoint import load_encoder, load_model, read_weights, save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples

Make = Callable[[Path], MultitaskModel]
FILE = "model.safetensors"


@torch.no_grad()
def disturb(model: MultitaskModel, embeddings: bool) -> MultitaskModel:
    """Change every weight, as training would; the word embeddings only if they are trained."""
    table = model.encoder.text.get_input_embeddings().weight
    for parameter in model.parameters():
        if embeddings or parameter is not table:
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    model.encoder.choose_trained(embeddings=embeddings, projector=True)
    return model


def saved(model: MultitaskModel, directory: Path, **changed: torch.Tensor) -> Path:
    directory.mkdir(parents=True)
    save_checkpoint(directory, trained_weights(model) | changed, {"tasks": model.cards})
    return directory


@torch.inference_mode()
def all_logits(model: MultitaskModel, examples: Examples) -> list[torch.Tensor]:
    tasks = sorted(set(examples.tasks))
    return [model.logits(examples.batch(np.flatnonzero(examples.tasks == task))) for task in tasks]


@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "modernbert"])
def test_saved_and_loaded_it_answers_the_same(
    kind: str, embeddings: bool, tiny: Any, make_model: Make, examples: Examples, tmp_path: Path
) -> None:
    public = tiny.public(kind)
    model = disturb(make_model(public), embeddings)
    loaded = load_model(public, saved(model, tmp_path / "checkpoint"))
    assert not loaded.training
    for expected, found in zip(all_logits(model, examples), all_logits(loaded, examples), strict=True):
        assert torch.equal(found, expected)
    untrained = all_logits(make_model(public), examples)
    assert not torch.allclose(untrained[0], all_logits(loaded, examples)[0], atol=1e-3)


def has_embeddings(checkpoint: Path, shape: tuple[int, ...]) -> bool:
    """Whether any matrix has the shape of the word embeddings (no other has)."""
    return any(tuple(weight.shape) == shape for weight in load_file(checkpoint / FILE).values())


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "modernbert"])
def test_embeddings_are_stored_once_somebody_trained_them(
    kind: str, tiny: Any, cards: dict[str, Any], make_model: Make, tmp_path: Path
) -> None:
    """Also when an intermediate task trained them and the target froze them: its checkpoint is all that is left."""
    public = tiny.public(kind)
    shape = (len(tiny.WORDS), tiny.HIDDEN)
    frozen = saved(disturb(make_model(public), embeddings=False), tmp_path / "frozen")
    assert not has_embeddings(frozen, shape)
    trained = saved(disturb(make_model(public), embeddings=True), tmp_path / "trained")
    assert has_embeddings(trained, shape)
    target = MultitaskModel(load_encoder(public, trained), cards)
    target.encoder.choose_trained(embeddings=False, projector=True)
    assert has_embeddings(saved(target, tmp_path / "target"), shape)
    assert not has_embeddings(saved(MultitaskModel(load_encoder(public, frozen), cards), tmp_path / "again"), shape)


def test_a_loaded_model_is_saved_whole(public: Path, make_model: Make, tmp_path: Path) -> None:
    first = saved(disturb(make_model(public), embeddings=True), tmp_path / "first")
    second = saved(load_model(public, first), tmp_path / "second")
    assert load_file(second / FILE).keys() == load_file(first / FILE).keys()


def test_an_encoder_leaves_the_heads_behind(public: Path, make_model: Make, tmp_path: Path) -> None:
    model = disturb(make_model(public), embeddings=False)
    encoder = load_encoder(public, saved(model, tmp_path / "checkpoint"))
    expected = model.encoder.state_dict()
    assert encoder.state_dict().keys() == expected.keys()
    assert all(torch.equal(weight, expected[name]) for name, weight in encoder.state_dict().items())


def test_an_empty_checkpoint_is_the_public_encoder(public: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {}, {"tasks": {}})
    expected = load_public(public).state_dict()
    assert all(torch.equal(w, expected[name]) for name, w in load_encoder(public, tmp_path).state_dict().items())


def test_kept_weights_are_copies(public: Path, make_model: Make) -> None:
    """The best state must not go on training."""
    model = make_model(public)
    kept = trained_weights(model)
    before = {name: weight.clone() for name, weight in kept.items()}
    disturb(model, embeddings=True)
    assert all(torch.equal(weight, before[name]) for name, weight in kept.items())


@pytest.mark.parametrize("load", [load_model, load_encoder])
@pytest.mark.parametrize("damage", ["cut", "header", "gone"])
def test_a_damaged_file_is_named(
    load: Callable[[Path, Path], Any], damage: str, public: Path, make_model: Make, tmp_path: Path
) -> None:
    file = saved(make_model(public), tmp_path / "checkpoint") / FILE
    content = file.read_bytes()
    file.unlink() if damage == "gone" else file.write_bytes(content[: 4 if damage == "header" else -100])
    with pytest.raises(DataError, match=f"checkpoint/{FILE}: found an unreadable file"):
        load(public, file.parent)


@pytest.mark.parametrize("load", [load_model, load_encoder])
@pytest.mark.parametrize("foreign", ["another encoder", "a larger encoder", "a shorter encoder", "no encoder"])
def test_weights_of_another_model_are_refused(
    load: Callable[[Path, Path], Any], foreign: str, tiny: Any, make_model: Make, tmp_path: Path
) -> None:
    """Whatever is laid over must be this model whole: no weight too many, none missing, all of its size."""
    kinds = {
        "another encoder": tiny.public("modernbert"),
        "a larger encoder": tiny.public("bert", intermediate_size=96),
        "a shorter encoder": tiny.public("bert", num_hidden_layers=1),
    }
    checkpoint = saved(make_model(kinds.get(foreign, tiny.public())), tmp_path / "checkpoint")
    if foreign == "no encoder":
        weights = read_weights(checkpoint)
        save_file({name.removeprefix("encoder."): weight for name, weight in weights.items()}, checkpoint / FILE)
    with pytest.raises(DataError, match=f"checkpoint/{FILE}: found weights"):
        load(tiny.public(), checkpoint)


def test_a_model_without_its_head_is_refused(public: Path, make_model: Make, tmp_path: Path) -> None:
    """Otherwise a random head would answer, and nobody would know."""
    checkpoint = saved(make_model(public), tmp_path / "checkpoint")
    weights = read_weights(checkpoint)
    save_file({n: w for n, w in weights.items() if not n.startswith("heads.looks")}, checkpoint / FILE)
    with pytest.raises(DataError, match=f"checkpoint/{FILE}"):
        load_model(public, checkpoint)


def test_damaged_public_files_are_named(tiny: Any, tmp_path: Path) -> None:
    broken = type(tiny)(tmp_path).public()
    alignment = broken / "alignment.safetensors"
    alignment.write_bytes(alignment.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"alignment\.safetensors"):
        load_public(broken)
    alignment.unlink()
    with pytest.raises(DataError, match=r"alignment\.safetensors"):
        load_public(broken)
    with pytest.raises(DataError, match="found no encoder"):
        load_public(tmp_path / "nowhere")
