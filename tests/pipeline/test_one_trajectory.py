"""Ways to compute the same training, through the stage script, on the embedded world: one trajectory."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file
from torch import Tensor

pytestmark = [pytest.mark.stage, pytest.mark.slow, pytest.mark.equivalence]
Pipeline = Any  # tests/pipeline/conftest.py
Run = tuple[dict[str, Any], dict[str, Tensor]]
LOSS, WEIGHT = 2e-4, 2e-5  # losses in a checkpoint have four decimals; weights move by 1e-2 (see the last test)
BF16_LOSS = 0.05
USUAL = {"precision": "fp32", "train_inputs": True, "learning_rate": 1.0e-3, "batch_size": 8, "token_budget": 100_000}
WAYS: dict[str, dict[str, Any]] = {
    "one at a time": {"batch_size": 1, "accumulation": 8},
    "two at a time": {"batch_size": 2, "accumulation": 4},
    "packed": {"attention": "packed"},
    "whole vocabulary": {"trim_vocabulary": False},
    "batches made ahead": {"loader_workers": 2},
}


def train(pipeline: Pipeline, **changed: Any) -> Run:
    """What the target stage says of its training, and the weights that it leaves."""
    file, out = pipeline.root / "stages/tasks/xgqa.yaml", pipeline.root / "data/target/plain/none-s0/xgqa"
    task = yaml.safe_load(file.read_text())
    task["target"] = {**USUAL, "epochs": 1.0, "patience": None, "cooldown": None, "evaluations": 10, **changed}
    file.write_text(yaml.safe_dump(task))
    pipeline.run(sys.executable, "stages/target.py", "plain", "none", "0", "xgqa")
    return json.loads((out / "checkpoint.json").read_text())["training"], weights_of(out)


def weights_of(out: Path) -> dict[str, Tensor]:
    """The weights but for biases of keys, which have no gradient but rounding: AdamW makes steps of that."""
    return {name: one for name, one in load_file(out / "model.safetensors").items() if not name.endswith("key.bias")}


def apart(one: Run, other: Run) -> tuple[float, float]:
    """The largest distances of losses and of weights."""
    assert one[1].keys() == other[1].keys()
    losses = [abs(a["loss"] - b["loss"]) for a, b in zip(one[0]["curve"], other[0]["curve"], strict=True)]
    return max(losses), max(float((one[1][name] - other[1][name]).abs().max()) for name in one[1])


@pytest.fixture(scope="module")
def usual(pipeline: Pipeline) -> Run:
    return train(pipeline)


@pytest.mark.parametrize("changed", WAYS.values(), ids=WAYS)
def test_another_way_to_the_same_weights(changed: dict[str, Any], pipeline: Pipeline, usual: Run) -> None:
    found = train(pipeline, **changed)
    losses, weights = apart(usual, found)
    assert losses < LOSS
    assert weights < WEIGHT
    assert {key: found[0][key] for key in ("updates", "examples", "tokens")} == {
        key: usual[0][key] for key in ("updates", "examples", "tokens")
    }


def test_bf16_is_near(pipeline: Pipeline, usual: Run) -> None:
    assert 0 < apart(usual, train(pipeline, precision="bf16"))[0] < BF16_LOSS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be taken away here")
def test_another_number_of_threads(pipeline: Pipeline, usual: Run) -> None:
    """One processor and all of them."""
    processors = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(processors)})
        losses, weights = apart(usual, train(pipeline))
    finally:
        os.sched_setaffinity(0, processors)
    assert losses < LOSS
    assert weights < WEIGHT


def test_what_is_compared_moves(pipeline: Pipeline, usual: Run) -> None:
    """By far more than the tolerances; word embeddings aside, of which a checkpoint has those that moved."""
    still = train(pipeline, learning_rate=1e-12, head_learning_rate=1e-12)
    (about, moved), (other, stayed) = usual, still
    same = {name for name, one in moved.items() if one.shape == stayed[name].shape}
    assert len(moved) - len(same) == 2  # their rows and values
    losses, weights = apart(
        (about, {name: moved[name] for name in same}), (other, {name: stayed[name] for name in same})
    )
    assert losses > 100 * LOSS
    assert weights > 100 * WEIGHT
