"""Questions whose answer is a piece of a context, which may be longer than a sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.tokens import IntLists, Template, encode, uncut
from xstilts.tasks.examples import SpanExample

CUT_OFF = "answer span cut off by max_length"
NO_ANSWER = (0, 0)  # the first token stands for `not answered here`
COLUMNS = ("id", "language", "window", "start", "end", "context", "answer", "answers", "texts")


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text without special tokens: ids, first characters and last characters + 1, `[tokens]`."""

    ids: list[int]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]

    @classmethod
    def of(cls, encoding: Encoding) -> Tokens:
        """The tokens of an encoding that was made with offsets."""
        offsets = np.array(encoding.offsets, np.int32).reshape(-1, 2)
        return cls(encoding.ids, offsets[:, 0], offsets[:, 1])

    def characters(self, cut: tuple[int, int]) -> slice:
        """Where in the text the tokens `cut[0]` to `cut[1] - 1` stand."""
        return slice(int(self.starts[cut[0]]), int(self.ends[cut[1] - 1]))


@dataclass
class _Rows:
    """The rows made so far."""

    values: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    input_ids: IntLists = field(default_factory=IntLists)
    offsets: IntLists = field(default_factory=IntLists)
    truncated: int = 0
    cut_off: int = 0


def encode_span(setting: Setting, examples: Sequence[SpanExample]) -> Columns:
    """One row per question or, with a `stride`, one per window on its context.

    `start` and `end` are the answer's first and last token, 0 0 in a window that does not hold it and where there is
    none. Training leaves a question out if no row holds its answer, or reports an error (`on_truncation`); with
    windows, dev and test keep it, since they are scored on its text. `context` and `offsets` are only in dev and test.

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
    """The tokens of every context, each encoded once, however many questions are asked about it."""
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
    span = token_span(context.starts, context.ends, example.start, end) if answered else None
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
        shown = example.context if len(cuts) == 1 else example.context[context.characters(cut)]
        _append_values(rows, setting, example, window, places, shown)
        rows.offsets.append(_offsets(context, cut, len(head), len(after)) if setting.split != "train" else ())


def _append_values(
    rows: _Rows, setting: Setting, example: SpanExample, window: int, span: tuple[int, int], shown: str
) -> None:
    """Add the values of one row; `shown` is the part of the context that its window shows."""
    context = example.context if setting.split != "train" else ""
    answers = list(example.answers or ([example.answer] if example.answer else []))
    texts = [example.question, shown]
    row = (example.id, example.language, window, *span, context, example.answer, answers, texts)
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
    """First and last + 1 character of each token of the context, in turn; -1 -1 for all other tokens."""
    flat = np.full((head + cut[1] - cut[0] + after, 2), -1, np.int32)
    here = slice(head, head + cut[1] - cut[0])
    flat[here, 0], flat[here, 1] = context.starts[slice(*cut)], context.ends[slice(*cut)]
    return iter(flat.ravel().tolist())


def _cut_off(setting: Setting, example: SpanExample) -> Exception:
    found = f"an answer after the first {setting.task.encode.max_length} tokens"
    if setting.task.encode.stride:
        found = f"an answer that no window of {setting.task.encode.max_length} tokens holds"
    todo = f"raise encode.max_length in stages/tasks/{setting.task.name}.yaml, or set encode.on_truncation: skip"
    return setting.error(example, found, "answers within max_length", todo)


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of a pair stay: the longer text is cut first, then both to halves of the room.

    The same as the truncation `longest_first` of the tokenizers library.
    """
    if first + second <= room:
        return first, second
    shorter, longer = sorted((first, second))
    longer = shorter if shorter > room else max(shorter, room - shorter)
    if shorter + longer > room:
        shorter, longer = room // 2, room - room // 2
    return (longer, shorter) if first > second else (shorter, longer)


def windows(tokens: int, room: int, stride: int) -> list[tuple[int, int]]:
    """First and last + 1 token of every window on a context; neighbouring windows share `stride` tokens.

    Args:
        room: tokens that a window holds, more than `stride`.
    """
    cuts = [(0, min(room, tokens))]
    while cuts[-1][1] < tokens:
        start = cuts[-1][1] - stride
        cuts.append((start, min(start + room, tokens)))
    return cuts


def token_span(starts: NDArray[np.int32], ends: NDArray[np.int32], start: int, end: int) -> tuple[int, int] | None:
    """Return the first and the last token (inclusive) that hold characters `start:end` of the context.

    A token may extend beyond the answer (Chinese and Korean have no spaces to stop it); the span is the shortest one
    that holds all of it. None if no token does.

    Args:
        starts: the first character of every token of the context, `[tokens]`.
        ends: the last character + 1.
    """
    inside = np.flatnonzero((starts < end) & (ends > start))
    return (int(inside[0]), int(inside[-1])) if len(inside) else None
