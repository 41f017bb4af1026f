"""Texts that are searched for and texts that can be found."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.encode.columns import Columns, Setting, names
from xstilts.encode.kinds.text import encode_texts
from xstilts.tasks.examples import RetrievalExample


def encode_retrieval(setting: Setting, examples: Sequence[RetrievalExample]) -> Columns:
    """One row a text; `structural` is its side, `answers` are the right candidates' ids."""
    input_ids, truncated = encode_texts(setting, [one.text for one in examples])
    sides = {"structural": [one.side for one in examples], "answers": [list(one.gold) for one in examples]}
    return Columns({**names(examples), "input_ids": input_ids, **sides}, truncated)
