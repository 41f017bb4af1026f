"""How the examples of each task kind become rows, and what the labels of a task are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from xstilts.base.kinds import covers
from xstilts.encode.columns import Columns, Setting
from xstilts.encode.kinds.matching import LABELS, encode_matching
from xstilts.encode.kinds.span import encode_span
from xstilts.encode.kinds.tagging import encode_tagging
from xstilts.encode.kinds.texts import (
    encode_choice,
    encode_classification,
    encode_layout,
    encode_mlm,
    encode_retrieval,
    encode_vqa,
)
from xstilts.encode.write import as_table
from xstilts.programs.layout import parse_layout
from xstilts.programs.vocabulary import collect_labels
from xstilts.tasks.examples import Example, VqaExample
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.tagging import tags_of

ENCODERS: Mapping[str, Callable[[Setting, Sequence[Any]], Columns]] = covers(
    {
        "vqa": encode_vqa,
        "layout": encode_layout,
        "classification": encode_classification,
        "span": encode_span,
        "tagging": encode_tagging,
        "choice": encode_choice,
        "matching": encode_matching,
        "retrieval": encode_retrieval,
        "mlm": encode_mlm,
    },
    "xstilts.encode.kinds.ENCODERS",
)


PART = 1 << 15  # examples whose columns are Python values at a time; those of earlier ones are Arrow's, a tenth in size
WHOLE = ("matching",)  # kinds of which a row depends on all examples: negatives are drawn from them


def encode_examples(setting: Setting, examples: Sequence[Example]) -> Columns:
    """Encode the examples of one split, part by part.

    Raises:
        DataError: naming the example.
    """
    kind = setting.task.kind
    size = len(examples) if kind in WHOLE else PART
    starts = range(0, len(examples), size) if examples else [0]
    tables, truncated, skipped = [], 0, Counter[str]()
    for start in starts:
        columns = ENCODERS[kind](setting, examples[start : start + size])
        tables.append(as_table(setting.task.name, columns.values))
        truncated += columns.truncated
        skipped.update(columns.skipped)
    table = pa.concat_tables(tables)
    return Columns({name: table[name] for name in table.column_names}, truncated, dict(skipped))


def answer_vocabulary(training: Iterable[VqaExample], min_count: int) -> list[str]:
    """The answers given at least `min_count` times in training, the most frequent first, then by alphabet.

    Where a question has several answers, only the best one counts, as in the usual vocabulary of 3,129 answers for
    VQA v2 (Teney et al. 2018).
    """
    counts = Counter(example.answer for example in training)
    kept = [answer for answer, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda answer: (-counts[answer], answer))


def task_labels(task: TaskSpec, training: Sequence[Any]) -> list[str]:
    """The classes, the answer vocabulary or the tags, in the order of their indices; empty for the other kinds."""
    return TASK_LABELS[task.kind](task.encode, training)


def _none(section: EncodeSection, training: Sequence[Any]) -> list[str]:
    return []


TASK_LABELS: Mapping[str, Callable[[EncodeSection, Sequence[Any]], list[str]]] = covers(
    {
        "vqa": lambda section, training: answer_vocabulary(training, section.min_count),
        "layout": lambda section, training: collect_labels(
            [parse_layout(one.layout) for one in training], section.min_count
        ),
        "classification": lambda section, training: list(section.labels),
        "span": _none,
        "tagging": lambda section, training: list(section.labels) or tags_of(training),
        "choice": _none,
        "matching": lambda section, training: list(LABELS),
        "retrieval": _none,
        "mlm": _none,
    },
    "xstilts.encode.kinds.TASK_LABELS",
)
