"""How the examples of each task kind become rows, and what the labels of a task are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
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
from xstilts.tasks.examples import VqaExample
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


def encode_examples(setting: Setting, examples: Iterable[Any]) -> Columns:
    """Encode the examples of one split, part by part.

    Raises:
        DataError: naming the example.
    """
    size, rest = None if setting.task.kind in WHOLE else PART, iter(examples)
    tables, truncated, skipped = list[pa.Table](), 0, Counter[str]()
    while (part := list(islice(rest, size))) or not tables:
        columns = ENCODERS[setting.task.kind](setting, part)
        tables.append(as_table(setting.task.name, columns.values))
        truncated += columns.truncated
        skipped.update(columns.skipped)
        del part, columns
    return Columns(dict(_joined(tables)), truncated, dict(skipped))


def _joined(tables: list[pa.Table]) -> Iterator[tuple[str, pa.Array]]:
    """The columns of some tables, whose parts of a column are let go before the next one is put together."""
    for name in tables[0].column_names:
        yield name, pa.concat_tables([one.select([name]) for one in tables])[name].combine_chunks()
        tables[:] = [one.drop_columns([name]) for one in tables]
        pa.default_memory_pool().release_unused()


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
