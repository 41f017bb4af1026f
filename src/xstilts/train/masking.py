"""Masked language modelling: which tokens are hidden, drawn again in every update."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from xstilts.base.errors import DataError
from xstilts.base.files import read_json

PART = 0.15  # of a text's tokens; of those, 80 % become the mask, 10 % a random token, 10 % stay
MASKED, REPLACED = 0.8, 0.9
USUAL_MASKS = ("<mask>", "[MASK]")
NAMED = tuple(f"{name}_token_id" for name in ("pad", "bos", "eos", "cls", "sep"))


@dataclass(frozen=True)
class Masking:
    """Hides tokens as in Devlin et al. 2019, BERT, section 3.1, again in every update as in Liu et al. 2019, RoBERTa.

    What is hidden depends on seed, update and row alone: neither on the batch that a row is in, nor on the threads that
    share it, nor on where a run was resumed.

    Attributes:
        seed: of the run.
        mask: the id of the mask token.
        ordinary: int64, ids of all tokens that are not special, ascending: what can be hidden or drawn.
    """

    seed: int
    mask: int
    ordinary: np.ndarray

    def hide(self, tokens: np.ndarray, row: int, update: int) -> tuple[np.ndarray, np.ndarray]:
        """Hide some tokens of one text: at least one, and never a special one.

        Args:
            tokens: the ids of the text, special tokens included.
            row: which row of the split it is.
            update: number of the update, from 1; 0 is dev.

        Returns:
            The ids that the model reads, and the ids to be found, -1 where nothing was hidden; both int64 `[tokens]`.
        """
        inputs, labels = tokens.astype(np.int64), np.full(len(tokens), -1, np.int64)
        candidates = np.flatnonzero(self._is_ordinary(inputs))
        if not len(candidates):
            return inputs, labels
        random = np.random.default_rng([self.seed, update, row])
        chosen = random.permutation(candidates)[: max(1, round(PART * len(candidates)))]
        labels[chosen] = inputs[chosen]
        fate = random.random(len(chosen))
        drawn = self.ordinary[random.integers(len(self.ordinary), size=len(chosen))]
        inputs[chosen[fate < MASKED]] = self.mask
        replaced = (fate >= MASKED) & (fate < REPLACED)
        inputs[chosen[replaced]] = drawn[replaced]
        return inputs, labels

    def _is_ordinary(self, tokens: np.ndarray) -> np.ndarray:
        """Where tokens are ordinary, by binary search: `np.isin` would go through the whole vocabulary each time."""
        places = np.searchsorted(self.ordinary, tokens)
        return np.asarray(self.ordinary[np.minimum(places, len(self.ordinary) - 1)] == tokens)


def read_masking(encoder: Path, seed: int) -> Masking:
    """The masking for an encoder's tokens, whose special ones are read from its directory.

    Special are the tokens that tokenizer.json marks so and those that config.json names; the mask token is the one that
    tokenizer_config.json names, or else `<mask>` or `[MASK]`.

    Raises:
        DataError: the tokenizer has no mask token.
    """
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    config = read_json(encoder / "config.json")
    mask = _mask_token(encoder, tokenizer)
    special = {token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    special |= {mask, *(config[name] for name in NAMED if isinstance(config.get(name), int))}
    ids = np.array(sorted(set(tokenizer.get_vocab().values()) - special), np.int64)
    return Masking(seed, mask, ids[ids < config["vocab_size"]])


def _mask_token(encoder: Path, tokenizer: Tokenizer) -> int:
    """The id of the mask token."""
    named: Any = None
    if (encoder / "tokenizer_config.json").exists():
        named = read_json(encoder / "tokenizer_config.json").get("mask_token")
    named = named["content"] if isinstance(named, dict) else named
    for token in (named, *USUAL_MASKS):
        number = None if token is None else tokenizer.token_to_id(token)
        if number is not None:
            return int(number)
    found, expected = "no mask token", f"one, such as {' or '.join(USUAL_MASKS)}"
    todo = "choose an encoder that was trained with masks, or a route without mlm"
    raise DataError(encoder / "tokenizer.json", None, found, expected, todo)
