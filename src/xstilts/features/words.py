"""The encoder's word space: static word embeddings, read straight from its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.errors import DataError

TABLES = ("word_embeddings.weight", "embed_tokens.weight", "tok_embeddings.weight")
_AGAIN = "delete it and run `dvc repro` to make it again"


class WordSpace:
    """Mean word embeddings of phrases.

    Args:
        encoder: a Hugging Face directory with tokenizer.json and safetensors.

    Attributes:
        hidden: length of an embedding.

    Raises:
        DataError: tokenizer or weights are missing or broken, or no tensor is an embedding table.
    """

    def __init__(self, encoder: Path) -> None:
        self._tokenizer = _open_tokenizer(encoder / "tokenizer.json")
        self._table = _open_table(encoder)
        self.hidden = int(self._table.shape[1])

    def phrase(self, text: str) -> Tensor:
        """The mean embedding of a phrase's pieces, float32 `[hidden]`."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._table[pieces].float().mean(0)

    def phrases(self, texts: Sequence[str]) -> Tensor:
        """Mean embeddings of several phrases, float32 `[n, hidden]`."""
        known = {text: self.phrase(text) for text in set(texts)}
        return torch.stack([known[text] for text in texts])


def _open_tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise DataError(path, None, "no such file", "a fast tokenizer", "choose another encoder")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust library raises plain Exception
        raise DataError(path, None, f"a broken tokenizer ({error})", "tokenizer.json", _AGAIN) from None


def _open_table(encoder: Path) -> Tensor:
    """The first tensor whose name says that it embeds words."""
    files = sorted(encoder.glob("*.safetensors"))
    for path in files:
        try:
            with safe_open(path, framework="pt") as weights:
                names = [name for name in weights.keys() if name.endswith(TABLES)]  # noqa: SIM118 (no mapping)
                if names:
                    table: Tensor = weights.get_tensor(names[0])
                    return table
        except (SafetensorError, OSError) as error:
            raise DataError(path, None, f"broken weights ({error})", "safetensors", _AGAIN) from None
    found = ", ".join(path.name for path in files) or "no safetensors"
    raise DataError(encoder, None, found, f"a tensor named *{TABLES[0]}", "choose another encoder")
