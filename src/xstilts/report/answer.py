"""metrics/answer.json: multimodal against text-only intermediate training, on the same facts, and the controls.

In the embedded world twins are made from one scene graph: what the multimodal task shows as a picture, the text-only
one tells. Where the text-only one asks less of it (squad the query questions alone), the answer says so. Published sets
of the same names carry other facts, and the answer says that. Beside the twins stand the controls: of equal exposure,
with shuffled labels, and trained blind.

The primary comparison of docs/results/protocol.md is tested alone at 5 %. Every other one that the file reports is
tested together with all of these, by Holm.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from xstilts.base.cells import Route
from xstilts.report.cells.metrics import CONTROLS, EMBEDDED, ZERO_SHOT
from xstilts.report.comparisons import Design, Twins
from xstilts.report.controls import equal_exposure, shuffled_labels, trained_blind
from xstilts.report.costs import PHASES, cost, matched
from xstilts.report.differences import about, compared, form, means, score_to_json, to_json, types, with_holm
from xstilts.report.numbers import verdict
from xstilts.report.paired import Paired, add
from xstilts.report.sentences import details, sentence


def answers(paired: Paired, design: Design) -> dict[str, Any]:
    """Return the content of metrics/answer.json.

    `answers` has one for each target and pair that the study has, twins first; `exposure` what routes gain against a
    control that was trained for as long; `shuffled_labels` what routes gain whose labels say nothing; `trained_blind`
    what routes score above a model that never saw a picture; `budgets` what they score by the number of examples;
    `missing` and `controls_missing` what to add to the study for more.
    """
    targets = [target for target in paired.targets() if paired.others(target)]
    controls = {"exposure": equal_exposure, "shuffled_labels": shuffled_labels, "trained_blind": trained_blind}
    found = {"answers": [answer(paired, design, pair, target) for pair in design.pairs() for target in targets]}
    found |= {kind: [one for target in targets for one in of(paired, design, target)] for kind, of in controls.items()}
    test_together(one for own in found.values() for one in own)
    for kind, own in found.items():
        for one in own:
            one |= {"sentence": sentence(kind, one), "details": details(kind, one, paired.seeds)}
    return about(paired) | found | {
        "budgets": [one for target in targets for one in budgets(paired, target)],
        "missing": design.missing(),
        "controls_missing": design.controls_missing(),
    }  # fmt: skip


def test_together(comparisons: Iterable[dict[str, Any]]) -> None:
    """Give each comparison its verdict: the primary one by its own p, the others by Holm's over all of them."""
    every = list(comparisons)
    others = [one for one in every if not one.get("primary")]
    for one, tested in zip(others, with_holm([one[ZERO_SHOT] for one in others]), strict=True):
        one |= {ZERO_SHOT: tested, "tested_with": len(others)}
    for one in every:
        one["verdict"] = verdict(one[ZERO_SHOT])


def answer(paired: Paired, design: Design, pair: Twins, target: str) -> dict[str, Any]:
    """Multimodal minus text-only on one target: in English, zero-shot, by language, question type and control."""
    multimodal, text = pair.multimodal, pair.text
    return {
        "target": target,
        "multimodal": multimodal,
        "text": text,
        "primary": pair.primary == target,
        **compared(paired, multimodal, text, target),
        "types": types(paired, multimodal, text, target),
        "controls": controls(paired, multimodal, text, target),
        "form": form(paired, multimodal, text, target),
        "against_none": against_none(paired, design, pair, target),
        **_training(paired, pair, target),
    }


def _training(paired: Paired, pair: Twins, target: str) -> dict[str, Any]:
    """What phase 1 of the two took, and both phases; what of phase 1 is matched, and whether both taught the same."""
    routes = {"multimodal": pair.multimodal, "text": pair.text}
    costs = {name: cost(paired, route, target, PHASES[:1]) for name, route in routes.items()}
    cells = [cell for route in routes.values() for cell in paired.about[target][route]]
    trained = [cell["training"]["intermediate"] or {"tasks": {"": "unknown"}} for cell in cells]
    twins = all(data == EMBEDDED for training in trained for data in training["tasks"].values())  # of one world
    return {
        "training": costs,
        "exposure": {name: cost(paired, route, target) for name, route in routes.items()},
        "unlike": pair.unlike if twins else "",
        "matched": [*(["facts"] if twins else []), *matched(*costs.values())],
    }


def controls(paired: Paired, multimodal: str, text: str, target: str) -> dict[str, Any]:
    """The same difference with the pictures masked and with others' pictures, and of what is answered above masked."""
    found = {name: means(paired, multimodal, text, target, name) for name in paired.measures(target, CONTROLS)}
    if "blind" in found:
        shown, masked = paired.means(target), paired.means(target, "blind")
        above = {where: add(shown[where], mix, -1) for where, mix in masked.items()}
        found["above_blind"] = {
            where: to_json(paired.difference(multimodal, text, mix)) for where, mix in above.items()
        }
    return found


def against_none(paired: Paired, design: Design, pair: Twins, target: str) -> dict[str, Any]:
    """What each of the two has more than its baseline, if the study has that."""
    baselines = {route: design.baseline_of(route) for route in (pair.multimodal, pair.text)}
    known = {route: baseline for route, baseline in baselines.items() if baseline in paired.routes}
    return {route: means(paired, route, baseline, target) for route, baseline in known.items()}


def budgets(paired: Paired, target: str) -> Iterator[dict[str, Any]]:
    """Scores by the number of target examples, for each intermediate task that the study has with several such numbers.

    Such a curve says how many labelled target examples a task is worth: where the curve of `none` reaches what the
    task has with fewer.

    Routes whose recipe changes more than the number (`longer`) are left out: those with the number of another route of
    the same task, where theirs is not limited.
    """
    by_task: dict[str, dict[int, str]] = defaultdict(dict)
    for route in sorted(paired.routes, key=lambda name: Route.parse(name) != Route(Route.parse(name).task)):
        trained = [cell["training"]["target"] or {} for cell in paired.about[target][route]]
        numbers = {own.get("rows") for own in trained}
        if len(numbers) == 1 and (rows := numbers.pop()):
            by_task[Route.parse(route).task].setdefault(rows, route)
    for task, routes in by_task.items():
        if len(routes) > 1:
            points = [_point(paired, target, routes[rows], rows) for rows in sorted(routes)]
            yield {"target": target, "task": task, "points": points}


def _point(paired: Paired, target: str, route: str, rows: int) -> dict[str, Any]:
    mixes = paired.means(target)
    scores = {name: score_to_json(paired.interval({route: mixes[name]})) for name in mixes if name != "gap"}
    return {"route": route, "examples": rows, **scores}
