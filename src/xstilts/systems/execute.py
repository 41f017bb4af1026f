"""Running a layout on a scene: an answer, and a trace with one row per step.

A step that the scene gives no result for fails, and with it the layout: its question presupposes what is not there. Of
a parser's beams the first that does not fail is taken (`run_beam`), so perception corrects the parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.programs.layout import Layout
from xstilts.programs.lexicon import Lexicon
from xstilts.programs.scene import Scene
from xstilts.systems.rules import RULES
from xstilts.systems.senses import Senses, Settings
from xstilts.systems.values import Answer, StepFailed, Truth, Value


@dataclass(frozen=True)
class Row:
    """What one step did.

    Attributes:
        step: its index.
        operation: GQA's operation.
        argument: GQA's argument, without ids.
        inputs: indices of the steps whose results it took.
        boxes: of the objects that it found, the surest first: left, top, right, bottom as fractions of the picture.
        value: the names of what it found, `yes` or `no`, or the answer; "" if it failed.
        score: of the surest object, or of the answer; 0 if there is none.
        failed: why it failed; "" if it did not.
    """

    step: int
    operation: str
    argument: str
    inputs: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    value: str = ""
    score: float = 0.0
    failed: str = ""

    def __str__(self) -> str:
        """As a terminal shows it: `1  relate: person,wearing,s [0]  woman (0.83)  at 0.70 0.30 0.80 0.80`."""
        given = f" [{', '.join(map(str, self.inputs))}]" if self.inputs else ""
        found = f"failed: {self.failed}" if self.failed else f"{self.value or 'nothing'} ({self.score:.2f})"
        places = "; ".join(" ".join(f"{edge:.2f}" for edge in box) for box in self.boxes)
        return f"{self.step}  {self.operation}: {self.argument}{given}  {found}{f'  at {places}' if places else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return what a JSON file keeps."""
        return {**vars(self), "inputs": list(self.inputs), "boxes": [list(box) for box in self.boxes]}


@dataclass(frozen=True)
class Outcome:
    """What came of a layout.

    Attributes:
        answer: in English, or None if a step failed.
        score: of the answer, in [0, 1].
        trace: one row per step; the one that failed is the last.
    """

    answer: str | None
    score: float
    trace: tuple[Row, ...]


def run(layout: Layout, scene: Scene, lexicon: Lexicon, settings: Settings) -> Outcome:
    """Run a layout on a scene. The order of the scene's objects and relations does not change what comes of it."""
    senses = Senses(scene, lexicon, settings)
    values: list[Value] = []
    trace: list[Row] = []
    for number, step in enumerate(layout.steps):
        given = [values[place] for place in step.inputs]
        head = (number, step.operation, step.argument, step.inputs)
        try:
            value = RULES[step.form](senses, *step.values, *given)
        except StepFailed as failure:
            return Outcome(None, 0.0, (*trace, Row(*head, failed=str(failure))))
        values.append(value)
        trace.append(_row(head, value))
    return Outcome(trace[-1].value, trace[-1].score, tuple(trace))


def _row(head: tuple[int, str, str, tuple[int, ...]], value: Value) -> Row:
    if isinstance(value, Truth | Answer):
        return Row(*head, value=value.text, score=value.score)
    boxes = tuple((box.x1, box.y1, box.x2, box.y2) for box in (one.thing.box for one in value))
    return Row(*head, boxes, ", ".join(one.name for one in value), value[0].score if value else 0.0)


def run_beam(layouts: Sequence[Layout], scene: Scene, lexicon: Lexicon, settings: Settings) -> tuple[int, Outcome]:
    """Run layouts, the likeliest first, until one does not fail.

    Returns:
        The index of that layout and what came of it; those of the first if all fail.
    """
    first = run(layouts[0], scene, lexicon, settings)
    if first.answer is not None:
        return 0, first
    for number, layout in enumerate(layouts[1:], 1):
        outcome = run(layout, scene, lexicon, settings)
        if outcome.answer is not None:
            return number, outcome
    return 0, first
