"""Attention by products agrees with float32 within a stated tolerance, and is used only where it is meant to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from xstilts.model import attention
from xstilts.model.attention import NAME, attention_by_products, padded_attention
from xstilts.model.encoder import load_public

HEADS, SIZE = 3, 16
LENGTHS = ([5, 1, 9], [40, 33], [7] * 6)


def inputs(lengths: list[int]) -> tuple[list[Tensor], Tensor, Tensor]:
    """Query, key, value, the gradient of the output (0 at padding), and the mask."""
    torch.manual_seed(0)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])[:, None, None]
    shape = (len(lengths), max(lengths), HEADS, SIZE)
    states = [(2 * torch.randn(shape, dtype=torch.bfloat16)).transpose(1, 2).requires_grad_() for _ in range(3)]
    gradient = torch.randn(shape, dtype=torch.bfloat16).transpose(1, 2) * mask.transpose(2, 3)
    return states, gradient, mask


def gradients(output: Tensor, states: list[Tensor], gradient: Tensor) -> list[Tensor]:
    return [one.float() for one in torch.autograd.grad(output, states, gradient.to(output.dtype))]


def errors(found: list[Tensor], exact: list[Tensor]) -> list[float]:
    return [float((one - other).norm() / other.norm()) for one, other in zip(found, exact, strict=True)]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_outputs_and_gradients_agree_with_float32(lengths: list[int]) -> None:
    """Within 1.5 % of their norm: scores and weights are rounded to bf16, which torch's own attention does not do."""
    states, gradient, mask = inputs(lengths)
    whole = [one.detach().float().requires_grad_() for one in states]
    right = F.scaled_dot_product_attention(*whole, attn_mask=mask)
    output = attention_by_products(*states, mask, SIZE**-0.5)
    real = mask.transpose(2, 3)
    found, exact = (
        [(one.detach() * real).float(), *gradients(one, given, gradient)]
        for one, given in ((output, states), (right, whole))
    )
    assert max(errors(found, exact)) < 0.015


def test_padding_has_no_gradient_and_gives_none() -> None:
    states, gradient, mask = inputs([5, 1, 9])
    found = gradients(attention_by_products(*states, mask, SIZE**-0.5), states, gradient)
    real = mask.transpose(2, 3).expand(found[0].shape)
    assert not any(one[~real].any() for one in found)
    assert found[2][real].all()
    assert found[0][0][:, :5].any(-1).all()  # where there is more than one token to choose from


def test_a_mask_may_be_one_for_all_or_of_each_token() -> None:
    """As a sliding window's is."""
    states, gradient, _ = inputs([7] * 6)
    near = (torch.arange(7)[:, None] - torch.arange(7)).abs() <= 2
    found = []
    for mask in (near[None, None], near[None, None].expand(6, 1, 7, 7)):
        found.append(gradients(attention_by_products(*states, mask, SIZE**-0.5), states, gradient))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    whole = [one.detach().float().requires_grad_() for one in states]
    exact = gradients(F.scaled_dot_product_attention(*whole, attn_mask=near), whole, gradient)
    assert max(errors(found[0], exact)) < 0.015


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which attention was called: `ours` or `theirs`."""
    found: list[str] = []

    def noting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            found.append(name)
            return call(*given, **named)

        return noted

    monkeypatch.setattr(attention, "attention_by_products", noting("ours", attention_by_products))
    monkeypatch.setattr(attention, "sdpa_attention_forward", noting("theirs", attention.sdpa_attention_forward))
    return found


class Layer(torch.nn.Module):
    """What transformers hands to an attention as its module."""

    is_causal = False


def test_only_training_in_bf16_without_dropout_is_ours(calls: list[str]) -> None:
    states, _, mask = inputs([5, 1, 9])
    whole = [one.detach().float().requires_grad_() for one in states]
    causal = Layer()
    causal.is_causal = True
    padded_attention(Layer(), *states, mask, scaling=0.25)
    padded_attention(Layer(), *states, None, scaling=0.25)
    assert calls == ["ours", "ours"]
    padded_attention(Layer(), *whole, mask, scaling=0.25)
    padded_attention(Layer(), *states, mask, dropout=0.1, scaling=0.25)
    padded_attention(Layer(), *states, mask.float(), scaling=0.25)
    padded_attention(causal, *states, None, scaling=0.25)
    padded_attention(Layer(), *states, mask, scaling=0.25, position_bias=torch.zeros(1, HEADS, 9, 9).bfloat16())
    with torch.inference_mode():
        padded_attention(Layer(), *states, mask, scaling=0.25)
    assert calls[2:] == ["theirs"] * 6


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"])
def test_an_encoder_trains_with_it(kind: str, tiny: Any, calls: list[str]) -> None:
    """Through transformers, whose mask it gets; compiled layers have the library's."""
    encoder = load_public(tiny.public(kind)).train()
    text, mask = encoder.text, torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    encoder.set_dropout(0.0)
    for compiled, name in ((False, NAME), (True, "sdpa")):
        encoder.choose_attention("auto", "bf16", compiled)
        assert text.config._attn_implementation == name
        with torch.autocast("cpu", torch.bfloat16):
            states = text(inputs_embeds=torch.randn(2, 4, encoder.hidden), attention_mask=mask).last_hidden_state
        states.sum().backward()
    assert calls == ["ours"] * len(encoder.layers)


def test_a_usual_attention_that_is_no_sdpa_stays(public: Path) -> None:
    encoder = load_public(public)
    encoder._usual_attention = "eager"
    encoder.choose_attention("auto", "bf16")
    assert encoder.text.config._attn_implementation == "eager"
