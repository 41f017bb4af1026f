"""Texts and pairs of texts, one row each: what most kinds have in common."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from xstilts.encode.columns import Setting
from xstilts.encode.lists import IntLists
from xstilts.encode.tokens import Text, encode, is_truncated


def encode_texts(setting: Setting, texts: Sequence[Text]) -> tuple[pa.ListArray, int]:
    """The column `input_ids` of these texts, and how many of them were cut."""
    column, truncated = IntLists(), 0
    for encoding in encode(setting.tokenizer, texts):
        column.append(encoding.ids)
        truncated += is_truncated(encoding)
    return column.arrow(), truncated
