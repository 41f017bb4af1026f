"""Adapters: what they are beside, what they leave alone, and that merging them changes no answer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xstilts.base.errors import ParameterError
from xstilts.model.checkpoint import checkpoint_weights, load_encoder, load_model, save_checkpoint, trained_weights
from xstilts.model.multitask import MultitaskModel
from xstilts.model.tuning import add_adapters, choose_trained, has_adapters, merge_adapters
from xstilts.train.examples import Examples

Make = Callable[[Path], MultitaskModel]
KINDS = ["bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"]
RANK = 4


def adapted(model: MultitaskModel, frozen_layers: int = 1) -> MultitaskModel:
    """A model with adapters that do something."""
    add_adapters(model.encoder, frozen_layers, RANK)
    choose_trained(model.encoder, "lora", False, frozen_layers)
    with torch.no_grad():
        for weight in model.encoder.parameters():
            if weight.requires_grad:
                weight += 0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))
    return model.eval()


@torch.inference_mode()
def all_logits(model: MultitaskModel, examples: Examples) -> list[torch.Tensor]:
    tasks = sorted(set(examples.tasks))
    return [model.logits(examples.batch(np.flatnonzero(examples.tasks == task))) for task in tasks]


@pytest.mark.parametrize("kind", KINDS)
def test_adapters_are_beside_the_linear_maps_of_the_layers_that_are_trained(
    kind: str, tiny: Any, make_model: Make
) -> None:
    """Attention and feed-forward of the second of two layers; two matrices of the rank each, and nothing else moves."""
    model = make_model(tiny.public(kind))
    before = {name for name, part in model.encoder.layers[1].named_modules() if isinstance(part, torch.nn.Linear)}
    adapted(model)
    trained = {name: weight for name, weight in model.encoder.named_parameters() if weight.requires_grad}
    maps = {name.split(".lora_")[0] for name in trained}
    assert {name.split(".1.", 1)[1] for name in maps} == before
    assert len(before) == (4 if kind == "modernbert" else 6)
    assert len(trained) == 2 * len(maps)
    assert all(RANK in weight.shape for weight in trained.values())


@pytest.mark.equivalence
@pytest.mark.parametrize("kind", KINDS)
def test_fresh_adapters_change_nothing(kind: str, tiny: Any, make_model: Make, examples: Examples) -> None:
    """Bit for bit: they add 0."""
    model = make_model(tiny.public(kind))
    expected = all_logits(model, examples)
    add_adapters(model.encoder, 0, RANK)
    for found, logits in zip(all_logits(model, examples), expected, strict=True):
        assert torch.equal(found, logits)


@pytest.mark.equivalence
@pytest.mark.parametrize("kind", KINDS)
def test_merged_is_adapted(kind: str, tiny: Any, make_model: Make, examples: Examples, tmp_path: Path) -> None:
    """Logits within 1e-4 in float32, also of the checkpoint; and it is one like any other."""
    public = tiny.public(kind)
    untouched, model = make_model(public), adapted(make_model(public))
    expected = all_logits(model, examples)
    weights = checkpoint_weights(trained_weights(model), copy.deepcopy(model), public)
    save_checkpoint(tmp_path, weights, {"tasks": model.cards})
    assert has_adapters(model.encoder)
    merge_adapters(model.encoder)
    assert not has_adapters(model.encoder)
    for merged, one in ((model, expected), (load_model(public, tmp_path), expected)):
        for found, logits in zip(all_logits(merged, examples), one, strict=True):
            torch.testing.assert_close(found, logits, atol=1e-4, rtol=0)
    for found, logits in zip(all_logits(untouched, examples), expected, strict=True):
        assert not torch.allclose(found, logits, atol=1e-2)
    names = set(dict(untouched.named_parameters()))
    stored = load_file(tmp_path / "model.safetensors")
    assert stored.keys() <= names
    layers = dict(untouched.encoder.layers[1].named_modules())
    changed = {name for name in stored if name.startswith("encoder.")}
    assert len(changed) == sum(isinstance(part, torch.nn.Linear) for part in layers.values())


def test_the_best_state_is_what_is_merged(public: Path, make_model: Make) -> None:
    """Not the last one."""
    model = adapted(make_model(public))
    best = trained_weights(model)
    expected = checkpoint_weights(best, copy.deepcopy(model), public)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight += 1.0
    found = checkpoint_weights(best, model, public)
    assert found.keys() == expected.keys()
    assert all(torch.equal(weight, expected[name]) for name, weight in found.items())


def test_what_earlier_phases_trained_is_stored_as_well(
    public: Path, cards: dict[str, Any], make_model: Make, tmp_path: Path
) -> None:
    """Adapters of one layer over an encoder that was trained in full, and the other way round."""
    first = make_model(public)
    first.encoder.choose_trained(inputs=True, frozen_layers=0)
    with torch.no_grad():
        for weight in first.encoder.parameters():
            weight += 0.1
    save_checkpoint(tmp_path, checkpoint_weights(trained_weights(first), first, public), {"tasks": cards})
    second = adapted(MultitaskModel(load_encoder(public, tmp_path), cards))
    encoder = copy.deepcopy(second.encoder)
    merge_adapters(encoder)
    save_checkpoint(tmp_path, checkpoint_weights(trained_weights(second), second, public), {"tasks": cards})
    found, expected = load_encoder(public, tmp_path).state_dict(), encoder.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(weight, expected[name]) for name, weight in found.items())


def test_heads_alone(public: Path, make_model: Make) -> None:
    model = make_model(public)
    choose_trained(model.encoder, "head", False, 0)
    assert {name.split(".")[0] for name, weight in model.named_parameters() if weight.requires_grad} == {"heads"}


def test_without_a_layer_there_is_nothing_to_adapt(public: Path, make_model: Make) -> None:
    with pytest.raises(ParameterError, match="frozen_layers is 2, and the encoder has 2 layers; lower frozen_layers"):
        add_adapters(make_model(public).encoder, 2, RANK)
