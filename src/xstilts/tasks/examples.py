"""Typed examples: what a reader makes of one row of an official file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class VqaExample:
    """A question about an image.

    Attributes:
        answer: in English in every language (GQA and xGQA score against English answers).
        structural: GQA's question type (`verify`, `logical`, `compare`, `choose`, `query`), "" if the file
            has none.
        semantic: what the question is about (`obj`, `attr`, `rel`, ...), "" if the file has none.
    """

    id: str
    language: str
    question: str
    image: str
    answer: str
    structural: str = ""
    semantic: str = ""


@dataclass(frozen=True, slots=True)
class ClassificationExample:
    """A text, a pair of texts, or a text about an image, with one label.

    Attributes:
        second: the second text of a pair (the hypothesis of an inference task).
        image: the id of the image that `text` is about.
    """

    id: str
    language: str
    text: str
    label: str
    second: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class SpanExample:
    """A question whose answer is a piece of the context.

    Attributes:
        start: index of the answer's first character in `context`: `context[start:start + len(answer)] ==
            answer`.
        answer: the first gold answer, never empty.
    """

    id: str
    language: str
    question: str
    context: str
    start: int
    answer: str


Example = VqaExample | ClassificationExample | SpanExample
Read = TypeVar("Read", bound=Example, covariant=True)


@dataclass(frozen=True)
class Reading(Generic[Read]):
    """What was read of one file or one split.

    Attributes:
        examples: in the file's order.
        skipped: rows left out by the data set's own convention, as {reason: rows}; everything else that is
            wrong with a row is an error.
    """

    examples: Sequence[Read]
    skipped: Mapping[str, int] = field(default_factory=dict)
