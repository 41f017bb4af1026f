"""Examples to the columns of a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from xstilts.cache import ROW
from xstilts.encode.answers import OUTSIDE
from xstilts.encode.spans import token_span
from xstilts.encode.tokens import Text, encode, is_truncated
from xstilts.errors import DataError
from xstilts.tasks.examples import ClassificationExample, Example, SpanExample, VqaExample
from xstilts.tasks.schema import TaskSpec

CUT_OFF = "answer span cut off by max_length"


@dataclass(frozen=True)
class Columns:
    """One split, encoded.

    Attributes:
        values: {column: values}, the columns of `cache.ROW`.
        truncated: rows that stayed though tokens of their text were cut off.
        cut_off: rows left out because their answer span was cut off (`on_truncation: skip`).
    """

    values: dict[str, list[Any]]
    truncated: int
    cut_off: int


def encode_examples(
    task: TaskSpec,
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    labels: Sequence[str],
    images: Mapping[str, int],
    source: Path,
) -> Columns:
    """Encode the examples of one split.

    Args:
        labels: the classes or the answer vocabulary; a label is an index into it, -1 outside.
        images: {image id: row in the feature file}.
        source: the folder of raw data, named in errors.

    Raises:
        DataError: if an answer span is cut off and the task says `on_truncation: error`.
    """
    index = {label: number for number, label in enumerate(labels)}
    values: dict[str, list[Any]] = {name: [] for name in ROW.names}
    truncated = cut_off = 0
    encodings = encode(tokenizer, [_text(example) for example in examples], offsets=task.kind == "span")
    for example, encoding in zip(examples, encodings, strict=True):
        span = _span(example, encoding)
        if span is None:
            if task.encode.on_truncation == "error":
                raise _cut_off_error(task, example, source)
            cut_off += 1
            continue
        truncated += is_truncated(encoding)
        row = {"task": task.name, "input_ids": encoding.ids, "start": span[0], "end": span[1]}
        for name, value in {**row, **_fields(example, index, images)}.items():
            values[name].append(value)
    return Columns(values, truncated, cut_off)


def _text(example: Example) -> Text:
    if isinstance(example, VqaExample):
        return example.question
    if isinstance(example, SpanExample):
        return example.question, example.context
    return example.text if example.second is None else (example.text, example.second)


def _span(example: Example, encoding: Encoding) -> tuple[int, int] | None:
    """The token positions of the answer, (-1, -1) if the task has no spans, None if the answer is cut off."""
    if not isinstance(example, SpanExample):
        return -1, -1
    return token_span(encoding, example.start, example.start + len(example.answer))


def _fields(example: Example, index: Mapping[str, int], images: Mapping[str, int]) -> dict[str, Any]:
    """The columns that depend on the example's kind, and its id and language."""
    structural = semantic = ""
    image: str | None = None
    if isinstance(example, VqaExample):
        answer, label, image = example.answer, index.get(example.answer, OUTSIDE), example.image
        structural, semantic = example.structural, example.semantic
    elif isinstance(example, ClassificationExample):
        answer, label, image = example.label, index[example.label], example.image
    else:
        answer, label = example.answer, OUTSIDE
    return {
        "id": example.id,
        "language": example.language,
        "image": -1 if image is None else images[image],
        "image_id": image or "",
        "label": label,
        "answer": answer,
        "structural": structural,
        "semantic": semantic,
    }


def _cut_off_error(task: TaskSpec, example: Example, source: Path) -> DataError:
    found, expected = (
        f"an answer behind the first {task.encode.max_length} tokens",
        "answers within max_length",
    )
    raise_it = f"raise encode.max_length in stages/tasks/{task.name}.yaml"
    return DataError(source, example.id, found, expected, f"{raise_it}, or set encode.on_truncation: skip")
