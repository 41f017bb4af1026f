"""Labels exchanged among the rows of a task: a control for whether an intermediate task's labels teach anything.

Everything stays but the connection between an example and its label: texts, pictures, how often each label occurs, the
number and order of updates. Where a route gains as much with exchanged labels, it gained from something else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.errors import ParameterError
from xstilts.base.kinds import covers

# From a task's rows, and the same rows in another order, to the rows with labels of these.
Exchange = Callable[[pa.Table, pa.Table, random.Random], pa.Table]
COLUMNS = ("label", "labels", "scores", "start", "end", "answer", "answers")  # those of `cache.ROW` that hold the label
SEED = 0  # of the exchange; the same in every run, so that seeds of runs change nothing about it


def shuffle_labels(table: pa.Table, kinds: Mapping[str, str], seed: int = SEED) -> pa.Table:
    """The rows of a split in their order, each with a label that says nothing about it.

    - vqa, layout, classification, matching: the label of another row of the task, of whatever question type, so that
      the most frequent answer stays the most frequent.
    - span: as many tokens as the answer of another row has (none where that has none), at a random place in the
      row's own context. The text of the answer is known where the row has its context, and empty elsewhere.
    - choice: the place that is right in another row; a row with fewer choices draws one of its own.

    Args:
        table: rows as `xstilts.base.cache.ROW`.
        kinds: the kind of each task in it.

    Raises:
        ParameterError: a task of a kind whose labels cannot be exchanged.
    """
    tasks = np.array(table["task"].to_pylist(), dtype=object)
    parts, places = [table.slice(0, 0)], [np.array([], np.int64)]
    for task in sorted(set(tasks)):
        exchange = exchange_of(task, kinds[task])
        places.append(np.flatnonzero(tasks == task))
        own, draw = table.take(places[-1]), random.Random(f"{seed}:labels of {task}")
        order = list(range(len(own)))
        draw.shuffle(order)
        parts.append(exchange(own, own.take(order), draw))
    return pa.concat_tables(parts).take(np.argsort(np.concatenate(places)))


def exchange_of(task: str, kind: str) -> Exchange:
    """How the labels of a task are exchanged; `ParameterError` if they cannot be."""
    exchange = EXCHANGES[kind]
    if exchange is None:
        possible = ", ".join(kind for kind, one in EXCHANGES.items() if one)
        found = f"the labels of {task}, a {kind} task, cannot be exchanged"
        raise ParameterError(f"labels: shuffled: {found}; use it for {possible} tasks")
    return exchange


def _of_another(own: pa.Table, other: pa.Table, draw: random.Random) -> pa.Table:
    return _with(own, {name: other[name] for name in COLUMNS})


def _another_choice(own: pa.Table, other: pa.Table, draw: random.Random) -> pa.Table:
    labels, answers = [], []
    for label, choices in zip(other["label"].to_pylist(), own["answers"].to_pylist(), strict=True):
        labels.append(label if label < len(choices) else draw.randrange(len(choices)))
        answers.append(choices[labels[-1]])
    return _with(own, {"label": labels, "answer": answers})


def _another_span(own: pa.Table, other: pa.Table, draw: random.Random) -> pa.Table:
    starts, ends, answers = [], [], []
    rows = own.select(["input_ids", "offsets", "context"]).to_pylist()
    spans = zip(other["start"].to_pylist(), other["end"].to_pylist(), strict=True)
    for row, (start, end) in zip(rows, spans, strict=True):
        first, stop = context_of(row["input_ids"])
        tokens = min(end - start + 1 if start > 0 else 0, stop - first)
        starts.append(draw.randrange(first, stop - tokens + 1) if tokens else 0)
        ends.append(starts[-1] + tokens - 1 if tokens else 0)
        known = tokens and row["offsets"]
        text = row["context"][known[2 * starts[-1]] : known[2 * ends[-1] + 1]] if known else ""
        answers.append(text.strip())  # a token may begin with the blank before its word
    listed = [[answer] if answer else [] for answer in answers]
    return _with(own, {"start": starts, "end": ends, "answer": answers, "answers": listed})


def context_of(input_ids: Sequence[int]) -> tuple[int, int]:
    """The first token of a row's context, and the one after its last.

    A BERT-like encoder reads a pair of texts as `question </s></s> context </s>`, or with one token between them: the
    context lies between the last two of the tokens that end the row.
    """
    stop = len(input_ids) - 1
    separators = [place for place in range(stop) if input_ids[place] == input_ids[stop]]
    return (separators[-1] + 1 if separators else 1), stop


def _with(table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    """The table with some of its columns replaced, by lists or by columns of another."""
    kept = {name: table[name] for name in table.schema.names}
    given = {
        name: pa.array(values, table.schema.field(name).type) if isinstance(values, list) else values
        for name, values in columns.items()
    }
    return pa.table({**kept, **given}, schema=table.schema)


# None: tags belong to words, masked text has no labels, and for retrieval nothing is trained.
EXCHANGES: Mapping[str, Exchange | None] = covers(
    {
        "vqa": _of_another,
        "layout": _of_another,
        "classification": _of_another,
        "matching": _of_another,
        "span": _another_span,
        "choice": _another_choice,
        **dict.fromkeys(("tagging", "retrieval", "mlm")),
    },
    "xstilts.train.labels.EXCHANGES",
)
