"""Sentences with one tag per word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from tokenizers import Tokenizer

from xstilts.base.errors import DataError
from xstilts.encode.columns import OUTSIDE, Columns, Setting
from xstilts.encode.tokens import IntLists, Template, encode, uncut
from xstilts.tasks.examples import TaggingExample
from xstilts.tasks.tagging import OTHER_TAG

# Written without spaces between words. XTREME's sets cut Chinese, Japanese and Thai by character or by a segmenter.
UNSPACED = frozenset({"ja", "th", "zh"})
PREFIX = {"Metaspace": ("prepend_scheme", "never"), "ByteLevel": ("add_prefix_space", False)}
UNKNOWN = ("<unk>", "[UNK]")


def encode_tagging(setting: Setting, examples: Sequence[TaggingExample]) -> Columns:
    """One row per sentence; one longer than `max_length` is split between words into several rows.

    `labels` has the tag's index at the first token of each word, `answers` the tags of the row's words and `texts` the
    words. A word whose tokens do not fit into one row is cut, which counts as truncated.

    Raises:
        DataError: a tag that the task does not have.
    """
    index, (before, after) = setting.index(), Template.of(setting.tokenizer).single
    room = setting.task.encode.max_length - len(before) - len(after)
    tokens = WordTokens(setting.tokenizer, ((one.language, one.words) for one in examples))
    input_ids, labels, truncated = IntLists(), IntLists(), 0
    values: dict[str, list[object]] = {name: [] for name in ("id", "language", "window", "answers", "texts")}
    for example in examples:
        indices = _indices(setting, example, index)
        words = list(tokens.of(example.language, example.words))
        for window, (start, end) in enumerate(_rows([len(word) for word in words], room)):
            here = [word[:room] for word in words[start:end]]
            input_ids.append([*before, *chain.from_iterable(here), *after])
            labels.append(_first_tokens(here, indices[start:end], len(before), len(after)))
            said = list(example.tags[start:end]), list(example.words[start:end])
            row = (example.id, example.language, window, *said)
            for name, value in zip(values, row, strict=True):
                values[name].append(value)
            truncated += any(len(word) > room for word in words[start:end])
    return Columns({**values, "input_ids": input_ids.arrow(), "labels": labels.arrow()}, truncated)


def _first_tokens(words: Sequence[Sequence[int]], tags: Sequence[int], before: int, after: int) -> list[int]:
    """One label per token: the tag at the first of each word, -1 at the others and at the special tokens."""
    labels = [OUTSIDE] * before
    for word, tag in zip(words, tags, strict=True):
        labels += [tag, *[OUTSIDE] * (len(word) - 1)]
    return labels + [OUTSIDE] * after


def _rows(lengths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """First and last + 1 word of each row: as many words as fit, but at least one."""
    start = used = 0
    for word, length in enumerate(lengths):
        if used + length > room and word > start:
            yield start, word
            start, used = word, 0
        used += length
    if lengths:
        yield start, len(lengths)


def _indices(setting: Setting, example: TaggingExample, index: Mapping[str, int]) -> list[int]:
    """The tags' indices; a tag not seen in training is `OTHER_TAG` if the task file lists no tags."""
    other = index.get(OTHER_TAG)
    indices = []
    for tag in example.tags:
        number = index.get(tag, other)
        if number is None:
            raise setting.unknown_label(example, tag)
        indices.append(number)
    return indices


class WordTokens:
    """Token ids of words; every word is encoded once.

    In a language with spaces each word is encoded as after a space, so that a sentence's tokens are those of its words
    joined by spaces (XTREME's preprocessing). Chinese, Japanese and Thai words are encoded as in the middle of a text,
    except for a sentence's first: with the mark of a space (`▁` in XLM-R) before each, half of them would begin with a
    token that carries no meaning, and that token would carry the label.
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
            found, expected = "no unknown token", f"one of {', '.join(UNKNOWN)}, for words that give no token"
            raise DataError("the encoder's tokenizer.json", None, found, expected, "choose another encoder")
        return self._unknown


def _encode(tokenizer: Tokenizer, words: list[str]) -> dict[str, list[int]]:
    encodings = encode(tokenizer, words, special_tokens=False)
    return {word: encoding.ids for word, encoding in zip(words, encodings, strict=True)}


@contextmanager
def _without_prefix(tokenizer: Tokenizer) -> Iterator[None]:
    """Stop the tokenizer's pre-tokenizer from putting the mark of a space before a text."""
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
