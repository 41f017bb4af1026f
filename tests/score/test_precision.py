"""Scoring in bf16: weights are cast once instead of for every batch, which changes no bit; and bf16 is near float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from operations import Operations
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.score.predictions import each_batch
from xstilts.score.settings import ScoreSettings
from xstilts.score.vectors import encode_layers
from xstilts.train.dev import all_logits
from xstilts.train.examples import Examples, open_examples
from xstilts.train.masking import read_masking
from xstilts.train.order import sorted_batches

BF16 = 0.1  # of logits of order 1: a mean over tokens of states with 8 bits of precision

pytestmark = pytest.mark.equivalence


@pytest.fixture
def everything(every_kind: Path, tiny: Any) -> Examples:
    return open_examples(every_kind, "train", masking=read_masking(tiny.public("xlm-roberta") / "encoder", 0))


@pytest.fixture
def model(everything: Examples, tiny: Any) -> MultitaskModel:
    public = tiny.public("xlm-roberta")
    torch.manual_seed(0)
    return MultitaskModel(load_public(public), everything.card["tasks"]).eval()


def logits_of(model: MultitaskModel, examples: Examples, settings: ScoreSettings) -> list[torch.Tensor]:
    """As training scores English dev: the weights stay as they are."""
    batches = sorted_batches(examples, settings.token_budget, settings.batch_size)
    return [logits for _, logits in all_logits(model, examples, batches, settings.precision)]


def test_weights_cast_once_give_the_same_bits(model: MultitaskModel, everything: Examples) -> None:
    """Logits of every kind of task."""
    settings = ScoreSettings(token_budget=300)
    before = logits_of(model, everything, settings)
    after = [logits for _, _, logits in each_batch(model, everything, settings, "test")]
    assert len(before) == len(after) > 20
    assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))
    layers = model.encoder.text.encoder.layer
    assert layers[0].attention.self.query.weight.dtype == torch.bfloat16
    assert all(weight.dtype == torch.float32 for weight in model.heads.parameters())


def test_vectors_are_the_same_bits(everything: Examples, tiny: Any) -> None:
    encoder, rows = load_public(tiny.public("xlm-roberta")).eval(), np.flatnonzero(everything.tasks == "follows")
    settings = ScoreSettings(token_budget=10**6, batch_size=len(rows))
    order = np.lexsort((everything.text_lengths[rows], everything.visual_lengths[rows]))[::-1]
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        sorted_batch = everything.batch(rows[order])
        expected = [layer.hidden[:, 0].float().numpy() for layer in encoder.all_layers(sorted_batch)]
    found = encode_layers(encoder, everything, rows[order], range(3), settings, "test")
    for layer in range(3):
        assert found[layer, 1].tobytes() == expected[layer].tobytes()


def test_no_weight_is_cast_in_a_batch(model: MultitaskModel, everything: Examples) -> None:
    """A linear map of the encoder casts its weight and its bias otherwise: 2 x 12 in two layers."""
    batch, found = everything.batch(np.flatnonzero(everything.tasks == "looks")), []
    for _ in range(2):
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16), Operations() as counted:
            model.logits(batch)
        found.append(counted.found["_to_copy"])
        model.encoder.cast_once("bf16")
    assert found[0] - found[1] == 2 * 12


def test_float32_is_left_alone(model: MultitaskModel) -> None:
    model.encoder.cast_once("fp32")
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_bf16_is_near_float32(model: MultitaskModel, everything: Examples, full_precision: str) -> None:
    settings = ScoreSettings(precision=full_precision)
    whole, half = logits_of(model, everything, settings), logits_of(model, everything, ScoreSettings())
    for one, two in zip(whole, half, strict=True):
        real = one > torch.finfo(torch.float32).min  # a choice or a token that cannot be chosen
        assert not torch.equal(one, two)
        assert (one - two)[real].abs().mean() < BF16
