"""What each kind of example shows and says: its images, and its texts by the names that the leak report uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    MatchingExample,
    RetrievalExample,
    SpanExample,
    TaggingExample,
    TextExample,
    VqaExample,
)

ON_IMAGE = "on image"  # ends the name of a field that counts together with the example's images
Fields = dict[str, tuple[str, ...]]  # {name: the text, or the texts that count together}
Parts = tuple[tuple[str, ...], Fields]  # the images, and the fields


def parts(kind: str, example: Any) -> Parts:
    """The images and the fields of an example.

    A question recurs honestly about another image or context, so it counts together with that alone.
    """
    return _PARTS[kind](example)


def _vqa(example: VqaExample) -> Parts:
    return (example.image,), {f"question {ON_IMAGE}": (example.question,)}


def _classification(example: ClassificationExample) -> Parts:
    if example.images:
        return example.images, {"sentence": (example.text,), f"sentence {ON_IMAGE}": (example.text,)}
    if example.second is None:
        return (), {"sentence": (example.text,)}
    both = (example.text, example.second)
    return (), {"premise": both[:1], "hypothesis": both[1:], "pair": both}


def _span(example: SpanExample) -> Parts:
    return (), {"context": (example.context,), "question on context": (example.question, example.context)}


def _tagging(example: TaggingExample) -> Parts:
    return (), {"sentence": (" ".join(example.words),)}


def _choice(example: ChoiceExample) -> Parts:
    whole = (example.text, *example.choices)
    if example.image is not None:
        return (example.image,), {f"text and choices {ON_IMAGE}": whole}
    return (), {"text": (example.text,), "text and choices": whole}


def _matching(example: MatchingExample) -> Parts:
    return (example.image,), {"caption": (example.text,)}


def _sentence(example: RetrievalExample | TextExample) -> Parts:
    return (), {"sentence": (example.text,)}


_PARTS: dict[str, Callable[[Any], Parts]] = {
    "vqa": _vqa,
    "classification": _classification,
    "span": _span,
    "tagging": _tagging,
    "choice": _choice,
    "matching": _matching,
    "retrieval": _sentence,
    "mlm": _sentence,
}
