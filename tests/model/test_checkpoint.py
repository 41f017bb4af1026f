"""Checkpoints: what they hold, what is laid over the public encoder, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.base.errors import DataError, ParameterError
from xstilts.model.checkpoint import load_encoder, load_model, read_weights, save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples

Make = Callable[[Path], MultitaskModel]
FILE = "model.safetensors"
KINDS = ["bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"]


@torch.no_grad()
def disturb(model: MultitaskModel, inputs: bool, frozen_layers: int = 0) -> MultitaskModel:
    """Change every weight that is trained, as training would."""
    model.encoder.choose_trained(inputs=inputs, frozen_layers=frozen_layers)
    for parameter in model.parameters():
        if parameter.requires_grad:
            random = torch.Generator().manual_seed(parameter.numel())
            parameter += 0.1 * torch.randn(parameter.shape, generator=random)
    return model


def saved(model: MultitaskModel, directory: Path) -> Path:
    directory.mkdir(parents=True)
    save_checkpoint(directory, trained_weights(model), {"tasks": model.cards})
    return directory


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(weight, other[name]) for name, weight in one.items())


@torch.inference_mode()
def all_logits(model: MultitaskModel, examples: Examples) -> list[torch.Tensor]:
    tasks = sorted(set(examples.tasks))
    return [model.logits(examples.batch(np.flatnonzero(examples.tasks == task))) for task in tasks]


@pytest.mark.parametrize(("inputs", "frozen"), [(False, 0), (True, 0), (False, 1), (True, 2)])
@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_answers_the_same(
    kind: str, inputs: bool, frozen: int, tiny: Any, make_model: Make, examples: Examples, tmp_path: Path
) -> None:
    public = tiny.public(kind)
    model = disturb(make_model(public), inputs, frozen)
    loaded = load_model(public, saved(model, tmp_path / "checkpoint"))
    assert not loaded.training
    assert same(loaded.state_dict(), model.state_dict())
    for expected, found in zip(all_logits(model, examples), all_logits(loaded, examples), strict=True):
        assert torch.equal(found, expected)
    untrained = all_logits(make_model(public), examples)
    assert not torch.allclose(untrained[0], all_logits(loaded, examples)[0], atol=1e-3)


def has_embeddings(checkpoint: Path, tiny: Any) -> bool:
    """Whether any matrix has the shape of the word embeddings (no other has)."""
    shape = (len(tiny.WORDS), tiny.HIDDEN)
    return any(tuple(weight.shape) == shape for weight in load_file(checkpoint / FILE).values())


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_are_stored_only_if_trained(kind: str, tiny: Any, make_model: Make, tmp_path: Path) -> None:
    """They are most of a multilingual encoder, and the public one has them already."""
    public = tiny.public(kind)
    assert not has_embeddings(saved(disturb(make_model(public), inputs=False), tmp_path / "frozen"), tiny)
    assert has_embeddings(saved(disturb(make_model(public), inputs=True), tmp_path / "trained"), tiny)


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_earlier_phase_trained_is_stored_though_a_later_one_froze_it(
    kind: str, tiny: Any, cards: dict[str, Any], make_model: Make, tmp_path: Path
) -> None:
    """The target's checkpoint, over the public encoder, is all that scoring loads."""
    public = tiny.public(kind)
    first = saved(disturb(make_model(public), inputs=True), tmp_path / "first")
    second = disturb(MultitaskModel(load_encoder(public, first), cards), inputs=False, frozen_layers=1)
    checkpoint = saved(second, tmp_path / "second")
    assert has_embeddings(checkpoint, tiny)
    assert same(load_model(public, checkpoint).state_dict(), second.state_dict())
    third = MultitaskModel(load_encoder(public, checkpoint), cards)
    third.encoder.choose_trained(inputs=False, frozen_layers=2)
    assert same(load_encoder(public, saved(third, tmp_path / "third")).state_dict(), second.encoder.state_dict())


def test_what_nobody_trained_is_not_stored(
    public: Path, cards: dict[str, Any], make_model: Make, tmp_path: Path
) -> None:
    first = saved(disturb(make_model(public), inputs=False, frozen_layers=1), tmp_path / "first")
    second = disturb(MultitaskModel(load_encoder(public, first), cards), inputs=False, frozen_layers=2)
    found = load_file(saved(second, tmp_path / "second") / FILE).keys()
    assert found == load_file(first / FILE).keys()
    layers = {name.split("layer.")[1].split(".")[0] for name in found if "layer." in name}
    assert layers == {"1"}
    assert not any("prefix" in name or "embeddings" in name for name in found)


def test_a_loaded_model_is_saved_whole(public: Path, make_model: Make, tmp_path: Path) -> None:
    first = disturb(make_model(public), inputs=True)
    loaded = load_model(public, saved(first, tmp_path / "first"))
    again = load_model(public, saved(loaded, tmp_path / "second"))
    assert same(again.state_dict(), first.state_dict())


def test_an_encoder_leaves_the_heads_behind(public: Path, make_model: Make, tmp_path: Path) -> None:
    model = disturb(make_model(public), inputs=False)
    encoder = load_encoder(public, saved(model, tmp_path / "checkpoint"))
    expected = model.encoder.state_dict()
    assert encoder.state_dict().keys() == expected.keys()
    assert all(torch.equal(weight, expected[name]) for name, weight in encoder.state_dict().items())


def test_an_empty_checkpoint_is_the_public_encoder(public: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {}, {"tasks": {}})
    expected = load_public(public).state_dict()
    assert all(torch.equal(w, expected[name]) for name, w in load_encoder(public, tmp_path).state_dict().items())


def test_heads_alone_leave_the_public_encoder(public: Path, make_model: Make, tmp_path: Path) -> None:
    """Nothing of the encoder was trained, and that is no error."""
    model = disturb(make_model(public), inputs=False, frozen_layers=2)
    checkpoint = saved(model, tmp_path / "checkpoint")
    assert all(name.startswith("heads.") for name in load_file(checkpoint / FILE))
    assert same(load_encoder(public, checkpoint).state_dict(), load_public(public).state_dict())
    assert same(load_model(public, checkpoint).state_dict(), model.state_dict())


def test_kept_weights_are_copies(public: Path, make_model: Make) -> None:
    """The best state must not go on training."""
    model = make_model(public)
    kept = trained_weights(model)
    before = {name: weight.clone() for name, weight in kept.items()}
    disturb(model, inputs=True)
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
@pytest.mark.parametrize("foreign", ["another encoder", "a larger encoder", "other names"])
def test_weights_of_another_model_are_refused(
    load: Callable[[Path, Path], Any], foreign: str, tiny: Any, make_model: Make, tmp_path: Path
) -> None:
    """Whatever is laid over must be this model's: no weight of another name, none of another size."""
    kinds = {"another encoder": tiny.public("modernbert"), "a larger encoder": tiny.public(intermediate_size=96)}
    checkpoint = saved(make_model(kinds.get(foreign, tiny.public())), tmp_path / "checkpoint")
    if foreign == "other names":
        weights = read_weights(checkpoint)
        save_file({name.replace("encoder.text", "bert"): weight for name, weight in weights.items()}, checkpoint / FILE)
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


def test_a_truncated_encoder_is_named(tiny: Any, tmp_path: Path) -> None:
    broken = type(tiny)(tmp_path).public()
    weights = broken / "encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(DataError, match="encoder: found unreadable weights"):
        load_public(broken)


def test_a_sequence_that_is_too_long_is_a_sentence(public: Path) -> None:
    encoder = load_public(public)
    longest = encoder.text.config.max_position_embeddings - encoder.first_position
    with pytest.raises(ParameterError, match=f"expected at most {longest}; lower encode.max_length"):
        encoder._check_length(longest + 1)
