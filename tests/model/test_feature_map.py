"""Features of another size: a map of the task's own in front of the visual prefix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.errors import DataError, ParameterError
from xstilts.model.checkpoint import load_encoder, load_model, read_weights, save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.feature_map import make_map, start_map
from xstilts.model.multitask import MultitaskModel
from xstilts.model.visual_prefix import VisualPrefix
from xstilts.train.examples import Examples, open_examples

SIZES = [3, 8, 40]


@pytest.fixture(scope="module")
def prefix(public: Path) -> VisualPrefix:
    return load_public(public).prefix


def features(count: int, dim: int) -> np.ndarray:
    """Features that are far from standard: some of them large, some with little spread, one with none."""
    random = np.random.default_rng(0)
    vectors = random.normal(random.normal(5, 3, dim), random.uniform(0.5, 4, dim), (count, dim))
    return vectors.astype(np.float16)


@pytest.mark.parametrize("dim", SIZES)
@torch.inference_mode()
def test_the_prefix_standardises_its_output_to_unit_scale(dim: int, prefix: VisualPrefix) -> None:
    torch.manual_seed(0)
    made, vectors = make_map(dim, prefix), features(3000, dim)
    start_map(made, vectors)
    standardised = (made(torch.from_numpy(vectors.astype(np.float32))) - prefix.mean) / prefix.std
    assert standardised.mean(0).abs().max() < 1e-3
    assert (standardised**2).mean().item() == pytest.approx(1, abs=0.05)


@torch.inference_mode()
def test_a_feature_without_spread_does_no_harm(prefix: VisualPrefix) -> None:
    vectors = features(100, 12)
    vectors[:, 3] = 7
    made = make_map(12, prefix)
    start_map(made, vectors)
    assert all(weight.isfinite().all() for weight in made.parameters())
    assert made.weight.abs().max() < 100


@pytest.fixture(scope="module")
def wide(tiny: Any) -> Callable[[int], Examples]:
    """Examples of two tasks on features of a given size, one of them without pictures."""

    def make(dim: int) -> Examples:
        entry = tiny.features(f"wide-{dim}", features(sum(tiny.REGIONS), dim))
        rows = [*tiny.rows("looks", 12), *tiny.rows("follows", 4)]
        return open_examples(tiny.cache(f"wide-cache-{dim}", {"train": rows}, entry), "train")

    return make


def test_only_features_of_another_size_have_a_map(tiny: Any, public: Path, wide: Callable[[int], Examples]) -> None:
    for dim in SIZES:
        model = MultitaskModel(load_public(public), wide(dim).card["tasks"])
        assert list(model.inputs) == ([] if dim == tiny.DIM else ["looks"])
    old = {"looks": {"kind": "vqa", "labels": ["a"], "features": {"path": "features", "sha256": ""}}}
    assert not MultitaskModel(load_public(public), old).inputs


def test_a_map_is_read_and_trained_though_the_prefix_is_not(public: Path, wide: Callable[[int], Examples]) -> None:
    rows = wide(40)
    model = MultitaskModel(load_public(public), rows.card["tasks"])
    model.encoder.choose_trained(inputs=False, frozen_layers=1)
    start_map(model.inputs["looks"], rows.pictures.features["looks"].vectors)
    model(rows.batch(np.arange(12))).backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in model.inputs.parameters())
    assert model.encoder.prefix.object.weight.grad is None


def test_a_map_is_saved_with_its_task_and_left_behind_with_it(
    public: Path, wide: Callable[[int], Examples], tmp_path: Path
) -> None:
    rows = wide(40)
    model = MultitaskModel(load_public(public), rows.card["tasks"]).eval()
    save_checkpoint(tmp_path, trained_weights(model), {"tasks": model.cards})
    assert {"inputs.looks.weight", "inputs.looks.bias"} <= read_weights(tmp_path).keys()
    loaded = load_model(public, tmp_path)
    batch = rows.batch(np.arange(12))
    assert torch.equal(loaded.logits(batch), model.logits(batch))
    assert not any("inputs" in name for name in load_encoder(public, tmp_path).state_dict())
    weights = {name: weight for name, weight in read_weights(tmp_path).items() if name != "inputs.looks.bias"}
    save_checkpoint(tmp_path, weights, {"tasks": model.cards})
    with pytest.raises(DataError, match=r"found no inputs\.looks\.bias"):
        load_model(public, tmp_path)


def test_features_of_a_third_size_are_refused(public: Path, wide: Callable[[int], Examples]) -> None:
    model = MultitaskModel(load_public(public), wide(40).card["tasks"])
    with pytest.raises(ParameterError, match="looks: found features of 3 numbers, expected 40; make the features"):
        model(wide(3).batch(np.arange(12)))
