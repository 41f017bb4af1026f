"""Retrieval from every layer of an encoder: each text encoded once, and a result that no score has chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.files import open_rows, read_json
from xstilts.model.encoder import MultimodalEncoder, load_public
from xstilts.score import vectors as vectors_module
from xstilts.score.retrieval import default_layer, oracle, score_retrieval
from xstilts.score.scoring import open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.vectors import layer_groups, layer_vectors
from xstilts.train.examples import Examples, open_examples

Make = Callable[..., Path]


@pytest.fixture
def encoder(public: Path) -> MultimodalEncoder:
    return load_public(public).eval()


@torch.inference_mode()
def one_by_one(encoder: MultimodalEncoder, examples: Examples) -> dict[tuple[int, str], np.ndarray]:
    """The vectors of every layer and pooling, each text encoded alone."""
    found: dict[tuple[int, str], list[np.ndarray]] = {}
    for row in range(len(examples)):
        for layer, encoded in enumerate(encoder.all_layers(examples.batch(np.array([row])))):
            hidden = encoded.hidden[0].numpy()
            found.setdefault((layer, "mean"), []).append(hidden.mean(0))
            found.setdefault((layer, "cls"), []).append(hidden[0])
    return {key: np.stack(vectors) for key, vectors in found.items()}


@pytest.mark.parametrize(("budget", "memory"), [(4096, 1 << 31), (50, 1 << 31), (4096, 1)])
def test_vectors_of_every_layer(
    budget: int, memory: int, encoder: MultimodalEncoder, make_cache: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither batches nor memory change them; too little memory costs passes, but gives the same."""
    monkeypatch.setattr(vectors_module, "BYTES", memory)
    examples = open_examples(make_cache("searches"), "test")
    settings = ScoreSettings(token_budget=budget, precision="fp32")
    expected, rows = one_by_one(encoder, examples), np.arange(len(examples))[::-3]
    found = {key[:2]: key[2] for key in layer_vectors(encoder, examples, rows, settings, "test")}
    assert found.keys() == expected.keys() == {(layer, name) for layer in range(3) for name in ("mean", "cls")}
    for key, own in found.items():
        np.testing.assert_allclose(own, expected[key][rows], atol=1e-4)
        assert own.dtype == np.float32


def test_layers_share_memory_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "BYTES", 8 * 1000 * 5)  # five layers of a thousand numbers, pooled twice
    assert layer_groups(13, 1000) == [range(5), range(5, 10), range(10, 13)]
    assert layer_groups(3, 10**9) == [range(1), range(1, 2), range(2, 3)]
    assert layer_groups(13, 10) == [range(13)]


def test_the_layer_of_the_result() -> None:
    assert [default_layer(depth) for depth in (24, 12, 6, 2)] == [14, 7, 4, 1]


def accuracy(vectors: np.ndarray, table: Any, language: str) -> float:
    """The share of a language's queries whose candidate has the highest cosine."""
    rows = [i for i, row in enumerate(table) if row["language"] == language]
    candidates = [i for i in rows if table[i]["structural"] == "candidate"]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = [i for i in rows if table[i]["structural"] == "query"]
    best = (unit[queries] @ unit[candidates].T).argmax(1)
    right = [table[candidates[place]]["id"] in table[i]["answers"] for i, place in zip(queries, best, strict=True)]
    return float(np.mean(right))


def test_the_sweep_and_the_result(encoder: MultimodalEncoder, make_cache: Make, untrained: Any, score: Make) -> None:
    cache = make_cache("searches")
    scores, examples = read_json(score(cache, untrained(cache)) / "scores.json"), open_examples(cache, "test")
    expected, table = one_by_one(encoder, examples), examples.table.to_pylist()
    for (layer, pooling), vectors in expected.items():
        own = {language: round(accuracy(vectors, table, language), 6) for language in ("de", "en", "ko")}
        assert scores["sweep"][pooling][str(layer)] == own
    assert (scores["layer"], scores["pooling"]) == (1, "mean")
    assert scores["scores"]["accuracy"] == scores["sweep"]["mean"]["1"]
    assert "7/12" in scores["rule"]
    best = max(np.mean(list(own.values())) for layers in scores["sweep"].values() for own in layers.values())
    assert np.mean(list(scores["oracle"]["scores"].values())) == best
    assert scores["rows"] == {"de": 13, "en": 13, "ko": 13}  # queries


def test_predictions_name_candidates(make_cache: Make, untrained: Any, score: Make) -> None:
    cache = make_cache("searches")
    out = score(cache, untrained(cache))
    found = open_rows(out / "predictions.arrow").to_pylist()
    scores = read_json(out / "scores.json")["scores"]["accuracy"]
    for language, value in scores.items():
        right = [row["prediction"] in row["golds"] for row in found if row["language"] == language]
        assert np.mean(right) == pytest.approx(value, abs=1e-6)
    assert len({row["prediction"] for row in found}) > 3


def test_a_trained_encoder_is_the_one_that_searches(
    make_cache: Make, untrained: Any, public: Path, settings: ScoreSettings
) -> None:
    """The checkpoint's encoder weights count: with others, other sentences are found."""
    cache, trained = make_cache("searches"), make_cache("follows")
    cells = [open_scoring(untrained(one), public, cache, settings) for one in (cache, trained)]
    assert score_retrieval(cells[0]).more["sweep"] == score_retrieval(cells[1]).more["sweep"]  # an untrained encoder
    weights = cells[1].checkpoint / "model.safetensors"
    _scale_first_layer(weights)
    assert score_retrieval(cells[0]).more["sweep"] != score_retrieval(cells[1]).more["sweep"]


def _scale_first_layer(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    changed = [name for name in weights if name.startswith("encoder.") and "layer.0." in name and "value" in name]
    assert changed
    save_file({name: weight * (-5 if name in changed else 1) for name, weight in weights.items()}, path)


def test_the_oracle_is_the_best_mean() -> None:
    sweep = {"mean": {"0": {"de": 0.1, "fr": 0.9}, "1": {"de": 0.6, "fr": 0.6}}, "cls": {"0": {"de": 0.8, "fr": 0.3}}}
    assert oracle(sweep) == {"layer": 1, "pooling": "mean", "scores": {"de": 0.6, "fr": 0.6}}
