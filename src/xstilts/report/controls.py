"""What the controls of a study say: of equal exposure, with shuffled labels, and trained blind.

A route with an intermediate task is trained for longer than one without. The control of equal exposure is trained on
the target alone for no less than the route in both phases, and keeps its best checkpoint on English dev: what the route
gains against it, it gains by its task. A task
whose labels say nothing should give nothing: what it gains against no intermediate training comes from texts, pictures
and updates, and what the task itself gains against it comes from the labels. A model that was trained without pictures
answers what the questions give away: what a route scores above it comes from the pictures. With the pictures merely
masked at test time a model answers less than that, so a score above the masked one says too much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xstilts.base.errors import ParameterError
from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.comparisons import FILE, Control, Design
from xstilts.report.costs import cost, shortfalls
from xstilts.report.differences import facts, languages, means
from xstilts.report.numbers import ONE_RUN, difference
from xstilts.report.paired import Paired
from xstilts.report.sentences import covered, findable

EXPOSURE = "exposure"  # is equal where the control has no fewer updates and tokens in all
_SHUFFLED = {
    "better": "gains {points} on {target} over no intermediate training, though its labels say nothing: what {task} "
    "gains is not all due to its labels",
    "worse": "loses {points} on {target} against no intermediate training",
    "inconclusive": "gains nothing that this study can see on {target}: {points}{findable}",
    ONE_RUN: "has {points} on {target} against no intermediate training, one run",
}


def equal_exposure(paired: Paired, design: Design, target: str) -> Iterator[dict[str, Any]]:
    """For each control of equal exposure: the route that it is of minus the control, and what both took in all."""
    for entry in design.controls(EXPOSURE):
        own, other = (cost(paired, route, target) for route in (entry.of, entry.control))
        short = shortfalls(other, own)
        yield {
            "target": target,
            "route": entry.of,
            "control": entry.control,
            **facts(paired, target),
            **means(paired, entry.of, entry.control, target),
            "languages": languages(paired, entry.of, entry.control, target),
            "training": {"route": own, "control": other},
            "matching": EXPOSURE,
            "matched": [] if short else [EXPOSURE],
            "not_matched": short,
        }


def shuffled_labels(paired: Paired, design: Design, target: str) -> Iterator[dict[str, Any]]:
    """For each control with shuffled labels: its difference to no intermediate training, and its task's to it.

    `labels_teach` is there if the study has the task as a route.

    Raises:
        ParameterError: the control was trained on its own labels.
    """
    for entry in design.declared.controls:
        baseline = design.baseline_of(entry.control)
        if entry.matched == "input" and {entry.control, baseline} <= set(paired.routes):
            _check_shuffled(paired, entry, target)
            yield _shuffled(paired, entry, baseline, target)


def trained_blind(paired: Paired, design: Design, target: str) -> Iterator[dict[str, Any]]:
    """For each control that was trained blind: the route that it is of minus the control.

    Raises:
        ParameterError: the control was trained with the pictures of its target.
    """
    for entry in design.controls("questions"):
        trained = [cell["training"]["target"] or {} for cell in paired.about[target][entry.control]]
        if not all(own.get("pictures") == "blind" for own in trained):
            found = f"{FILE}: {entry.control} is declared as {entry.of} trained blind, but phase 2 saw the pictures"
            raise ParameterError(f"{found}; write `pictures: blind` into the recipe's section target")
        above = means(paired, entry.of, entry.control, target)
        yield {"target": target, "route": entry.of, "control": entry.control, **above}


def _check_shuffled(paired: Paired, entry: Control, target: str) -> None:
    trained = [cell["training"]["intermediate"] or {} for cell in paired.about[target][entry.control]]
    if not all(own.get("shuffled_labels") for own in trained):
        found = f"{FILE}: {entry.control} is declared as {entry.of} with other labels, but phase 1 had its own labels"
        raise ParameterError(f"{found}; write `labels: shuffled` into the recipe's section intermediate")


def _shuffled(paired: Paired, entry: Control, baseline: str, target: str) -> dict[str, Any]:
    result: dict[str, Any] = {"target": target, "route": entry.control, "task": entry.of, "baseline": baseline}
    result |= means(paired, entry.control, baseline, target)
    if entry.of in paired.routes:
        result["labels_teach"] = means(paired, entry.of, entry.control, target)
    return result


def shuffled_sentence(result: Mapping[str, Any], seeds: int) -> str:
    """What the control says, what its task's labels are worth, and what the intervals cover."""
    points, found = difference(result[ZERO_SHOT]), findable(result[ZERO_SHOT])
    said = _SHUFFLED[result["verdict"]].format(points=points, findable=found, **result)
    if "labels_teach" in result:
        said += f"; the labels of {result['task']} are worth {difference(result['labels_teach'][ZERO_SHOT])}"
    return f"{result['route']} (control) {said}; {covered(result[ZERO_SHOT], seeds)}."
