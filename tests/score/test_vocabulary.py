"""Scoring keeps the word embeddings of the test rows, and scores as with all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tiny_files import TinyFiles
from xstilts.base.files import write_table
from xstilts.model.encoder import MultimodalEncoder
from xstilts.train.examples import open_examples

TASKS = TinyFiles.one_per_kind(TinyFiles.SCORED)


@pytest.fixture
def few_words(make_cache: Callable[..., Path]) -> Callable[[str], Path]:
    """The test part of a task, its first four examples in each language."""

    def make(task: str) -> Path:
        cache = make_cache(task)
        table = open_examples(cache, "test").table
        write_table(cache / "new.arrow", table.slice(0, 12))
        (cache / "new.arrow").replace(cache / "test.arrow")
        return cache

    return make


@pytest.mark.equivalence
@pytest.mark.parametrize("task", TASKS)
def test_trimmed_scores_are_whole_ones(
    task: str,
    few_words: Callable[[str], Path],
    untrained: Callable[[Path], Path],
    score: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every byte, in bf16 as by default."""
    cache, kept, folders = few_words(task), [], []
    checkpoint, keep = untrained(cache), MultimodalEncoder.keep_rows

    def noted(self: MultimodalEncoder, token_ids: np.ndarray) -> None:
        keep(self, token_ids)
        kept.append(len(self.words.weight))

    for name, method in (("trimmed", noted), ("whole", lambda *_: None)):
        monkeypatch.setattr(MultimodalEncoder, "keep_rows", method)
        folders.append(score(cache, checkpoint, name, batch_size=2, precision="bf16"))
    assert len(kept) == 1
    assert kept[0] == len(set(open_examples(cache, "test").lists["input_ids"].values) | {0, 1})
    for file in ("predictions.arrow", "scores.json"):
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes()
