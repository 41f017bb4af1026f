"""metrics/answer.json: multimodal against text-only intermediate training, on the same facts and at the same cost.

In the embedded world twins are made from one scene graph: what the multimodal task shows as a picture, the text-only
one tells. Where the text-only one asks less of it (squad the query questions alone), the answer says so. Published sets
of the same names carry other facts, and the answer says that. Beside the twins stand the same pairs at a matched number
of updates and at matched tokens, and the controls of equal exposure and with shuffled labels.

The primary comparison of docs/results/protocol.md is tested alone at 5 %. Every other one that the file reports is
tested together with all of these, by Holm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from xstilts.report.budgets import budgets
from xstilts.report.cells.metrics import DIGITS, EMBEDDED, ENGLISH, ZERO_SHOT
from xstilts.report.comparisons import Design, Pair
from xstilts.report.controls import equal_exposure, shuffled_labels, shuffled_sentence, trained_blind
from xstilts.report.costs import PHASES, cost, matched, not_matched
from xstilts.report.differences import about, facts, form, languages, means, to_json, types
from xstilts.report.intervals import holm
from xstilts.report.numbers import verdict
from xstilts.report.paired import Paired, add
from xstilts.report.sentences import details, exposure_sentence, sentence

SENTENCES = {"answers": sentence, "exposure": exposure_sentence, "shuffled_labels": shuffled_sentence}


def answers(paired: Paired, design: Design) -> dict[str, Any]:
    """Return the content of metrics/answer.json.

    `answers` has one for each target and pair that the study has, twins first; `exposure` what routes gain against a
    control that was trained for as long; `shuffled_labels` what routes gain whose labels say nothing; `trained_blind`
    what routes score above a model that never saw a picture; `budgets` what they score by the number of examples;
    `missing` and `controls_missing` what to add to the study for more.
    """
    targets = [target for target in paired.targets() if paired.others(target)]
    found: dict[str, list[dict[str, Any]]] = {
        "answers": [answer(paired, design, pair, target) for pair in design.pairs() for target in targets],
        "exposure": [one for target in targets for one in equal_exposure(paired, design, target)],
        "shuffled_labels": [one for target in targets for one in shuffled_labels(paired, design, target)],
    }
    test_together(one for own in found.values() for one in own)
    for kind, own in found.items():
        for one in own:
            one["sentence"] = SENTENCES[kind](one, paired.seeds)
    for one in found["answers"]:
        one["details"] = details(one)
    return about(paired) | found | {
        "trained_blind": [one for target in targets for one in trained_blind(paired, design, target)],
        "budgets": [one for target in targets for one in budgets(paired, target)],
        "missing": design.missing(),
        "controls_missing": design.controls_missing(),
    }  # fmt: skip


def test_together(comparisons: Iterable[dict[str, Any]]) -> None:
    """Give each comparison its verdict: the primary one by its own p, the others by Holm's over all of them."""
    every = list(comparisons)
    others = [one for one in every if not one.get("primary")]
    p_values = holm([math.nan if one[ZERO_SHOT]["p"] is None else one[ZERO_SHOT]["p"] for one in others])
    for one, p in zip(others, p_values, strict=True):
        known = one[ZERO_SHOT]["p"] is not None
        one[ZERO_SHOT] |= {"p_holm": round(p, DIGITS) if known else None}
        one["tested_with"] = len(others)
    for one in every:
        one["verdict"] = verdict(one[ZERO_SHOT])


def answer(paired: Paired, design: Design, pair: Pair, target: str) -> dict[str, Any]:
    """Multimodal minus text-only on one target: in English, zero-shot, by language, question type and control."""
    multimodal, text = pair.multimodal, pair.text
    compared = {"target": target, "multimodal": multimodal, "text": text, "matching": pair.matching}
    return {
        **compared,
        "primary": design.is_primary(pair, target),
        **facts(paired, target),
        **means(paired, multimodal, text, target),
        "languages": languages(paired, multimodal, text, target),
        "types": types(paired, multimodal, text, target),
        "controls": controls(paired, multimodal, text, target),
        "form": form(paired, multimodal, text, target),
        "against_none": against_none(paired, design, pair, target),
        **_training(paired, pair, target),
    }


def _training(paired: Paired, pair: Pair, target: str) -> dict[str, Any]:
    """What phase 1 of the two took, and both phases; what of phase 1 is matched, and whether both taught the same."""
    routes = {"multimodal": pair.multimodal, "text": pair.text}
    costs = {name: cost(paired, route, target, PHASES[:1]) for name, route in routes.items()}
    twins = same_world(paired, pair, target)
    told = ["facts"] if twins and pair.matching == "facts" else []
    return {
        "training": costs,
        "exposure": {name: cost(paired, route, target) for name, route in routes.items()},
        "not_matched": not_matched(*costs.values()),
        "same_facts": bool(told),
        "unlike": pair.unlike if twins else "",
        "matched": [*told, *matched(*costs.values())],
    }


def controls(paired: Paired, multimodal: str, text: str, target: str) -> dict[str, Any]:
    """The same difference without the pictures and with others' pictures, and of what is answered above blind."""
    found = {name: means(paired, multimodal, text, target, name) for name in paired.controls(target)}
    if "blind" in found:
        above = {
            ENGLISH: add(paired.english(target), paired.english(target, "blind"), -1),
            ZERO_SHOT: add(paired.zero_shot(target), paired.zero_shot(target, "blind"), -1),
        }
        found["above_blind"] = {
            where: to_json(paired.difference(multimodal, text, mix)) for where, mix in above.items() if mix
        }
    return found


def against_none(paired: Paired, design: Design, pair: Pair, target: str) -> dict[str, Any]:
    """What each of the two has more than its baseline, if the study has that."""
    baselines = {route: design.baseline_of(route) for route in (pair.multimodal, pair.text)}
    known = {route: baseline for route, baseline in baselines.items() if baseline in paired.routes}
    return {route: means(paired, route, baseline, target) for route, baseline in known.items()}


def same_world(paired: Paired, pair: Pair, target: str) -> bool:
    """Whether both routes were trained on twins: every task of both is of the embedded world."""
    cells = [cell for route in (pair.multimodal, pair.text) for cell in paired.about[target][route]]
    trained = [cell["training"]["intermediate"] or {"tasks": {"": "unknown"}} for cell in cells]
    return all(data == EMBEDDED for training in trained for data in training["tasks"].values())
