"""Weights cast once an update: what autocast would have computed, to the bit; then the model has its own again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.casts import Casts
from xstilts.train.examples import Examples, open_examples


@pytest.fixture
def rows(learn: Path) -> Examples:
    return open_examples(learn, "train")


@pytest.fixture
def model(rows: Examples, public: Path) -> MultitaskModel:
    torch.manual_seed(0)
    made = MultitaskModel(load_public(public), rows.card["tasks"])
    made.encoder.choose_trained(False, 1)
    return made


def test_loss_and_gradients_are_autocast_s(model: MultitaskModel, rows: Examples) -> None:
    """Bit for bit, once the gradients are float32; after a change of the weights as well."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    casts, batch = Casts(model, wanted=True), rows.batch(range(8))
    for _ in range(2):
        found = []
        for one in (Casts(model, wanted=False), casts):
            with one.in_place(), torch.autocast("cpu", torch.bfloat16):
                loss = model(batch)
                found.append([loss, *torch.autograd.grad(loss, one.copies_of(weights), allow_unused=True)])
        for usual, ours in zip(*found, strict=True):
            assert (usual is None) == (ours is None)
            assert usual is None or torch.equal(usual, ours.float())
        assert sum(ours is not None and ours.dtype == torch.bfloat16 for ours in found[1]) == 12  # of one layer's maps
        with torch.no_grad():
            for weight in weights:
                weight.mul_(1.1)


def test_the_model_has_its_own_weights_again(model: MultitaskModel) -> None:
    before = dict(model.named_parameters())

    def fail() -> None:
        with Casts(model, wanted=True).in_place():
            kinds = {weight.dtype for layer in model.encoder.layers for weight in layer.parameters()}
            assert kinds == {torch.bfloat16, torch.float32}
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        fail()
    after = dict(model.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is weight for name, weight in before.items())


def test_threads_make_the_same_copies(model: MultitaskModel) -> None:
    casts = Casts(model, wanted=True)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.5)
    with ThreadPoolExecutor(2) as pool, casts.in_place(pool.map):
        pass
    trained = [(copy, weight) for copy, (_, _, weight) in zip(casts.copies, casts.places, strict=True)]
    changed = [torch.equal(copy, weight.to(torch.bfloat16)) for copy, weight in trained if weight.requires_grad]
    assert changed == [True] * 12
    assert not any(torch.equal(copy, weight.bfloat16()) for copy, weight in trained if not weight.requires_grad)


def test_none_are_made_where_none_are_wanted(model: MultitaskModel) -> None:
    casts, weights = Casts(model, wanted=False), list(model.parameters())
    assert casts.copies == []
    assert all(one is other for one, other in zip(casts.copies_of(weights), weights, strict=True))
