"""Attention of padded sequences on a processor: matrix products in bf16 training, torch's fused attention elsewhere.

The backward pass of torch's fused attention for processors is slow. Forward and backward together, for 8 sequences with
12 heads of size 32, the products take 1.9 ms instead of 11 ms at 27 tokens, 4.4 instead of 31 at 80 and 10 instead of
45 at 128 (processor time of one thread, torch 2.13, an Intel Xeon with AMX). Without gradients the fused attention
is the faster one, 1.4 to 6 times. The products round scores and weights to bf16: gradients are off by 0.9 % of their
norm instead of 0.4 %.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "xstilts_padded"  # of the attention, in the encoder's configuration


def padded_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **named: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it; the library's own where products are not faster, such as in scoring.

    Args:
        query, key, value: `[sequences, heads, tokens, size]`.
        attention_mask: bool `[sequences, 1, 1 or tokens, tokens]`, true at the tokens that are attended to.

    Returns:
        `[sequences, tokens, heads, size]`, and no attention weights.
    """
    if attention_mask is None and not getattr(module, "is_causal", True):
        attention_mask = query.new_ones((len(query), 1, 1, key.shape[2]), dtype=torch.bool)
    special = any(named.get(name) is not None for name in ("position_bias", "softcap", "cache"))
    if attention_mask is None or special or not _suits(query, key, value, attention_mask, dropout):
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **named)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return attention_by_products(query, key, value, attention_mask, scale).transpose(1, 2).contiguous(), None


def attention_by_products(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Scaled dot product attention `[sequences, heads, tokens, size]`; the arguments are as in `padded_attention`."""
    sequences, heads, tokens, _ = query.shape
    hidden = torch.zeros_like(mask, dtype=query.dtype).masked_fill_(~mask, torch.finfo(query.dtype).min)
    hidden = hidden.expand(sequences, heads, -1, tokens).flatten(0, 1)
    flat_query, flat_key, flat_value = (one.flatten(0, 1) for one in (query, key, value))
    scores = torch.baddbmm(hidden, flat_query, flat_key.transpose(1, 2), alpha=scale)  # one product: rounded once
    return torch.bmm(scores.softmax(-1), flat_value).view(query.shape)


def _suits(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, dropout: float) -> bool:
    """Whether it is a training step in bf16 on a processor, nothing is dropped, and all are of one shape."""
    trains = torch.is_grad_enabled() and query.requires_grad and not dropout
    kind = query.device.type == "cpu" and query.dtype == torch.bfloat16 and mask.dtype == torch.bool
    return trains and kind and query.shape == key.shape == value.shape


AttentionInterface.register(NAME, padded_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
