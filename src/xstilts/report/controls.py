"""What the controls of a study say: of equal exposure, with shuffled labels, and trained blind.

A route with an intermediate task is trained for longer than one without. The control of equal exposure is trained on
the target alone for at least as long as the route in both phases, and keeps its best checkpoint on English dev: what
the route gains against it, it gains by its task. A task whose labels say nothing should give nothing: what it gains
against no intermediate training comes from texts, pictures and updates, and what the task itself gains against it
comes from the labels. A model that was trained without pictures answers what the questions give away: what a route
scores above it comes from the pictures. A model whose pictures are only masked at test time scores lower than that,
so a score above the masked one says too much.
"""

from collections.abc import Iterator
from typing import Any

from xstilts.base.errors import ParameterError
from xstilts.report.comparisons import FILE, Design
from xstilts.report.costs import cost, no_less
from xstilts.report.differences import compared, means
from xstilts.report.paired import Paired

Records = Iterator[dict[str, Any]]


def equal_exposure(paired: Paired, design: Design, target: str) -> Records:
    """For each control of equal exposure: the route that it is of minus the control, and what both took in all."""
    for entry in design.controls("exposure"):
        one = _minus(paired, target, entry.of, control=entry.control)
        equal = no_less(*(one["exposure"][side] for side in ("control", "route")))
        yield one | {"matched": ["exposure"] if equal else []}


def shuffled_labels(paired: Paired, design: Design, target: str) -> Records:
    """For each control with shuffled labels: its difference to no intermediate training, and its task's to it.

    `labels_teach` is there if the study has the task as a route.

    Raises:
        ParameterError: the control was trained on its own labels.
    """
    for entry in design.declared.controls:
        baseline = design.baseline_of(entry.control)
        if entry.matched == "input" and {entry.control, baseline} <= set(paired.routes):
            if not all(own.get("shuffled_labels") for own in _phase(paired, target, entry.control, "intermediate")):
                found = f"{FILE}: {entry.control} is declared as {entry.of} with other labels, but phase 1 had its own"
                raise ParameterError(f"{found}; write `labels: shuffled` into the recipe's section intermediate")
            one = _minus(paired, target, entry.control, baseline=baseline) | {"task": entry.of}
            known = entry.of in paired.routes
            yield one | ({"labels_teach": means(paired, entry.of, entry.control, target)} if known else {})


def trained_blind(paired: Paired, design: Design, target: str) -> Records:
    """For each control that was trained blind: the route that it is of minus the control.

    Raises:
        ParameterError: the control was trained with the pictures of its target.
    """
    for entry in design.controls("questions"):
        if not all(own.get("pictures") == "blind" for own in _phase(paired, target, entry.control, "target")):
            found = f"{FILE}: {entry.control} is declared as {entry.of} trained blind, but phase 2 saw the pictures"
            raise ParameterError(f"{found}; write `pictures: blind` into the recipe's section target")
        yield _minus(paired, target, entry.of, control=entry.control)


def _minus(paired: Paired, target: str, route: str, **other: str) -> dict[str, Any]:
    """A route minus another one, which is named by what it is, and what both phases of the two took."""
    ((role, name),) = other.items()
    took = {"route": cost(paired, route, target), role: cost(paired, name, target)}
    return {"target": target, "route": route, role: name, **compared(paired, route, name, target), "exposure": took}


def _phase(paired: Paired, target: str, route: str, phase: str) -> list[dict[str, Any]]:
    """What the checkpoints of a route say of a phase, one per seed."""
    return [cell["training"][phase] or {} for cell in paired.about[target][route]]
