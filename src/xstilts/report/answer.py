"""metrics/answer.json: multimodal against text-only intermediate training, on the same facts and at the same cost.

In the embedded world twins are made from one scene graph: what the multimodal task shows as a picture, the text-only
one tells. Where the text-only one asks less of it (squad the query questions alone), the answer says so. Published sets
of the same names carry other facts, and the answer says that. Beside the twins stand the same pairs at a matched number
of updates and at matched tokens, and the control with shuffled labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from xstilts.report.cells.metrics import EMBEDDED, ENGLISH, ZERO_SHOT
from xstilts.report.comparisons import TWINS, VARIANTS, Pair, controls_missing, missing
from xstilts.report.differences import about, facts, languages, means, spelled, types, verdict
from xstilts.report.paired import Paired, add
from xstilts.report.sentences import details, sentence
from xstilts.report.shuffled_labels import shuffled_labels
from xstilts.report.transfer import BASELINE

COSTS = ("updates", "examples", "tokens")
MATCHED = 0.1  # costs that differ by less than this count as the same


def answers(paired: Paired) -> dict[str, Any]:
    """Return the content of metrics/answer.json.

    `answers` has one for each target and pair that the study has, twins first; `shuffled_labels` what routes gain whose
    labels say nothing; `missing` and `controls_missing` what to add to the study for the others.
    """
    pairs = [pair for pair in (*TWINS, *VARIANTS) if not pair.lacking(paired)]
    targets = [target for target in paired.targets() if paired.others(target)]
    return about(paired) | {
        "answers": [answer(paired, pair, target) for pair in pairs for target in targets],
        "shuffled_labels": [one for target in targets for one in shuffled_labels(paired, target)],
        "missing": missing(paired),
        "controls_missing": controls_missing(paired),
    }


def answer(paired: Paired, pair: Pair, target: str) -> dict[str, Any]:
    """Multimodal less text-only on one target: in English, zero-shot, by language, question type and control."""
    multimodal, text = pair.multimodal, pair.text
    compared = {"target": target, "multimodal": multimodal, "text": text, "matching": pair.matching}
    result = {
        **compared,
        **facts(paired, target),
        **means(paired, multimodal, text, target),
        "languages": languages(paired, multimodal, text, target),
        "types": types(paired, multimodal, text, target),
        "controls": controls(paired, multimodal, text, target),
        "against_none": against_none(paired, pair, target),
        **_training(paired, pair, target),
        "verdict": verdict(paired.difference(multimodal, text, paired.zero_shot(target))),
    }
    return result | {"sentence": sentence(result, paired.seeds), "details": details(result)}


def _training(paired: Paired, pair: Pair, target: str) -> dict[str, Any]:
    """What the two took, what of it is matched and what is not, and whether they were taught the same facts."""
    costs = {"multimodal": cost(paired, pair.multimodal, target), "text": cost(paired, pair.text, target)}
    twins = same_world(paired, pair, target)
    told = ["facts"] if twins and pair.matching == "facts" else []
    return {
        "training": costs,
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
            where: spelled(paired.difference(multimodal, text, mix)) for where, mix in above.items() if mix
        }
    return found


def against_none(paired: Paired, pair: Pair, target: str) -> dict[str, Any]:
    """What each of the two has more than no intermediate training; empty if the study has no such route."""
    if BASELINE not in paired.routes:
        return {}
    return {route: means(paired, route, BASELINE, target) for route in (pair.multimodal, pair.text)}


def cost(paired: Paired, route: str, target: str) -> dict[str, float]:
    """What a route's intermediate training really took, a mean over seeds; nothing where the checkpoints do not say."""
    trained = [cell["training"]["intermediate"] for cell in paired.about[target][route]]
    known = [training for training in trained if training]
    return {name: fmean(training[name] for training in known) for name in COSTS if known}


def matched(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Costs that differ by no more than a tenth of the larger."""
    if not one or not other:
        return []
    return [name for name in COSTS if abs(one[name] - other[name]) <= MATCHED * max(one[name], other[name])]


def not_matched(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Costs that differ by more than a tenth of the larger, in words."""
    if not one or not other:
        return ["the checkpoints do not say what training took"]
    apart = [name for name in COSTS if name not in matched(one, other)]
    return [f"{name} {one[name]:,.0f} against {other[name]:,.0f}" for name in apart]


def same_world(paired: Paired, pair: Pair, target: str) -> bool:
    """Whether both routes were trained on twins: every task of both is of the embedded world."""
    cells = [cell for route in (pair.multimodal, pair.text) for cell in paired.about[target][route]]
    trained = [cell["training"]["intermediate"] or {"tasks": {"": "unknown"}} for cell in cells]
    return all(data == EMBEDDED for training in trained for data in training["tasks"].values())
