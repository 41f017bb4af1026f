"""Text to token ids, and from an answer's characters to its tokens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tokenizers import Encoding, Tokenizer

from xstilts.encode.spans import token_span
from xstilts.encode.tokens import BATCH, encode, is_truncated, open_tokenizer
from xstilts.errors import DataError

CONTEXT = "the red cat sleeps beside the dog. 鴨小屋 rests, the Katze says no"


def pieces(tokenizer: Tokenizer, encoding: Encoding) -> list[str]:
    """The tokens (an encoding made without offsets knows their ids alone)."""
    return [tokenizer.id_to_token(token) or "" for token in encoding.ids]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return open_tokenizer(tokenizer_file, 64)


def test_special_tokens_follow_the_files_template(tokenizer: Tokenizer) -> None:
    single, pair = encode(tokenizer, ["the cat", ("the cat", "is red")])
    assert pieces(tokenizer, single) == ["<s>", "▁the", "▁cat", "</s>"]
    assert pieces(tokenizer, pair) == ["<s>", "▁the", "▁cat", "</s>", "</s>", "▁is", "▁red", "</s>"]


def test_padding_that_the_file_asks_for_is_switched_off(tokenizer_file: Path) -> None:
    assert Tokenizer.from_file(str(tokenizer_file)).padding is not None
    assert len(next(encode(open_tokenizer(tokenizer_file, 64), ["the cat"])).ids) == 4


def test_the_longer_text_is_cut_first(tokenizer_file: Path) -> None:
    short = open_tokenizer(tokenizer_file, 8)
    (cut,) = encode(short, [("the cat", "a red dog sleeps beside the cat")])
    assert pieces(short, cut) == ["<s>", "▁the", "▁cat", "</s>", "</s>", "▁a", "▁red", "</s>"]
    (whole,) = encode(short, [("the cat", "a dog")])
    assert (is_truncated(cut), is_truncated(whole)) == (True, False)


def test_batches_are_joined_in_order(tokenizer: Tokenizer) -> None:
    texts = [f"{number}" for number in range(BATCH + 3)]
    decoded = ["".join(pieces(tokenizer, one)[1:-1]).lstrip("▁") for one in encode(tokenizer, texts)]
    assert decoded == texts


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_without_a_tokenizer_there_is_a_clear_error(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"tokenizer\.json: found no "):
        open_tokenizer(path, 64)


def covered(tokenizer: Tokenizer, start: int, end: int) -> tuple[str, list[str]]:
    """The context's characters under the span's tokens, and the tokens."""
    (encoding,) = encode(tokenizer, [("which red dog?", CONTEXT)], offsets=True)
    span = token_span(encoding, start, end)
    assert span is not None
    first, last = span
    return CONTEXT[encoding.offsets[first][0] : encoding.offsets[last][1]], encoding.tokens[first : last + 1]


@pytest.mark.parametrize("answer", ["red cat", "the red", "dog", "dog.", "小", "鴨小屋", "Katze", "no", CONTEXT])
def test_tokens_of_a_span_decode_to_the_answer(answer: str, tokenizer: Tokenizer) -> None:
    start = CONTEXT.index(answer)
    text, _ = covered(tokenizer, start, start + len(answer))
    assert text.strip() == answer


def test_the_question_is_never_the_answer(tokenizer: Tokenizer) -> None:
    (encoding,) = encode(tokenizer, [("which red dog?", CONTEXT)], offsets=True)
    span = token_span(encoding, CONTEXT.index("red"), CONTEXT.index("red") + 3)
    assert span is not None
    assert span[0] > encoding.tokens.index("</s>")


def test_an_answer_within_a_word_takes_the_whole_token(tokenizer: Tokenizer) -> None:
    start = CONTEXT.index("leeps")
    assert covered(tokenizer, start, start + 3)[1] == ["▁sleeps"]


def test_any_piece_of_the_context_is_covered_by_the_shortest_span(tokenizer: Tokenizer) -> None:
    dice = random.Random("0:spans")
    drawn = [sorted(dice.sample(range(len(CONTEXT) + 1), 2)) for _ in range(300)]
    cuts = [(start, end) for start, end in drawn if CONTEXT[start:end].strip()]
    assert len(cuts) > 200
    (encoding,) = encode(tokenizer, [("which red dog?", CONTEXT)], offsets=True)
    for start, end in cuts:
        text, _ = covered(tokenizer, start, end)
        assert CONTEXT[start:end].strip() in text
        first, last = token_span(encoding, start, end) or (0, 0)
        assert encoding.offsets[first][1] > start
        assert encoding.offsets[last][0] < end


def test_an_answer_that_is_cut_off_has_no_span(tokenizer_file: Path) -> None:
    (encoding,) = encode(open_tokenizer(tokenizer_file, 9), [("where?", "the red cat sleeps")], offsets=True)
    assert is_truncated(encoding)
    reach = max(right for _, right in encoding.offsets)
    assert token_span(encoding, 0, 3) is not None
    assert token_span(encoding, 0, reach) is not None
    assert token_span(encoding, 0, len("the red cat sleeps")) is None
    assert token_span(encoding, 12, len("the red cat sleeps")) is None
