"""Questions whose answer is a piece of a context, which may be longer than a sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.lists import IntLists
from xstilts.encode.tokens import Template, encode, uncut
from xstilts.encode.windows import longest_first, token_span, windows
from xstilts.tasks.examples import SpanExample

CUT_OFF = "answer span cut off by max_length"
NO_ANSWER = (0, 0)  # the first token stands for `not answered here`
COLUMNS = ("id", "language", "window", "start", "end", "context", "answer", "answers")


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text without special tokens: ids, first characters and last characters + 1, `[tokens]`."""

    ids: list[int]
    begins: NDArray[np.int32]
    ends: NDArray[np.int32]

    @classmethod
    def of(cls, encoding: Encoding) -> Tokens:
        """The tokens of an encoding that was made with offsets."""
        offsets = np.array(encoding.offsets, np.int32).reshape(-1, 2)
        return cls(encoding.ids, offsets[:, 0], offsets[:, 1])


@dataclass
class _Rows:
    """The rows made so far."""

    values: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    input_ids: IntLists = field(default_factory=IntLists)
    offsets: IntLists = field(default_factory=IntLists)
    truncated: int = 0
    cut_off: int = 0


def encode_span(setting: Setting, examples: Sequence[SpanExample]) -> Columns:
    """One row a question, or, with a `stride`, one a window on its context.

    `start` and `end` are the answer's first and last token, 0 0 in a window that does not hold it and where there is
    none. Training leaves a question out if no row holds its answer, or says so (`on_truncation`); with windows, dev
    and test keep it, since they are scored on its text. `context` and `offsets` are in dev and test alone.

    Raises:
        DataError: an answer is cut off and the task says `on_truncation: error`, or a question fills the windows.
    """
    template, rows = Template.of(setting.tokenizer), _Rows()
    with uncut(setting.tokenizer):
        contexts = _once([one.context for one in examples], setting)
        questions = encode(setting.tokenizer, [one.question for one in examples], special_tokens=False)
        for example, question in zip(examples, questions, strict=True):
            _append(rows, setting, template, example, question.ids, contexts[example.context])
    columns = {**rows.values, "input_ids": rows.input_ids.arrow(), "offsets": rows.offsets.arrow()}
    return Columns(columns, rows.truncated, {CUT_OFF: rows.cut_off} if rows.cut_off else {})


def _once(texts: Iterable[str], setting: Setting) -> dict[str, Tokens]:
    """The tokens of every context, each encoded once however many questions are asked about it."""
    distinct = list(dict.fromkeys(texts))
    encodings = encode(setting.tokenizer, distinct, offsets=True, special_tokens=False)
    return {text: Tokens.of(encoding) for text, encoding in zip(distinct, encodings, strict=True)}


def _append(
    rows: _Rows, setting: Setting, template: Template, example: SpanExample, question: list[int], context: Tokens
) -> None:
    """Add the rows of one question."""
    kept, cuts = _cuts(setting, template, example, len(question), len(context.ids))
    answered = bool(example.answer)
    end = example.start + len(example.answer)
    span = token_span(context.begins, context.ends, example.start, end) if answered else None
    holding = [cut for cut in cuts if span and cut[0] <= span[0] and span[1] < cut[1]]
    if answered and not holding and (setting.split == "train" or not setting.task.encode.stride):
        if setting.task.encode.on_truncation == "error":
            raise _cut_off(setting, example)
        rows.cut_off += 1
        return
    rows.truncated += kept < len(question) or cuts[-1][1] < len(context.ids)
    before, between, after = template.pair
    head = [*before, *question[:kept], *between]
    for window, cut in enumerate(cuts):
        rows.input_ids.append([*head, *context.ids[cut[0] : cut[1]], *after])
        shift = len(head) - cut[0]
        places = (span[0] + shift, span[1] + shift) if span and cut in holding else NO_ANSWER
        _append_values(rows, setting, example, window, places)
        rows.offsets.append(_offsets(context, cut, len(head), len(after)) if setting.split != "train" else ())


def _append_values(rows: _Rows, setting: Setting, example: SpanExample, window: int, span: tuple[int, int]) -> None:
    context = example.context if setting.split != "train" else ""
    answers = list(example.answers or ([example.answer] if example.answer else []))
    row = (example.id, example.language, window, *span, context, example.answer, answers)
    for name, value in zip(COLUMNS, row, strict=True):
        rows.values[name].append(value)


def _cuts(
    setting: Setting, template: Template, example: SpanExample, question: int, context: int
) -> tuple[int, list[tuple[int, int]]]:
    """How many tokens of the question stay, and the parts of the context that become rows."""
    section = setting.task.encode
    room = section.max_length - sum(len(part) for part in template.pair)
    if not section.stride:
        kept, seen = longest_first(question, context, room)
        return kept, [(0, seen)]
    left = room - question
    if left < min(context, section.stride + 1):
        found, most = f"a question of {question} tokens", room - section.stride - 1
        todo = f"raise encode.max_length in stages/tasks/{setting.task.name}.yaml or lower encode.stride"
        raise setting.error(example, found, f"at most {most}, so that windows of context fit beside it", todo)
    return question, windows(context, left, section.stride)


def _offsets(context: Tokens, cut: tuple[int, int], head: int, after: int) -> Iterator[int]:
    """Characters of the context a token, first and last + 1 in turn, -1 -1 for all other tokens."""
    flat = np.full((head + cut[1] - cut[0] + after, 2), -1, np.int32)
    here = slice(head, head + cut[1] - cut[0])
    flat[here, 0], flat[here, 1] = context.begins[slice(*cut)], context.ends[slice(*cut)]
    return iter(flat.ravel().tolist())


def _cut_off(setting: Setting, example: SpanExample) -> Exception:
    found = f"an answer behind the first {setting.task.encode.max_length} tokens"
    if setting.task.encode.stride:
        found = f"an answer that no window of {setting.task.encode.max_length} tokens holds"
    raise_it = f"raise encode.max_length in stages/tasks/{setting.task.name}.yaml"
    todo = f"{raise_it}, or set encode.on_truncation: skip"
    return setting.error(example, found, "answers within max_length", todo)
