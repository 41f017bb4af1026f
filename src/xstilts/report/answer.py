"""metrics/answer.json: multimodal against text-only intermediate training on the same facts.

In the embedded world twins are made from one scene graph: what the multimodal task shows as a picture, the text-only
one tells. Published sets of the same names carry other facts, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from xstilts.report.bootstrap import Interval
from xstilts.report.differences import about, in_points, languages, means, spelled, types, verdict
from xstilts.report.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.paired import SCORE, Paired, add

TWINS = (("gqa", "squad"), ("snli_ve", "mnli"), ("visual7w", "cosmosqa"), ("multimodal", "text"))
EMBEDDED = "pictograms"
COSTS = ("updates", "examples", "tokens")
MATCHED = 0.1  # costs that differ by less than this count as the same


def answers(paired: Paired) -> dict[str, Any]:
    """Return the content of metrics/answer.json: an answer for each pair of twins and target, and what is missing."""
    found, missing = [], []
    for multimodal, text in TWINS:
        lacking = [route for route in (multimodal, text) if route not in paired.routes]
        if lacking:
            missing.append(f"{multimodal} against {text}: add {' and '.join(lacking)} to study.intermediates")
            continue
        found += [answer(paired, multimodal, text, target) for target in paired.targets() if paired.others(target)]
    return about(paired) | {"answers": found, "missing": missing}


def answer(paired: Paired, multimodal: str, text: str, target: str) -> dict[str, Any]:
    """Multimodal less text-only on one target: in English, zero-shot, by language, question type and control."""
    result = {
        "target": target,
        "multimodal": multimodal,
        "text": text,
        "data": paired.fact(target, "data"),
        "metric": paired.fact(target, "metric"),
        "examples": max(paired.rows[target].values()),
        "clusters": paired.clusters[target],
        **means(paired, multimodal, text, target),
        "languages": languages(paired, multimodal, text, target),
        "types": types(paired, multimodal, text, target),
        "controls": controls(paired, multimodal, text, target),
        "training": {"multimodal": cost(paired, multimodal, target), "text": cost(paired, text, target)},
    }
    result["not_matched"] = not_matched(result["training"]["multimodal"], result["training"]["text"])
    result["same_facts"] = same_facts(paired, multimodal, text, target)
    interval = paired.difference(multimodal, text, paired.zero_shot(target))
    return result | {"verdict": verdict(interval), "sentence": sentence(paired, interval, result)}


def controls(paired: Paired, multimodal: str, text: str, target: str) -> dict[str, Any]:
    """The same difference without the pictures and with others' pictures, and of what is answered above blind."""
    found = {name: means(paired, multimodal, text, target, name) for name in paired.controls(target)}
    if "blind" in found:
        mix = add(paired.zero_shot(target, SCORE), paired.zero_shot(target, "blind"), -1)
        found["above_blind"] = {ZERO_SHOT: spelled(paired.difference(multimodal, text, mix))}
    return found


def cost(paired: Paired, route: str, target: str) -> dict[str, float]:
    """What a route's intermediate training really took, a mean over seeds; nothing where the checkpoints do not say."""
    trained = [cell["training"]["intermediate"] for cell in paired.about[target][route]]
    known = [training for training in trained if training]
    return {name: fmean(training[name] for training in known) for name in COSTS if known}


def not_matched(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Costs that differ by more than a tenth of the larger, in words."""
    if not one or not other:
        return ["the checkpoints do not say what training took"]
    apart = [name for name in COSTS if abs(one[name] - other[name]) > MATCHED * max(one[name], other[name])]
    return [f"{name} {one[name]:,.0f} against {other[name]:,.0f}" for name in apart]


def same_facts(paired: Paired, multimodal: str, text: str, target: str) -> bool:
    """Whether both routes were trained on twins: every task of both is of the embedded world."""
    cells = [cell for route in (multimodal, text) for cell in paired.about[target][route]]
    trained = [cell["training"]["intermediate"] or {"tasks": {"": "unknown"}} for cell in cells]
    return all(data == EMBEDDED for training in trained for data in training["tasks"].values())


def sentence(paired: Paired, interval: Interval, result: Mapping[str, Any]) -> str:
    """The answer in one sentence, made of its numbers."""
    multimodal, text, target = (result[key] for key in ("multimodal", "text", "target"))
    runs = " in this one pair of training runs" if paired.seeds == 1 else ""
    decided = {
        "better": f"{multimodal} (multimodal) does better than {text} (text-only){runs}",
        "worse": f"{multimodal} (multimodal) does worse than {text} (text-only){runs}",
        "cannot tell": f"one cannot tell {multimodal} (multimodal) from {text} (text-only){runs}; "
        f"{100 * interval.smallest:.1f} points would have been found in four of five such studies",
    }[verdict(interval)]
    english = f", in English {in_points(result[ENGLISH])}" if ENGLISH in result else ""
    facts = "" if result["same_facts"] else "; the two tasks do not carry the same facts"
    unlike = f"; not matched: {', '.join(result['not_matched'])}" if result["not_matched"] else ""
    seeds = "the interval covers test items, not other training runs" if paired.seeds == 1 else f"{paired.seeds} seeds"
    where = f"On {target} ({result['data']} data) in the languages without labels"
    return f"{where} {decided}: {in_points(result[ZERO_SHOT])}{english}; {seeds}{facts}{unlike}."


def sentences(content: Mapping[str, Any]) -> Sequence[str]:
    """The sentences of metrics/answer.json, or what to add for one."""
    missing = [f"No answer yet; {one}." for one in content["missing"][:1]]
    return [one["sentence"] for one in content["answers"]] or missing
