"""Answers are found in the tokens of their context, and long contexts are cut as the tokenizers library cuts them."""

from __future__ import annotations

import random
from itertools import pairwise, product
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from xstilts.encode.kinds.span import Tokens, longest_first, token_span, windows
from xstilts.encode.tokens import encode, open_tokenizer

CONTEXT = "the red cat sleeps beside the dog. 鴨小屋 rests, the Katze says no"
SPECIAL = 4  # special tokens around a pair


@pytest.fixture(scope="module")
def context(tokenizer_file: Path) -> Tokens:
    tokenizer = open_tokenizer(tokenizer_file, 64)
    return Tokens.of(next(encode(tokenizer, [CONTEXT], offsets=True, special_tokens=False)))


def covered(context: Tokens, start: int, end: int) -> str:
    """The context's characters under the span's tokens."""
    span = token_span(context.starts, context.ends, start, end)
    assert span is not None
    return CONTEXT[context.starts[span[0]] : context.ends[span[1]]]


@pytest.mark.parametrize("answer", ["red cat", "the red", "dog", "dog.", "小", "鴨小屋", "Katze", "no", CONTEXT])
def test_tokens_of_a_span_decode_to_the_answer(answer: str, context: Tokens) -> None:
    start = CONTEXT.index(answer)
    assert covered(context, start, start + len(answer)).strip() == answer


def test_an_answer_within_a_word_takes_the_whole_token(context: Tokens) -> None:
    start = CONTEXT.index("leeps")
    assert covered(context, start, start + 3).strip() == "sleeps"


def test_any_piece_of_the_context_is_covered_by_the_shortest_span(context: Tokens) -> None:
    dice = random.Random("0:spans")
    drawn = [sorted(dice.sample(range(len(CONTEXT) + 1), 2)) for _ in range(300)]
    cuts = [(start, end) for start, end in drawn if CONTEXT[start:end].strip()]
    assert len(cuts) > 200
    for start, end in cuts:
        assert CONTEXT[start:end].strip() in covered(context, start, end)
        first, last = token_span(context.starts, context.ends, start, end) or (0, 0)
        assert context.ends[first] > start
        assert context.starts[last] < end


def test_where_there_is_no_token_there_is_no_span(context: Tokens) -> None:
    assert token_span(context.starts, context.ends, len(CONTEXT), len(CONTEXT) + 3) is None


def of_words(first: int, second: int) -> tuple[str, str]:
    """Two texts of so many tokens."""
    return " ".join(["cat"] * first), " ".join(["dog"] * second)


def test_pairs_are_cut_as_the_library_cuts_them(tokenizer_file: Path) -> None:
    sizes = list(product(range(1, 14), repeat=2))
    for room in (4, 7, 8):
        tokenizer = open_tokenizer(tokenizer_file, room + SPECIAL)
        for sizes_now, encoding in zip(sizes, encode(tokenizer, [of_words(*one) for one in sizes]), strict=True):
            kept = [encoding.sequence_ids.count(text) for text in (0, 1)]
            tokens = tokenizer.encode(*of_words(*sizes_now)).sequence_ids
            assert kept == [tokens.count(0), tokens.count(1)]
            assert longest_first(*sizes_now, room) == tuple(kept), (sizes_now, room)


@pytest.mark.parametrize(("room", "stride"), [(5, 0), (5, 2), (5, 4), (9, 3), (40, 7)])
def test_windows_are_those_of_the_library(room: int, stride: int, tokenizer_file: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(room + SPECIAL + 2, stride=stride, strategy="only_second")
    for size in range(1, 35):
        words = [str(number % 10) for number in range(size)]
        encoding = tokenizer.encode("the cat", " ".join(words))
        expected = [one.ids[2 + SPECIAL - 1 : -1] for one in (encoding, *encoding.overflowing)]
        whole = tokenizer_ids(tokenizer_file, " ".join(words))
        assert [whole[begin:end] for begin, end in windows(len(whole), room, stride)] == expected


def tokenizer_ids(file: Path, text: str) -> list[int]:
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize(("tokens", "room", "stride"), [(1, 5, 2), (5, 5, 2), (6, 5, 2), (100, 7, 6), (100, 7, 0)])
def test_windows_cover_every_token_and_share_the_stride(tokens: int, room: int, stride: int) -> None:
    cuts = windows(tokens, room, stride)
    assert {token for begin, end in cuts for token in range(begin, end)} == set(range(tokens))
    assert all(end - begin <= room for begin, end in cuts)
    assert all(left[1] - right[0] == stride for left, right in pairwise(cuts))
