"""What the page calls things that the files name by a key."""

from __future__ import annotations

import re

from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT

WHERE = {ZERO_SHOT: "zero-shot", ENGLISH: "English", "gap": "gap"}
PLACES = {key: WHERE[key] for key in (ZERO_SHOT, ENGLISH)}  # where scores by type and controls are known
METRICS = {
    "accuracy": "accuracy",
    "soft_accuracy": "soft accuracy",
    "f1": "F1",
    "exact_match": "exact match",
    "pos_f1": "F1 of parts of speech",
    "map": "mean average precision",
    "map_at_20": "mean average precision at 20",
    "recall_at_1": "recall at 1",
}
_MINUS = re.compile(r"(?<=[ (])-(?=\d)")


def metric_name(metric: str, first: bool = False) -> str:
    """A metric in words; an unknown one by its key. `first`: as the first word of a title."""
    name = METRICS.get(metric, metric)
    return name[:1].upper() + name[1:] if first else name


def typeset(sentence: str) -> str:
    """A sentence of the files with a minus before negative numbers, as everywhere on the page."""
    return _MINUS.sub("−", sentence)
