"""Texts without a label: training masks them anew each time that it reads them."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.encode.columns import Columns, Setting, names
from xstilts.encode.kinds.text import encode_texts
from xstilts.tasks.examples import TextExample


def encode_mlm(setting: Setting, examples: Sequence[TextExample]) -> Columns:
    """One row a text."""
    input_ids, truncated = encode_texts(setting, [one.text for one in examples])
    return Columns({**names(examples), "input_ids": input_ids}, truncated)
