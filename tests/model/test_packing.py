"""A batch without padding is the batch with it: the same states, losses and gradients, in one row of real tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tiny_files import TinyFiles
from xstilts.model import packing as module
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.model.packing import Packing, can_pack, packed_attention, packing_is_faster
from xstilts.train.examples import Examples

# Float32 sums of some dozen terms of order 1, in another order.
TOLERANCE, GRADIENT = 1e-5, 1e-4
TASKS = TinyFiles.TRAINED
KINDS = ["bert", "xlm-roberta", "xlm-roberta-xl"]

Make = Callable[..., MultitaskModel]


@pytest.fixture
def make(tiny: Any, everything: Examples) -> Make:
    """A model over an encoder of some kind, reading packed or padded rows; the same weights every time."""

    def model(kind: str, packed: bool) -> MultitaskModel:
        public = tiny.public(kind)
        torch.manual_seed(0)
        made = MultitaskModel(load_public(public), everything.card["tasks"]).eval()
        made.encoder.choose_attention("packed" if packed else "padded", "fp32")
        assert made.encoder.packs == packed
        return made

    return model


@pytest.mark.equivalence
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_states_losses_and_gradients_are_those_of_padded_rows(
    kind: str, task: str, make: Make, everything: Examples
) -> None:
    """Of every kind of task, with pictures and without: states within 1e-5, gradients within 1e-4 of their largest."""
    batch = everything.batch(np.flatnonzero(everything.tasks == task), update=1)
    assert not batch.mask().all()
    padded, packed = make(kind, False), make(kind, True)
    whole, other = padded.encode(batch), packed.encode(packed.encoder.ready(batch))
    assert torch.equal(whole.mask, other.mask)
    assert not other.hidden[~whole.mask].any()
    assert whole.hidden[whole.mask].std() > 0.1
    torch.testing.assert_close(other.hidden[whole.mask], whole.hidden[whole.mask], atol=TOLERANCE, rtol=0)
    losses = [model(batch) for model in (padded, packed)]
    torch.testing.assert_close(losses[1], losses[0], atol=TOLERANCE, rtol=TOLERANCE)
    for loss in losses:
        loss.backward()
    compare_gradients(padded, packed)


def compare_gradients(padded: MultitaskModel, packed: MultitaskModel) -> None:
    largest = max(weight.grad.abs().max().item() for weight in padded.parameters() if weight.grad is not None)
    assert largest > 1e-2
    for (name, one), two in zip(padded.named_parameters(), packed.parameters(), strict=True):
        assert (one.grad is None) == (two.grad is None), name
        if one.grad is not None and two.grad is not None:
            torch.testing.assert_close(two.grad, one.grad, atol=GRADIENT * largest, rtol=0, msg=name)


@torch.no_grad()
def test_every_layer_is_that_of_padded_rows(make: Make, everything: Examples) -> None:
    batch = everything.batch(np.flatnonzero(everything.tasks == "looks"))
    layers = [make("xlm-roberta", packed).encoder.all_layers(batch) for packed in (False, True)]
    assert len(layers[0]) == len(layers[1]) == 3
    for one, two in zip(*layers, strict=True):
        torch.testing.assert_close(two.hidden[one.mask], one.hidden[one.mask], atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_the_encoder_runs_over_real_tokens_alone(make: Make, everything: Examples) -> None:
    model, batch = make("bert", True), everything.batch(np.flatnonzero(everything.tasks == "looks"))
    seen: list[torch.Size] = []
    hook = nn.Module.register_forward_pre_hook
    hook(model.encoder.text, lambda _, __, named: seen.append(named["inputs_embeds"].shape), with_kwargs=True)
    model.logits(batch)
    assert seen == [torch.Size([1, int(batch.mask().sum()), model.encoder.hidden])]
    assert seen[0][1] < 0.8 * batch.mask().numel()


@torch.no_grad()
def test_one_may_change_ones_mind(make: Make, everything: Examples) -> None:
    model, batch = make("bert", False), everything.batch(np.flatnonzero(everything.tasks == "looks"))
    before = model.logits(batch)
    model.encoder.choose_attention("packed", "fp32")
    assert not torch.equal(model.logits(batch), before)  # other sums
    model.encoder.choose_attention("auto", "bf16")
    assert torch.equal(model.logits(batch), before)


def test_a_packing_says_where_the_tokens_are() -> None:
    """Also where text and picture both have padding behind them."""
    mask = torch.tensor([[1, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0]]).bool()
    packing = Packing.of(mask)
    assert packing.places.tolist() == [0, 1, 3, 4, 6, 12, 13, 14, 15]
    assert packing.positions.tolist() == [0, 1, 2, 3, 0, 0, 1, 2, 3]
    assert (packing.bounds.tolist(), packing.bounds.dtype, packing.longest) == ([0, 4, 5, 9], torch.int32, 4)
    assert packing.owners.tolist() == [0] * 4 + [1] + [2] * 4
    states = torch.randn(3, 6, 2)
    rows = packing.padded(packing.packed(states), 5)
    assert torch.equal(packing.mask(5), torch.arange(5) < torch.tensor([4, 1, 4])[:, None])
    assert torch.equal(rows[packing.mask(5)], states[mask])
    assert not rows[~packing.mask(5)].any()
    blocks = torch.block_diag(*[torch.ones(size, size) for size in (4, 1, 4)]).bool()
    assert torch.equal(packing.same_sequence(), blocks)


def test_an_encoder_that_cannot_is_padded_and_says_so_once(
    tiny: Any, everything: Examples, capsys: pytest.CaptureFixture[str]
) -> None:
    """ModernBERT has layers that attend to a window."""
    encoder = load_public(tiny.public("modernbert")).eval()
    batch = everything.batch(np.flatnonzero(everything.tasks == "looks"))
    before = encoder(batch).hidden
    for _ in range(3):
        encoder.choose_attention("packed", "fp32")
    assert not encoder.packs
    assert capsys.readouterr().err.splitlines() == ["modernbert: its attention cannot be packed, so batches are padded"]
    assert torch.equal(encoder(batch).hidden, before)


@pytest.mark.parametrize("kind", KINDS)
def test_attention_that_leaks_is_found_out(
    kind: str, tiny: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counterpart of the above: an encoder is refused if a sequence sees another, and left as it was."""
    encoder = load_public(tiny.public(kind)).train()
    assert can_pack(encoder.text, encoder.first_position)
    assert encoder.text.training
    monkeypatch.setattr(Packing, "same_sequence", lambda self: torch.ones(8, 8, dtype=torch.bool))
    assert not can_pack(encoder.text, encoder.first_position)
    assert kind in capsys.readouterr().err
    assert encoder.text.config._attn_implementation == "sdpa"


def test_on_processors_rows_are_padded(public: Path) -> None:
    encoder = load_public(public)
    for precision in ("bf16", "fp32"):
        encoder.choose_attention("auto", precision)
        assert not encoder.packs
        assert not packing_is_faster(torch.device("cpu"), precision)


def test_flash_attention_is_asked_for_each_sequence_by_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU's kernel is given, with the kernel's definition in its place: a softmax over each sequence."""
    packing = Packing.of(torch.arange(5) < torch.tensor([3, 5, 1])[:, None])
    query, key, value = torch.randn(3, 1, 2, 9, 8).bfloat16()
    scaling = 0.5

    def defined(q: Tensor, k: Tensor, v: Tensor, bounds: Tensor, *others: Any, scale: float) -> Tensor:
        longest = others[1]
        assert longest == bounds.diff().max()
        found = torch.empty_like(q)
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            scores = torch.einsum("qhd,khd->hqk", q[begin:end].float(), k[begin:end].float()) * scale
            found[begin:end] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v[begin:end].float()).bfloat16()
        return found

    expected, _ = packed_attention(nn.Module(), query, key, value, None, packing, scaling)
    monkeypatch.setattr(module, "VARLEN", defined)
    monkeypatch.setattr(module, "runs_on_gpu", lambda query, dropout: True)
    found, _ = packed_attention(nn.Module(), query, key, value, None, packing, scaling)
    assert found.shape == expected.shape == (1, 9, 2, 8)
    torch.testing.assert_close(found, expected, atol=0.03, rtol=0)  # bf16
