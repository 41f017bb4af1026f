"""The projector: ridge regression against a planted map, and naming in a small word space."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.base.errors import DataError
from xstilts.features.align import ANCHORS, WordSpace, fit, leave_variant_out, recognised, targets_of

NOUNS, COLOURS = ("cat", "dog", "bus", "tree"), ("red", "blue", "green")
DIM = 40
ROOT = Path(__file__).parents[2]


def test_ridge_recovers_a_planted_affine_map() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 12, generator=generator) * torch.linspace(0.5, 4, 12) + 3
    weight, bias = torch.randn(5, 12, generator=generator), torch.randn(5, generator=generator)
    alignment = fit(x, x @ weight.T + bias, strength=1e-9)
    new = torch.randn(50, 12, generator=generator)
    torch.testing.assert_close(alignment.project(new), new @ weight.T + bias, atol=1e-4, rtol=1e-4)


def test_a_stronger_ridge_shrinks_towards_the_mean_target() -> None:
    x, y = torch.randn(60, 8), torch.randn(60, 3)
    norms = [float(fit(x, y, strength).weight.norm()) for strength in (1e-6, 1.0, 1e6)]
    assert norms[0] > norms[1] > norms[2]
    torch.testing.assert_close(fit(x, y, 1e9).project(x), y.mean(0).expand(60, 3), atol=1e-4, rtol=0)


def test_the_strength_means_the_same_for_any_number_of_examples() -> None:
    x, y = torch.randn(60, 8).double(), torch.randn(60, 3).double()
    once, twice = fit(x, y, 0.5), fit(torch.cat([x, x]), torch.cat([y, y]), 0.5)
    torch.testing.assert_close(once.weight, twice.weight, atol=0.02, rtol=0.02)


FITTED = """
import hashlib, torch
from xstilts.features.align import fit
for seed in (0, 2):
    random = torch.Generator().manual_seed(seed)
    features = torch.randn(384, 1280, generator=random).square() * torch.rand(1280, generator=random)
    found = fit(features, torch.randn(384, 768, generator=random))
    print(*(hashlib.sha256(one.numpy()).hexdigest() for one in (found.weight, found.bias, found.mean, found.std)))
"""


def test_the_number_of_threads_changes_no_bit() -> None:
    """Or a machine with other processors would find every cell stale; sizes are those of the embedded world."""
    found = set()
    for threads in ("1", "2", "4"):
        named = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run([sys.executable, "-c", FITTED], env=os.environ | named, capture_output=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1


def test_a_feature_that_never_varies_causes_no_division_by_zero() -> None:
    x = torch.cat([torch.randn(30, 3), torch.ones(30, 1)], 1)
    assert fit(x, torch.randn(30, 2)).project(x).isfinite().all()


def test_the_target_is_a_mean_embedding_a_column(small_encoder: Path) -> None:
    words = WordSpace(small_encoder)
    table = load_file(small_encoder / "model.safetensors")["embeddings.word_embeddings.weight"]
    torch.testing.assert_close(words.phrase("dog bus"), (table[1] + table[2]) / 2)
    expected = torch.cat([(table[1] + table[2]) / 2, table[4]])
    torch.testing.assert_close(targets_of(words, [("dog bus", "red")])[0], expected)


def pictures(generator: torch.Generator) -> tuple[torch.Tensor, list[tuple[str, str]]]:
    """Features in which noun and colour lie in directions of their own, under a little noise."""
    phrases = [(noun, colour) for noun in NOUNS for colour in COLOURS]
    nouns, colours = torch.randn(4, DIM, generator=generator), torch.randn(3, DIM, generator=generator)
    features = [nouns[NOUNS.index(noun)] + colours[COLOURS.index(colour)] for noun, colour in phrases]
    return torch.stack(features) + 0.05 * torch.randn(len(phrases), DIM, generator=generator), phrases


def test_pictures_that_were_held_out_are_named(small_encoder: Path) -> None:
    features, phrases = pictures(torch.Generator().manual_seed(1))
    found = leave_variant_out(features, phrases, WordSpace(small_encoder))
    assert found.shape == (12, 2)
    assert found[:, 0].float().mean() >= 0.9


def test_features_that_say_nothing_are_not_named(small_encoder: Path) -> None:
    _, phrases = pictures(torch.Generator().manual_seed(1))
    features = torch.randn(len(phrases), DIM, generator=torch.Generator().manual_seed(2))
    found = leave_variant_out(features, phrases, WordSpace(small_encoder))
    assert found[:, 0].float().mean() <= 0.6


def test_a_colour_that_the_fold_never_saw_is_looked_for_among_all(small_encoder: Path) -> None:
    """A fold holds out one colour here: were it the only candidate, the share would be 1 for nothing."""
    _, phrases = pictures(torch.Generator().manual_seed(1))
    features = torch.randn(len(phrases), DIM, generator=torch.Generator().manual_seed(3))
    assert leave_variant_out(features, phrases, WordSpace(small_encoder))[:, 1].float().mean() < 0.9


def test_recognition_is_by_column(small_encoder: Path) -> None:
    words, (features, phrases) = WordSpace(small_encoder), pictures(torch.Generator().manual_seed(1))
    found = recognised(fit(features, targets_of(words, phrases), 1e-3), features, phrases, words)
    assert found.all()


def test_the_file_has_the_map_and_the_anchors(small_encoder: Path, tmp_path: Path) -> None:
    words, (features, phrases) = WordSpace(small_encoder), pictures(torch.Generator().manual_seed(1))
    alignment = fit(features, targets_of(words, phrases))
    alignment.save(tmp_path / "alignment.safetensors", words)
    saved = load_file(tmp_path / "alignment.safetensors")
    assert set(saved) == {
        *(f"{column}.{part}" for column in ("object", "attribute") for part in ("weight", "bias")),
        "feature.mean",
        "feature.std",
        *(f"word.{anchor}" for anchor in ANCHORS),
    }
    torch.testing.assert_close(saved["word.left"], words.phrase("left"))
    standardised = (features - saved["feature.mean"]) / saved["feature.std"]
    for column, projected in zip(("object", "attribute"), alignment.project(features).chunk(2, 1), strict=True):
        by_hand = torch.nn.functional.linear(standardised, saved[f"{column}.weight"], saved[f"{column}.bias"])
        torch.testing.assert_close(by_hand, projected)


def test_an_encoder_without_its_parts_is_named(small_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json: found no such file"):
        WordSpace(tmp_path)
    tokenizer = (small_encoder / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    with pytest.raises(DataError, match="found no safetensors"):
        WordSpace(tmp_path)
    save_file({"other": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=r"found model\.safetensors, expected a tensor named"):
        WordSpace(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(DataError, match=r"model\.safetensors: found broken weights"):
        WordSpace(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(tokenizer[:50])
    with pytest.raises(DataError, match=r"tokenizer\.json: found a broken tokenizer"):
        WordSpace(tmp_path)
