"""What a training step asks of a device, counted in operations: nothing is timed, so nothing depends on the machine.

The counts are of torch's own operations (views among them), and the same in every run. The bounds leave a tenth for
other versions of torch and transformers; a cast, a loop over examples or a look at a result goes beyond them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from operations import Operations
from tiny_files import TinyFiles
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.casts import Casts
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import make_optimizer
from xstilts.train.masking import read_masking
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

TASKS = TinyFiles.TRAINED
# Each makes the processor wait until the device has done all that it was asked for.
WAITS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique_dim", "_unique2")
# A layer is six linear maps, attention, two layer norms and GELU, forward and backward. A linear map takes two views of
# its weight and three matrix products with the views around them, and sums the gradient of its bias. On a processor the
# gradient of attention is made of several operations, and weights and gradients are copied, where a GPU casts them.
OPERATIONS_A_LAYER = {"packed": 170, "padded": 232}  # 157 and 210 found
# In bf16 a linear map casts weight and bias, and their gradients back, on a GPU: 24. Layer norms are float32: what
# leaves them is cast for each of query, key, value and the inner map, and so are its gradients. On a processor
# attention casts as well.
CASTS_A_LAYER = {"packed": 37, "padded": 20}  # 34 and 18 found
CLONES_A_LAYER = {"packed": 0, "padded": 9}  # attention's, whose rows are not in the order of heads
COPIES_A_LAYER = {"packed": 0, "padded": 28}  # weight and bias of six maps; the gradients of these, and of layer norms

Count = Callable[..., Counter[str]]


@pytest.fixture
def count(tiny: Any, every_kind: Path, monkeypatch: pytest.MonkeyPatch) -> Count:
    """The operations of the third update of a model, in bf16 with all layers trained and batches made ahead.

    Packed it is made as for a GPU, where autocast casts the weights.
    """

    def operations(
        task: str, attention: str, examples: int = 16, layers: int = 2, late: bool = True, batches: int = 1
    ) -> Counter[str]:
        public = tiny.public("xlm-roberta", num_hidden_layers=layers)
        rows: Examples = open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))
        torch.manual_seed(0)
        model, settings = MultitaskModel(load_public(public), rows.card["tasks"]), TrainSettings(frozen_layers=0)
        optimizer = make_optimizer(model, settings)
        model.train().encoder.choose_attention(attention, "bf16")
        updater = Updater(Accelerator(mixed_precision="bf16", cpu=True), model, optimizer, rows, 1.0, late=late)
        if attention == "packed":
            updater.casts, updater.leaves = Casts(model, wanted=False), updater.weights
            updater.buffers = [weight.new_empty(0) for weight in updater.weights]
        update = np.array_split(np.flatnonzero(rows.tasks == task)[:examples], batches)
        for number in (1, 2):
            updater.step(number, update)
        made = updater.batches(3, update)
        with Operations() as counted:
            updater.step(3, update, made)
        return counted.found

    return operations


@pytest.mark.parametrize("task", TASKS)
def test_nothing_waits_for_the_device(task: str, count: Count) -> None:
    """As on a GPU: numbers are read late, and rows are packed (flash attention is one operation)."""
    found = count(task, "packed")
    assert found["_fused_adamw_"] > 0
    assert {name: found[name] for name in WAITS if found[name]} == {}


def test_numbers_read_at_once_are_a_loss_a_batch_and_the_norm(count: Count) -> None:
    """What a processor may do; and the encoder looks once a batch whether there is padding."""
    for batches in (1, 3):
        found = count("looks", "padded", late=False, batches=batches)
        assert found["_local_scalar_dense"] == 2 * batches + 1
        assert sum(found[name] for name in WAITS) == 2 * batches + 1


@pytest.mark.parametrize("attention", ["padded", "packed"])
@pytest.mark.parametrize("task", TASKS)
def test_no_operation_is_made_an_example(task: str, attention: str, count: Count) -> None:
    """As many for 20 examples as for 5, with every kind of task."""
    few, many = (count(task, attention, examples=examples) for examples in (5, 20))
    assert sum(few.values()) > 300
    assert few == many


@pytest.mark.parametrize("attention", ["padded", "packed"])
def test_operations_and_casts_of_a_layer(attention: str, count: Count) -> None:
    two, four = (count("looks", attention, layers=layers) for layers in (2, 4))
    assert 0 < sum(four.values()) - sum(two.values()) <= 2 * OPERATIONS_A_LAYER[attention]
    assert 0 < four["_to_copy"] - two["_to_copy"] <= 2 * CASTS_A_LAYER[attention]
    assert four["copy_"] - two["copy_"] == 2 * COPIES_A_LAYER[attention]
    assert four["clone"] - two["clone"] == 2 * CLONES_A_LAYER[attention]


def test_what_a_step_has_beside_its_layers(count: Count) -> None:
    """Embeddings, the visual prefix, the head, clipping and the optimizer, each fused or once a step."""
    two, four = (count("looks", "packed", layers=layers) for layers in (2, 4))
    assert 2 * sum(two.values()) - sum(four.values()) <= 120
    assert (two["_fused_adamw_"], two["_foreach_norm"], two["_foreach_mul_"]) == (4, 1, 1)


def test_counts_are_stable(count: Count) -> None:
    assert count("finds", "padded") == count("finds", "padded")
