"""How the examples of each task kind become rows: one module a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.kinds.choice import encode_choice
from xstilts.encode.kinds.classification import encode_classification
from xstilts.encode.kinds.matching import encode_matching
from xstilts.encode.kinds.mlm import encode_mlm
from xstilts.encode.kinds.retrieval import encode_retrieval
from xstilts.encode.kinds.span import encode_span
from xstilts.encode.kinds.tagging import encode_tagging
from xstilts.encode.kinds.vqa import encode_vqa
from xstilts.tasks.examples import Example

ENCODERS: dict[str, Callable[[Setting, Sequence[Any]], Columns]] = {
    "vqa": encode_vqa,
    "classification": encode_classification,
    "span": encode_span,
    "tagging": encode_tagging,
    "choice": encode_choice,
    "matching": encode_matching,
    "retrieval": encode_retrieval,
    "mlm": encode_mlm,
}


def encode_examples(setting: Setting, examples: Sequence[Example]) -> Columns:
    """Encode the examples of one split.

    Raises:
        DataError: naming the example.
    """
    return ENCODERS[setting.task.kind](setting, examples)
