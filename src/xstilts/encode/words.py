"""The tokens of words, each as it is encoded in running text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tokenizers import Tokenizer

from xstilts.base.errors import DataError
from xstilts.encode.tokens import encode, uncut

# Written without spaces between words. XTREME's sets cut Chinese, Japanese and Thai by character or by a segmenter.
UNSPACED = frozenset({"ja", "th", "zh"})
PREFIX = {"Metaspace": ("prepend_scheme", "never"), "ByteLevel": ("add_prefix_space", False)}
UNKNOWN = ("<unk>", "[UNK]")


class WordTokens:
    """Token ids of words, every word encoded once.

    In a language with spaces each word is encoded as after a space, so that a sentence's tokens are those of its words
    joined by spaces (XTREME's preprocessing). Chinese, Japanese and Thai words are encoded as in the middle of a text
    but for a sentence's first: with the mark of a space (`▁` in XLM-R) before each, half of them would begin with a
    token that says nothing, and that token would carry the label.
    """

    def __init__(self, tokenizer: Tokenizer, sentences: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Encode the words of `(language, words)` sentences."""
        spaced: dict[str, None] = {}  # sets that keep their order
        inner: dict[str, None] = {}
        for language, words in sentences:
            unspaced = language in UNSPACED
            spaced.update(dict.fromkeys(words[:1] if unspaced else words))
            inner.update(dict.fromkeys(words[1:] if unspaced else ()))
        with uncut(tokenizer):
            self._spaced = _encode(tokenizer, list(spaced))
            with _without_prefix(tokenizer):
                self._inner = _encode(tokenizer, list(inner))
        self._unknown = next((one for name in UNKNOWN if (one := tokenizer.token_to_id(name)) is not None), None)

    def of(self, language: str, words: Sequence[str]) -> Iterator[list[int]]:
        """The token ids of each word of a sentence; a word that normalises to nothing is the unknown token."""
        for number, word in enumerate(words):
            tokens = self._inner[word] if number and language in UNSPACED else self._spaced[word]
            yield tokens or [self._unknown_token()]

    def _unknown_token(self) -> int:
        if self._unknown is None:
            found, expected = "no unknown token", f"one of {', '.join(UNKNOWN)}, for words that leave no token"
            raise DataError("the encoder's tokenizer.json", None, found, expected, "choose another encoder")
        return self._unknown


def _encode(tokenizer: Tokenizer, words: list[str]) -> dict[str, list[int]]:
    encodings = encode(tokenizer, words, special_tokens=False)
    return {word: encoding.ids for word, encoding in zip(words, encodings, strict=True)}


@contextmanager
def _without_prefix(tokenizer: Tokenizer) -> Iterator[None]:
    """Let no mark of a space be put before a text, where the tokenizer's pre-tokenizer puts one."""
    pre = tokenizer.pre_tokenizer
    if pre is None:  # e.g. WordLevel models of whole texts
        yield
        return
    state = pre.__getstate__()
    try:
        pre.__setstate__(json.dumps(_no_prefix(json.loads(state))).encode())
        tokenizer.pre_tokenizer = pre
        yield
    finally:
        pre.__setstate__(state)
        tokenizer.pre_tokenizer = pre


def _no_prefix(settings: dict[str, Any]) -> dict[str, Any]:
    """A pre-tokenizer's settings, those of a sequence one by one, without the prefix."""
    changed = {key: value for key, value in settings.items() if key != "add_prefix_space"}
    if settings["type"] == "Sequence":
        changed["pretokenizers"] = [_no_prefix(one) for one in settings["pretokenizers"]]
    if settings["type"] in PREFIX:
        key, value = PREFIX[settings["type"]]
        changed[key] = value
    return changed
