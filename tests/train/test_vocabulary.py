"""Training with the word embeddings of one's own texts is training with all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xstilts.model.checkpoint import load_encoder
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train import phase
from xstilts.train.examples import open_examples, used_ids
from xstilts.train.masking import read_masking
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings

FILES = ("checkpoint.json", "model.safetensors")
WORDS = "encoder.text.embeddings.word_embeddings.weight"
Settings = Callable[..., TrainSettings]
Run = Callable[..., Path]


@pytest.fixture(scope="module")
def halves(tiny: Any, tiny_features: dict[str, Any]) -> tuple[Path, Path]:
    """Mixtures of all kinds but masked language modelling: one with the even half of the words, one with the odd."""
    found = []
    for odd in (0, 1):
        tasks = [task for task in tiny.KINDS if task not in ("searches", "fills")]
        splits = {s: [row for t in tasks for row in tiny.rows(t, 16, i)] for i, s in enumerate(("train", "dev"))}
        for row in [row for rows in splits.values() for row in rows]:
            row["input_ids"] = [i if i < len(tiny.SPECIAL) else i - i % 2 + odd for i in row["input_ids"]]
        found.append(Path(tiny.cache(f"half{odd}", splits, tiny_features)))
    return found[0], found[1]


@pytest.fixture
def run(public: Path, tmp_path: Path, make_settings: Settings) -> Run:
    def train(name: str, cache: Path, start: Path | None = None, **changed: Any) -> Path:
        usual = {"learning_rate": 1e-3, "batch_size": 8, "weight_decay": 0.1, "evaluations": 4}
        train_phase(cache, public, tmp_path / name, make_settings(**{**usual, **changed}), 3, start)
        return tmp_path / name

    return train


def contents(checkpoint: Path) -> list[bytes]:
    return [(checkpoint / name).read_bytes() for name in FILES]


@pytest.mark.equivalence
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_trimmed_is_whole_with_frozen_embeddings(precision: str, halves: tuple[Path, Path], run: Run) -> None:
    """Checkpoints bit for bit: weights, losses of the curve, dev scores."""
    trimmed, whole = (run(str(t), halves[0], precision=precision, trim_vocabulary=t) for t in (True, False))
    assert contents(trimmed) == contents(whole)


@pytest.mark.equivalence
@pytest.mark.parametrize(("clip", "apart"), [(1e9, 0.0), (1.0, 1e-6)], ids=["unclipped", "clipped"])
def test_trimmed_is_whole_with_trained_embeddings(
    clip: float, apart: float, halves: tuple[Path, Path], run: Run
) -> None:
    """Bit for bit as long as no gradient is clipped; the norm of one may be rounded otherwise among more zeros."""
    trimmed, whole = (
        load_file(run(str(trim), halves[0], train_inputs=True, clip=clip, trim_vocabulary=trim) / FILES[1])
        for trim in (True, False)
    )
    assert trimmed.keys() == whole.keys()
    assert {f"{WORDS}.rows", f"{WORDS}.values"} <= trimmed.keys()
    assert torch.equal(trimmed[f"{WORDS}.rows"], whole[f"{WORDS}.rows"])
    assert max((trimmed[name] - whole[name]).abs().max().item() for name in whole) <= apart


def test_words_that_no_text_has_stay_as_they_are(halves: tuple[Path, Path], public: Path, run: Run) -> None:
    """Weight decay does not touch them, nor does the momentum of others; trimmed or not."""
    even, odd = (used_ids(*(open_examples(half, split) for split in ("train", "dev"))) for half in halves)
    assert even is not None
    assert odd is not None
    fresh = load_public(public).words.weight
    for trim in (True, False):
        first = run(f"first{trim}", halves[0], train_inputs=True, trim_vocabulary=trim)
        second = run(f"second{trim}", halves[1], first, train_inputs=True, trim_vocabulary=trim)
        one, two = (load_encoder(public, checkpoint).words.weight for checkpoint in (first, second))
        moved, later = ((new != old).any(1).nonzero().flatten().tolist() for new, old in ((one, fresh), (two, one)))
        assert set(moved) <= set(even.tolist())
        assert set(later) <= set(odd.tolist())
        assert len(moved) > len(even) / 2
        assert len(later) > len(odd) / 2
        assert load_file(second / FILES[1])[f"{WORDS}.rows"].tolist() == sorted(set(moved) | set(later))


def test_a_run_has_the_words_of_its_cache_in_memory(
    halves: tuple[Path, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[list[int]] = []
    train = phase.train

    def spy(model: MultitaskModel, *arguments: Any) -> Any:
        kept.append(model.encoder.words.kept.tolist())  # type: ignore[union-attr, operator]
        return train(model, *arguments)

    monkeypatch.setattr(phase, "train", spy)
    run("out", halves[1])
    used = used_ids(*(open_examples(halves[1], split) for split in ("train", "dev")))
    assert kept == [np.union1d(used, [0, 1]).tolist()]
    assert len(kept[0]) < 16


def test_masked_language_modelling_needs_every_word(every_kind: Path, public: Path) -> None:
    """Any may be drawn in the place of another, and any be predicted."""
    rows = open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))
    assert used_ids(rows) is None
