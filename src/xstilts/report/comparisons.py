"""Which routes of a study answer the question, at what they are to be matched, and which routes are controls.

Two intermediate tasks differ in what they teach and in what they cost. Twins are made from the same scenes, but not at
the same number of updates and of tokens, nor, of gqa and squad, with all the same questions. So one of a pair is
trained once more for a part of its epoch (`gqa_updates`, `squad_tokens`, ...: mixtures of the same members in
stages/tasks, with `epochs` below 1). Whether that matched its cost is read from the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from xstilts.report.paired import Paired

Matching = Literal["facts", "updates", "tokens"]
SHUFFLED_LABELS, CUT_SHORT = "shuffled labels", "cut short"
CONTROLLED = ("gqa", "squad")  # tasks that stages/tasks has with shuffled labels, as <task>_shuffled


@dataclass(frozen=True)
class Pair:
    """A multimodal and a text-only route.

    Attributes:
        matching: what the two are meant to have in common: facts (twins), number of updates, or tokens.
        of: the twins that it is a variant of; empty for twins.
        unlike: what the embedded twins do not have in common, though they are made from the same scenes.
    """

    multimodal: str
    text: str
    matching: Matching = "facts"
    of: tuple[str, ...] = ()
    unlike: str = ""

    def lacking(self, paired: Paired) -> list[str]:
        """The routes that the study does not have."""
        return [route for route in (self.multimodal, self.text) if route not in paired.routes]


_QUERIES = "squad asks the query questions alone"  # of gqa's, since a text answers no other by a span
TWINS = (
    Pair("gqa", "squad", unlike=_QUERIES),
    Pair("snli_ve", "mnli"),
    Pair("visual7w", "cosmosqa"),
    Pair("multimodal", "text", unlike=_QUERIES),
)
VARIANTS = (
    Pair("gqa_updates", "squad", "updates", ("gqa", "squad"), _QUERIES),
    Pair("gqa", "squad_tokens", "tokens", ("gqa", "squad"), _QUERIES),
    Pair("multimodal_updates", "text", "updates", ("multimodal", "text"), _QUERIES),
    Pair("multimodal", "text_tokens", "tokens", ("multimodal", "text"), _QUERIES),
)
_CUT = {route for pair in VARIANTS for route in (pair.multimodal, pair.text) if route not in pair.of}


def control_of(paired: Paired, route: str) -> str:
    """Why a route is a control, no intermediate task of its own: `SHUFFLED_LABELS` or `CUT_SHORT`; "" if it is none."""
    trained = [cell["training"]["intermediate"] for cells in paired.about.values() for cell in cells[route]]
    if any(training and training.get("shuffled_labels") for training in trained):
        return SHUFFLED_LABELS
    return CUT_SHORT if route in _CUT else ""


def missing(paired: Paired) -> list[str]:
    """The twins that the study lacks, and what to add for them."""
    return [
        f"{pair.multimodal} against {pair.text}: add {' and '.join(lacking)} to study.intermediates"
        for pair in TWINS
        if (lacking := pair.lacking(paired))
    ]


def controls_missing(paired: Paired) -> list[str]:
    """The controls that the study lacks for the routes that it has, and what to add for them."""
    return list(_controls_missing(paired))


def _controls_missing(paired: Paired) -> Iterator[str]:
    for pair in VARIANTS:
        lacking = pair.lacking(paired)
        if lacking and set(pair.of) <= set(paired.routes):
            where = f"{' against '.join(pair.of)} at matched {pair.matching}"
            yield f"{where}: add {' and '.join(lacking)} to study.intermediates"
    for task in CONTROLLED:
        if task in paired.routes and f"{task}_shuffled" not in paired.routes:
            yield f"{task} with shuffled labels: add {task}_shuffled to study.intermediates"
