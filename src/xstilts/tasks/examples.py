"""Typed examples: what a reader makes of one row of an official file."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

NO_SCORES: Mapping[str, float] = {}  # one for all questions


@dataclass(frozen=True, slots=True)
class Example:
    """What every example has: an id, which is unique in its split and language, and the language."""

    id: str
    language: str


@dataclass(frozen=True, slots=True)
class VqaExample(Example):
    """A question about an image, or about an image and what is said of it in words.

    Attributes:
        answer: always English (GQA and xGQA score against English answers in every language); the best of several.
        scores: {answer: score in 0..1} where a set has several (VQAv2); empty: `answer` alone is right.
        structural: GQA's question type (`verify`, `logical`, `compare`, `choose`, `query`), "" if the file
            has none.
        semantic: what the question is about (`obj`, `attr`, `rel`, ...), "" if the file has none.
        description: a second text, which tells what the image shows; None where there is none.
    """

    question: str
    image: str
    answer: str
    structural: str = ""
    semantic: str = ""
    scores: Mapping[str, float] = field(default_factory=lambda: NO_SCORES)
    description: str | None = None

    def __post_init__(self) -> None:
        """Keep one copy of texts that recur: a million questions have some thousand images and answers."""
        for name in ("image", "answer", "structural", "semantic"):
            object.__setattr__(self, name, sys.intern(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class LayoutExample(Example):
    """A question and the layout of modules that answers it.

    Attributes:
        layout: `str()` of a `xstilts.programs.layout.Layout`.
        answer: the question's English answer, from which training questions tell what words mean; "" if unknown.
        image: the id of the image that is asked about; a parser does not see it.
        structural: GQA's question type.
        semantic: what the question is about (`obj`, `attr`, `rel`, ...), "" if the file has none.
    """

    question: str
    layout: str
    answer: str
    image: str
    structural: str = ""
    semantic: str = ""


@dataclass(frozen=True, slots=True)
class ClassificationExample(Example):
    """A text, a pair of texts, or a text about one or two images, with one label.

    Attributes:
        second: the second text of a pair (the hypothesis of an inference task).
        images: the ids of the images that `text` is about: none, one, or the left and the right one.
    """

    text: str
    label: str
    second: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpanExample(Example):
    """A question whose answer is a part of the context.

    Attributes:
        start: index of the answer's first character in `context`: `context[start:start + len(answer)] ==
            answer`; -1 if the context does not answer the question.
        answer: the first gold answer, "" if there is none.
        answers: every gold answer, without repetition, `answer` first.
    """

    question: str
    context: str
    start: int
    answer: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaggingExample(Example):
    """A sentence with one tag per word."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChoiceExample(Example):
    """A text with several continuations or answers, one of them right.

    Attributes:
        text: what every choice is read with (context and question).
        label: index of the right choice.
        image: the id of the image that the text is about.
        asked: COPA's question, `cause` or `effect`; "" elsewhere.
    """

    text: str
    choices: tuple[str, ...]
    label: int
    image: str | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class MatchingExample(Example):
    """A caption and the image that it was written for; images that do not match are found while encoding."""

    text: str
    image: str


@dataclass(frozen=True, slots=True)
class RetrievalExample(Example):
    """A text that is searched for, or one that can be found.

    Attributes:
        language: for a pair of languages (Tatoeba, BUCC), the one that is not English, on both sides.
        side: `query` or `candidate`.
        gold: for a query, the ids of the right candidates; empty if there is none.
    """

    text: str
    side: str
    gold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextExample(Example):
    """A text without a label, for masked language modelling."""

    text: str


Read = TypeVar("Read", bound=Example, covariant=True)


@dataclass(frozen=True)
class Reading(Generic[Read]):
    """What was read of one file or one split.

    Attributes:
        examples: in the file's order.
        skipped: rows left out by the data set's own convention, as {reason: rows}; anything else wrong with a row is
            an error, unless the task says `bad_rows: skip`.
        notes: what a reader of the results should know although every row was kept, as {what: rows}.
    """

    examples: Sequence[Read]
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
