"""Fixtures of the feature tests: a word space small enough to write by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = "cat dog bus tree red blue green left right top bottom small large".split()
HIDDEN = 24

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that WordSpace opens: a tokenizer of whole words and a random embedding table."""
    out = tmp_path_factory.mktemp("encoder")
    tokenizer = Tokenizer(models.WordLevel({word: row for row, word in enumerate(WORDS)}, unk_token="cat"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(out / "tokenizer.json"))
    table = np.random.default_rng(0).normal(size=(len(WORDS), HIDDEN)).astype(np.float32)
    save_file({"embeddings.word_embeddings.weight": table}, out / "model.safetensors")
    return out
