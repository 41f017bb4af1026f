"""Text to token ids, with the special tokens that the tokenizer's own template asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Encoding, Tokenizer

from xstilts.base.errors import DataError
from xstilts.encode.tokens import BATCH, Template, encode, is_truncated, open_tokenizer, uncut


def pieces(tokenizer: Tokenizer, encoding: Encoding) -> list[str]:
    """The tokens (an encoding made without offsets knows only their ids)."""
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
    with pytest.raises(DataError, match=r"tokenizer\.json: found (no such file|a file that is not a tokenizer)"):
        open_tokenizer(path, 64)


def test_the_template_is_the_tokenizers_own(tokenizer: Tokenizer) -> None:
    template = Template.of(tokenizer)
    assert template == Template(([0], [2]), ([0], [2, 2], [2]))
    inner = [next(encode(tokenizer, [text], special_tokens=False)).ids for text in ("the cat", "is red")]
    (pair,) = encode(tokenizer, [("the cat", "is red")])
    before, between, after = template.pair
    assert pair.ids == [*before, *inner[0], *between, *inner[1], *after]


def test_the_limit_is_back_after_uncut(tokenizer_file: Path) -> None:
    tokenizer = open_tokenizer(tokenizer_file, 8)
    limit, long = tokenizer.truncation, "the cat is on the red card where the dog sleeps"
    with uncut(tokenizer):
        assert len(tokenizer.encode(long).ids) > 8
    assert tokenizer.truncation == limit
    assert len(tokenizer.encode(long).ids) == 8
