"""The control with shuffled labels: an intermediate task whose labels say nothing should give nothing.

What such a route gains against no intermediate training comes from texts, pictures and updates; what its task gains
against it comes from the labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.comparisons import SHUFFLED_LABELS, control_of
from xstilts.report.differences import in_points, means, verdict
from xstilts.report.paired import Paired
from xstilts.report.sentences import covered, findable
from xstilts.report.transfer import BASELINE

WORDS = {
    "better": "GAINS {points} on {target} over no intermediate training, though its labels say nothing: what {task} "
    "gains is not all due to its labels",
    "worse": "loses {points} on {target} against no intermediate training",
    "cannot tell": "gains nothing that this study can see on {target}: {points}{findable}",
}


def shuffled_labels(paired: Paired, target: str) -> Iterator[dict[str, Any]]:
    """For each route with shuffled labels: its difference to the baseline, and its task's difference to it.

    `means` is in English, zero-shot and in the gap; `labels_teach` is there if the study has the task as a route.
    """
    for route in paired.routes if BASELINE in paired.routes else ():
        if control_of(paired, route) == SHUFFLED_LABELS:
            yield _control(paired, target, route)


def _control(paired: Paired, target: str, route: str) -> dict[str, Any]:
    trained = paired.about[target][route][0]["training"]["intermediate"]
    task = " and ".join(trained["shuffled_labels"])
    result: dict[str, Any] = {"target": target, "route": route, "task": task, "baseline": BASELINE}
    result |= means(paired, route, BASELINE, target)
    result["verdict"] = verdict(paired.difference(route, BASELINE, paired.zero_shot(target)))
    if task in paired.routes:
        result["labels_teach"] = means(paired, task, route, target)
    return result | {"sentence": _sentence(result, paired.seeds)}


def _sentence(result: Mapping[str, Any], seeds: int) -> str:
    """What the control says, what its task's labels are worth, and what the intervals cover."""
    points, found = in_points(result[ZERO_SHOT]), findable(result[ZERO_SHOT])
    said = WORDS[result["verdict"]].format(points=points, findable=found, **result)
    if "labels_teach" in result:
        said += f"; the labels of {result['task']} are worth {in_points(result['labels_teach'][ZERO_SHOT])}"
    return f"{result['route']} (control) {said}; the interval covers {covered(seeds)}."
