"""Sentences with a tag a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from xstilts.encode.columns import OUTSIDE, Columns, Setting
from xstilts.encode.lists import IntLists
from xstilts.encode.tokens import Template
from xstilts.encode.words import WordTokens
from xstilts.tasks.examples import TaggingExample
from xstilts.tasks.tagging import OTHER_TAG


def encode_tagging(setting: Setting, examples: Sequence[TaggingExample]) -> Columns:
    """One row a sentence; one that is longer than `max_length` is cut into several, between words.

    `labels` has the tag's index at the first token of each word, `answers` the tags of the row's words. The tokens of
    a word that is longer than a row are cut, which counts as truncated.

    Raises:
        DataError: a tag that the task does not have.
    """
    index, (before, after) = setting.index(), Template.of(setting.tokenizer).single
    room = setting.task.encode.max_length - len(before) - len(after)
    tokens = WordTokens(setting.tokenizer, ((one.language, one.words) for one in examples))
    input_ids, labels, truncated = IntLists(), IntLists(), 0
    values: dict[str, list[object]] = {name: [] for name in ("id", "language", "window", "answers")}
    for example in examples:
        indices = _indices(setting, example, index)
        words = list(tokens.of(example.language, example.words))
        for window, (begin, end) in enumerate(_rows([len(word) for word in words], room)):
            here = [word[:room] for word in words[begin:end]]
            input_ids.append([*before, *chain.from_iterable(here), *after])
            labels.append(_first_tokens(here, indices[begin:end], len(before), len(after)))
            row = (example.id, example.language, window, list(example.tags[begin:end]))
            for name, value in zip(values, row, strict=True):
                values[name].append(value)
            truncated += any(len(word) > room for word in words[begin:end])
    return Columns({**values, "input_ids": input_ids.arrow(), "labels": labels.arrow()}, truncated)


def _first_tokens(words: Sequence[Sequence[int]], tags: Sequence[int], before: int, after: int) -> list[int]:
    """A label a token: the tag at the first of each word, -1 at the others and at the special tokens around."""
    labels = [OUTSIDE] * before
    for word, tag in zip(words, tags, strict=True):
        labels += [tag, *[OUTSIDE] * (len(word) - 1)]
    return labels + [OUTSIDE] * after


def _rows(lengths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """First and last + 1 word of each row: as many words as have room, one at least."""
    begin = used = 0
    for word, length in enumerate(lengths):
        if used + length > room and word > begin:
            yield begin, word
            begin, used = word, 0
        used += length
    if lengths:
        yield begin, len(lengths)


def _indices(setting: Setting, example: TaggingExample, index: Mapping[str, int]) -> list[int]:
    """The tags' indices; a tag that training does not have is the `OTHER_TAG` of a task whose file lists no tags."""
    other = index.get(OTHER_TAG)
    indices = []
    for tag in example.tags:
        number = index.get(tag, other)
        if number is None:
            raise setting.unknown_label(example, tag)
        indices.append(number)
    return indices
