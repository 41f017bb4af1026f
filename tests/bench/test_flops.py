"""Counted operations against numbers worked out by hand, and against torch's own counter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from xstilts.bench.flops import Cost

# Two layers of hidden size 2 and inner size 3, on one sequence of 5 tokens. A token's maps: 4 of 2x2 and 2 of 2x3,
# 16 + 12 = 28 multiply-adds, 56 operations; of 5 tokens 280. Attention: scores 5*5*2 and sums 5*5*2, 100 multiply-adds,
# 200 operations. A layer: 480.
SMALL = Cost(layers=2, hidden=2, inner=3, head=6, region=10)
LENGTHS = np.array([5])


def test_a_small_model_by_hand() -> None:
    assert SMALL.products(LENGTHS) == 480
    assert SMALL.scoring(LENGTHS, regions=4) == 2 * 480 + 2 * 6 + 2 * 10 * 4
    # Each product twice more for the gradients of weights and inputs; regions once more: features need no gradient.
    assert SMALL.training(LENGTHS, regions=4) == 3 * 2 * 480 + 3 * 2 * 6 + 2 * 2 * 10 * 4


def test_frozen_weights_cost_no_gradient() -> None:
    frozen = Cost(layers=2, hidden=2, inner=3, frozen=1, inputs_trained=False, head=6, region=10)
    # The second layer's queries, keys and values need no gradient of what they read: 3 maps of 2x2 on 5 tokens.
    assert frozen.training(LENGTHS, regions=4) == 2 * 480 + 2 * 480 - 2 * 3 * 4 * 5 + 3 * 2 * 6 + 2 * 10 * 4


def test_padding_is_not_counted_and_lengths_add_up() -> None:
    both = SMALL.scoring(np.array([5, 9]))
    assert both == SMALL.scoring(np.array([5])) + SMALL.scoring(np.array([9]))
    assert both < 2 * SMALL.scoring(np.array([9]))


@pytest.mark.parametrize("frozen", [None, 0, 1, 2])
def test_torch_counts_the_same(frozen: int | None) -> None:
    """`frozen`: layers that are not trained, the embeddings neither; None: everything is trained."""
    sizes = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=20, attn_implementation="eager", **sizes)
    model = BertModel(config, add_pooling_layer=False)
    if frozen is not None:
        model.embeddings.requires_grad_(False)
        model.encoder.layer[:frozen].requires_grad_(False)
    head = torch.nn.Linear(8, 3)
    with FlopCounterMode(display=False) as counter:
        states = model(torch.randint(0, 20, (4, 7))).last_hidden_state
        head(states.mean(1)).sum().backward()
    counted = Cost(2, 8, 12, frozen=frozen or 0, inputs_trained=frozen is None, head=24).training(np.full(4, 7))
    # With every layer frozen the head's own inputs need no gradient either.
    assert counter.get_total_flops() == counted - (2 * 24 * 4 if frozen == 2 else 0)
