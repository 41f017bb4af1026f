"""A question as a layout of modules: read from GQA's `semantic`, taken apart for a parser, and written back.

GQA's programs (Hudson & Manning, CVPR 2019) lie in its question files, and in those of xGQA in all eight languages. A
layout is a *skeleton* (which forms, and which earlier steps each of them takes) with its *slots* filled; a parser
predicts the two one after the other (Cao & Jiang, Findings of ACL 2023, follow the coarse-to-fine parser of Chen et
al., Meta Module Network, WACV 2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, XstiltsError
from xstilts.programs.operations import FORMS, Form

Semantic = Sequence[Mapping[str, Any]]
SEPARATOR = " | "  # between a skeleton and the values in the text of a layout; no value has a bar
_STEP = re.compile(r"([a-z ]+)\[((?:\d{1,4}(?:,\d{1,4})*)?)\]")


class LayoutError(XstiltsError):
    """Steps that are not a layout.

    Attributes:
        found: what is wrong, with the number of the step.
        expected: what should be there.
    """

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"found {found}, expected {expected}")


@dataclass(frozen=True)
class Slot:
    """A typed hole of a skeleton and what fills it; types are those of `operations.OPEN` and `operations.CLOSED`."""

    type: str
    value: str


@dataclass(frozen=True)
class Step:
    """One module.

    Attributes:
        form: a key of `operations.FORMS`.
        values: of the form's slots, in their order.
        inputs: indices of the earlier steps whose results it takes.
        tail: what the file has behind the argument: ids of gold objects, and spaces. No question tells them, so two
            layouts that differ in them alone are equal.
    """

    form: str
    values: tuple[str, ...] = ()
    inputs: tuple[int, ...] = ()
    tail: str = field(default="", compare=False)

    @property
    def operation(self) -> str:
        """GQA's `operation`, such as `filter color`."""
        return FORMS[self.form].write(self.values)[0]

    @property
    def argument(self) -> str:
        """GQA's `argument` without its tail, such as `person,wearing,s`."""
        return FORMS[self.form].write(self.values)[1]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots with their types."""
        return tuple(map(Slot, FORMS[self.form].slots, self.values))


@dataclass(frozen=True)
class Layout:
    """Steps of which the last gives the answer.

    Raises:
        LayoutError: a form, a value, an input or the end is not as `operations.FORMS` has it.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise LayoutError("no steps", "at least one")
        for number, step in enumerate(self.steps):
            if step.form not in FORMS:
                raise LayoutError(f"form '{step.form}' in step {number}", "one of " + ", ".join(FORMS))
            self._check_values(number, step)
            self._check_inputs(number, step)
        if not FORMS[self.steps[-1].form].structural:
            raise LayoutError(f"'{self.steps[-1].form}' as the last step", "one that gives an answer")
        unused = set(range(len(self.steps) - 1)) - {place for step in self.steps for place in step.inputs}
        if unused:
            raise LayoutError(f"step {min(unused)}, which no later step takes", "each step to be taken but the last")

    def _check_values(self, number: int, step: Step) -> None:
        form = FORMS[step.form]
        if len(step.values) != len(form.slots):
            expected = f"{len(form.slots)} ({', '.join(form.slots)})"
            raise LayoutError(f"{len(step.values)} values in step {number}, '{form.name}'", expected)
        for slot, value in enumerate(step.values):
            if not form.allows(slot, value):
                raise LayoutError(f"'{value}' in step {number}, '{form.name}'", f"a value of type {form.slots[slot]}")

    def _check_inputs(self, number: int, step: Step) -> None:
        form = FORMS[step.form]
        if any(not 0 <= place < number for place in step.inputs):
            found = f"inputs {', '.join(map(str, step.inputs))} of step {number}, '{form.name}'"
            raise LayoutError(found, f"steps before {number}")
        given = tuple(FORMS[self.steps[place].form].gives for place in step.inputs)
        if given != form.takes:
            found = f"{' and '.join(given) or 'nothing'} as inputs of step {number}, '{form.name}'"
            raise LayoutError(found, " and ".join(form.takes) or "no inputs")

    @property
    def skeleton(self) -> str:
        """The forms with their inputs: `select[]>relate subject[0]>query name[1]`."""
        return ">".join(f"{step.form}[{','.join(map(str, step.inputs))}]" for step in self.steps)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All slots, step by step; the skeleton says how many and of which types."""
        return tuple(slot for step in self.steps for slot in step.slots)

    def __str__(self) -> str:
        """The skeleton and the slots' values: `select[]>query[0] | dog | color`; `parse_layout` reads it."""
        return SEPARATOR.join([self.skeleton, *(slot.value for slot in self.slots)])

    @property
    def structural(self) -> str:
        """GQA's structural type: verify, logical, compare, choose or query."""
        return FORMS[self.steps[-1].form].structural


def read_layout(semantic: Semantic, path: Path | str, question: str) -> Layout:
    """Return the layout of a question's `semantic`.

    Args:
        semantic: `[{"operation", "argument", "dependencies"}, ...]`.
        path: file that it is from, for errors.
        question: its id there.

    Raises:
        DataError: an operation that `operations.FORMS` does not have, or steps that do not fit together.
    """
    try:
        return Layout(tuple(_step(number, step) for number, step in enumerate(semantic)))
    except LayoutError as error:
        todo = "correct the question's `semantic`, or add the form to xstilts.programs.operations"
        raise DataError(path, question, error.found, error.expected, todo) from None


def _step(number: int, step: Mapping[str, Any]) -> Step:
    if not isinstance(step, Mapping) or not {"operation", "argument", "dependencies"} <= set(step):
        raise LayoutError(f"{step!r} as step {number}", "a mapping of operation, argument and dependencies")
    if not all(isinstance(step[key], str) for key in ("operation", "argument")):
        raise LayoutError(f"{step!r} as step {number}", "texts as operation and argument")
    if not isinstance(step["dependencies"], list) or not all(type(one) is int for one in step["dependencies"]):
        raise LayoutError(f"{step!r} as step {number}", "a list of earlier steps' numbers as dependencies")
    inputs = tuple(step["dependencies"])
    for form in _forms_of(len(inputs)):
        if (read := form.read(step["operation"], step["argument"])) is not None:
            return Step(form.name, read[0], inputs, read[1])
    found = f"operation '{step['operation']}' with argument '{step['argument']}' and {_inputs(len(inputs))}"
    raise LayoutError(f"{found} as step {number}", _expected(step["operation"]))


def _forms_of(arity: int) -> list[Form]:
    return [form for form in FORMS.values() if len(form.takes) == arity]


def _expected(operation: str) -> str:
    """What the table has for an operation, or for those whose first word it shares."""
    verb = operation.partition(" ")[0]
    near = [form for form in FORMS.values() if form.operation.partition(" ")[0] == verb] or list(FORMS.values())
    return " or ".join(f"'{one.operation}: {one.argument}' with {_inputs(len(one.takes))}" for one in near)


def _inputs(count: int) -> str:
    return f"{count} input" if count == 1 else f"{count} inputs"


def to_semantic(layout: Layout) -> list[dict[str, Any]]:
    """Return GQA's `semantic`; for a layout that was read from a file, just what the file has."""
    return [
        {"operation": step.operation, "dependencies": list(step.inputs), "argument": step.argument + step.tail}
        for step in layout.steps
    ]


def slot_types(skeleton: str) -> tuple[str, ...]:
    """Return the types of a skeleton's slots, step by step; `LayoutError` if it is not a skeleton."""
    return tuple(kind for form, _ in _steps_of(skeleton) for kind in FORMS[form].slots)


def fill(skeleton: str, values: Sequence[str]) -> Layout:
    """Return the layout of a skeleton and its slots' values, the inverse of `Layout.skeleton` and `Layout.slots`.

    Raises:
        LayoutError: too few or too many values, or one that its slot does not allow.
    """
    types = slot_types(skeleton)
    if len(values) != len(types):
        raise LayoutError(f"{len(values)} values for '{skeleton}'", f"{len(types)} ({', '.join(types)})")
    rest = iter(values)
    return Layout(
        tuple(Step(form, tuple(next(rest) for _ in FORMS[form].slots), inputs) for form, inputs in _steps_of(skeleton))
    )


def parse_layout(text: str) -> Layout:
    """Return the layout that `str()` wrote; `LayoutError` if the text is no layout."""
    skeleton, *values = text.split(SEPARATOR)
    return fill(skeleton, values)


def _steps_of(skeleton: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in skeleton.split(">"):
        match = _STEP.fullmatch(part)
        if match is None or match[1] not in FORMS:
            raise LayoutError(f"'{part}' in skeleton '{skeleton}'", "a form and its inputs, such as 'exist[0]'")
        yield match[1], tuple(int(place) for place in match[2].split(",") if place)
