"""Text to token ids, by the encoder's own tokenizer file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from xstilts.errors import DataError

Text = str | tuple[str, str]
BATCH = 4096  # texts encoded at a time: keeps every core busy and few offsets in memory


def open_tokenizer(path: Path, max_length: int) -> Tokenizer:
    """Open a tokenizer.json; special tokens come from its own template (`<s> a </s></s> b </s>` for a pair
    in XLM-R).

    Args:
        max_length: tokens, special tokens included; of a pair, the longer text is cut first.

    Raises:
        DataError: if there is no such file, or no tokenizer in it.
    """
    if not path.is_file():
        raise DataError(path, None, "no such file", "the encoder's tokenizer.json", "run `dvc repro`")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exceptions
        raise DataError(path, None, f"no tokenizer ({error})", "a tokenizer.json", "run `dvc repro`") from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, strategy="longest_first")
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[Text], offsets: bool = False) -> Iterator[Encoding]:
    """Encode texts and pairs of texts, in order.

    Args:
        offsets: whether the encodings must know each token's characters (slower).
    """
    batch_of = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
    for start in range(0, len(texts), BATCH):
        yield from batch_of(list(texts[start : start + BATCH]))


def is_truncated(encoding: Encoding) -> bool:
    """Whether tokens were cut off."""
    return bool(encoding.overflowing)
