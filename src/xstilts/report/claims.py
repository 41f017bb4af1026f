"""metrics/claims.json: claims of the literature as predicates over the transfer matrix, each with its intervals.

`claims.yaml` has their words. A claim is judged with what a study has: the XTREME targets and the routes that it names.
What it lacks of the claim is listed, and without any of it the claim is not testable. A claim that joins several is not
supported by some of them; one difference can contradict it, if it does so by Holm's test over all of them. A claim on
averages is judged as it stands, with sentence retrieval where the study has it, and once more without. A verdict on
embedded data is one on drawn scenes in the formats of the published sets, not on those; where a study has both,
published data are judged.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from xstilts.base.parameters import read_yaml
from xstilts.report.benchmarks import BENCHMARKS, own
from xstilts.report.comparisons import BASELINE
from xstilts.report.differences import about, to_json
from xstilts.report.evidence import UNTESTABLE, Evidence, Judgement, adjusted, judged, many, together, undecided
from xstilts.report.intervals import Interval, holm
from xstilts.report.numbers import inconclusive
from xstilts.report.paired import Combination, Mix, add, scaled
from xstilts.report.transfer import OVER, Transfer

TABLE = Path(__file__).with_suffix(".yaml")
SCORES = (
    "zero-shot: unweighted means over the languages other than English, by each target's main metric (F1 for spans)"
)
XTREME = tuple(BENCHMARKS["xtreme"])
SINGLE_TEXT = ("anli_plus", "mnli", "qqp", "squad", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")
MIXTURES_OF_TEXT = ("text_nine", "text")  # the largest first
LARGE, SMALL = 0.05, 0.01  # what a large gain is above, and none at all below


@dataclass(frozen=True)
class Case:
    """What there is to judge a claim by.

    Attributes:
        lacking: what of it the study does not have.
        judge: how the evidence is put together.
        complete: whether there is evidence for every part of a claim that joins several; else it is not supported.
    """

    evidence: Sequence[Evidence] = ()
    lacking: Sequence[str] = ()
    judge: Callable[[Sequence[Evidence]], Judgement] = judged
    complete: bool = True

    def judgement(self, evidence: Sequence[Evidence]) -> Judgement:
        """What (a part of) the evidence says of the claim."""
        found = self.judge(evidence)
        return found if self.complete or found != "supported" else "inconclusive"


def _absent(names: Iterable[str], there: Iterable[str]) -> list[str]:
    listed = list(names)
    return [name for name in listed if name not in own(listed, there)]


def _routes(transfer: Transfer, names: Iterable[str]) -> list[str]:
    """The study's routes that are these tasks, or parts of them."""
    return list(own(names, transfer.routes).values())


def _lacking_targets(transfer: Transfer) -> list[str]:
    """Absent targets, and cells that are no evidence since both phases have the same data."""
    there = [name for name in transfer.paired.targets() if transfer.paired.fact(name, "data") == transfer.data]
    known, absent = own(XTREME, there), _absent(XTREME, there)
    cells = [(target, route) for target in known.values() for route in transfer.routes]
    shared = [f"{route} on {target}" for target, route in cells if transfer.status(target, route).words]
    lacking = [f"targets {', '.join(absent)}"] if absent else []
    lacking += _parts(known)
    return [*lacking, *([f"cells that share data: {', '.join(shared)}"] if shared else [])]


def _parts(known: Mapping[str, str]) -> list[str]:
    """Published sets that the study has only a part of (`own`)."""
    parts = [name for name, target in known.items() if name != target]
    return [f"the whole of {', '.join(parts)}"] if parts else []


def _lacking_routes(transfer: Transfer, names: Iterable[str]) -> list[str]:
    absent = _absent(names, transfer.routes)
    return [f"routes {', '.join(absent)}"] if absent else []


def _sets(transfer: Transfer, routes: Sequence[str]) -> dict[str, list[str]]:
    """The XTREME targets, with retrieval and without, none of whose cells on these routes shares data."""
    there = own(XTREME, transfer.paired.targets()).values()
    clean = [name for name in there if all(transfer.targets(route, [name]) for route in routes)]
    trained = [name for name in clean if not transfer.is_retrieval(name)]
    return {over: own for over, own in zip(OVER, (clean, trained), strict=True) if own}


def _compare(transfer: Transfer, weights: Mapping[str, float], what: str, above: float = 0.0) -> list[Evidence]:
    """A weighted sum over routes of their means over targets, with retrieval and without."""
    found = []
    for over, targets in _sets(transfer, [route for route in weights if route != BASELINE]).items():
        mix = transfer.mean_mix(targets)
        sides: Combination = {route: scaled(mix, weight) for route, weight in weights.items()}
        where = f"{what}, {over}: {', '.join(targets)}"
        found.append(Evidence(where, transfer.paired.interval(sides), above, over=over))
    return found


def _large_average_gains(transfer: Transfer) -> Case:
    squad = "squad" if "squad" in transfer.routes and "squad_v2" not in transfer.routes else "squad_v2"
    named = (squad, "mnli", "hellaswag")
    gains = {
        route: _compare(transfer, {route: 1, BASELINE: -1}, f"{route} minus {BASELINE}", LARGE)
        for route in named
        if route in transfer.routes
    }
    evidence = [one for own in gains.values() for one in own]
    lacking = [*_lacking_routes(transfer, named), *_lacking_targets(transfer)]
    return Case(evidence, lacking, complete=all(gains.get(route) for route in named))


def _mixture_is_best(transfer: Transfer) -> Case:
    whole = MIXTURES_OF_TEXT[0]
    mixture = next(iter(_routes(transfer, MIXTURES_OF_TEXT)), whole)
    singles = _routes(transfer, SINGLE_TEXT) if mixture in transfer.routes else []
    evidence = [
        one for route in singles for one in _compare(transfer, {mixture: 1, route: -1}, f"{mixture} minus {route}")
    ]
    lacking = _lacking_routes(transfer, (whole, *SINGLE_TEXT))
    judge = judged if mixture == whole else undecided  # a smaller mixture says nothing of the one that is claimed
    return Case(evidence, [*lacking, *_lacking_targets(transfer)], judge, complete=not lacking)


def _mean_gain(transfer: Transfer, target: str) -> Interval | None:
    """The mean over routes of what they have more than none on one target; None if the study cannot say."""
    routes = [route for route in transfer.routes if transfer.targets(route, [target])]
    if not routes:
        return None
    mix = transfer.paired.zero_shot(target)
    sides = {route: scaled(mix, 1 / len(routes)) for route in routes}
    return transfer.paired.interval({**sides, BASELINE: scaled(mix, -1)})


def _retrieval_gains(transfer: Transfer) -> Case:
    named = ("bucc2018", "tatoeba")
    known = own(named, transfer.paired.targets())
    gains = {target: _mean_gain(transfer, known.get(target, target)) for target in named}
    evidence = [Evidence(f"mean of routes minus none on {name}", gain) for name, gain in gains.items() if gain]
    absent = [name for name, gain in gains.items() if gain is None]
    lacking = [f"targets {', '.join(absent)}"] if absent else []
    return Case(evidence, [*lacking, *_parts(known)], complete=not absent)


def _tydiqa_gains_xnli_does_not(transfer: Transfer) -> Case:
    paired, evidence, lacking = transfer.paired, [], []
    known = own(("tydiqa", "xnli"), paired.targets())
    for name, above in (("tydiqa", 0.0), ("xnli", SMALL)):
        target = known.get(name, name)
        routes = [route for route in transfer.routes if transfer.targets(route, [target])]
        gains = {route: paired.difference(route, BASELINE, paired.zero_shot(target)) for route in routes}
        what = {route: f"{route} minus none on {target}" for route in routes}
        evidence += [Evidence(what[route], gains[route], above, no_more=name == "xnli") for route in routes]
        lacking += [] if routes else [f"target {target}"]
    return Case(evidence, [*lacking, *_parts(known)], _many_and_none, complete=not lacking)


def _many_and_none(evidence: Sequence[Evidence]) -> Judgement:
    """Many of the gains are there, and none of those that should not be."""
    gains = many(adjusted([one for one in evidence if not one.no_more]))
    none = judged([one for one in evidence if one.no_more])
    return together([one for one in (gains, none) if one != UNTESTABLE])


def _best_task_per_target(transfer: Transfer) -> Case:
    there = own(XTREME, transfer.paired.targets()).values()
    chosen = {name: best for name in there if (best := chosen_on_english(transfer, name))}
    lacking = _lacking_targets(transfer)
    if not chosen:
        return Case(lacking=lacking)
    sides: dict[str, Mix] = {}
    for target, route in chosen.items():
        mix = scaled(transfer.paired.zero_shot(target), 1 / len(chosen))
        sides[route] = add(sides.get(route, {}), mix)
        sides[BASELINE] = add(sides.get(BASELINE, {}), mix, -1)
    what = f"minus none, {', '.join(f'{route} on {target}' for target, route in chosen.items())}"
    return Case([Evidence(what, transfer.paired.interval(sides))], lacking)


def chosen_on_english(transfer: Transfer, target: str) -> str | None:
    """The route whose mean over seeds is highest on a target's English dev set; None where nothing is trained."""
    scores = {}
    for route in transfer.routes:
        if not transfer.targets(route, [target]):
            continue
        trained = [cell["training"]["target"] or {} for cell in transfer.paired.about[target][route]]
        known = [float(own["english_dev"][target]) for own in trained if target in own.get("english_dev", {})]
        if known:
            scores[route] = sum(known) / len(known)
    return max(scores, key=scores.__getitem__) if scores else None


def _english_beats_mlm_and_translation(transfer: Transfer) -> Case:
    evidence, singles = [], _routes(transfer, SINGLE_TEXT)
    if {"text", "text_mlm"} <= set(transfer.routes):
        evidence += _compare(transfer, {"text": 1, "text_mlm": -1}, "text minus text_mlm")
    if singles and "mlm" in transfer.routes:
        weights = dict.fromkeys(singles, 1 / len(singles)) | {"mlm": -1.0}
        evidence += _compare(transfer, weights, f"mean of {', '.join(singles)} minus mlm")
    lacking = [*_lacking_routes(transfer, ("text", "text_mlm", "mlm")), "translated intermediate data"]
    return Case(evidence, [*lacking, *_lacking_targets(transfer)], complete=False)


def _three_phases_beat_two(transfer: Transfer) -> Case:
    routes = transfer.routes
    weights = dict.fromkeys(routes, 1 / len(routes)) | {BASELINE: -1.0}
    return Case(_compare(transfer, weights, "mean of routes minus none"), _lacking_targets(transfer))


def _tasks_differ(transfer: Transfer) -> Case:
    singles = _routes(transfer, SINGLE_TEXT)
    pairs = list(combinations(singles, 2))
    found = [
        one for first, second in pairs for one in _compare(transfer, {first: 1, second: -1}, f"{first} minus {second}")
    ]
    lacking = _lacking_routes(transfer, SINGLE_TEXT)
    return Case(found, [*lacking, *_lacking_targets(transfer)], partial(differ, all_there=not lacking))


def differ(pairs: Sequence[Evidence], all_there: bool = True) -> Judgement:
    """Whether some pair differs (Holm); contradicted if every difference is certainly small, and none is lacking."""
    if not pairs:
        return UNTESTABLE
    adjusted_p = holm([one.interval.p for one in pairs])
    records = [to_json(one.interval) | {"p_holm": p} for one, p in zip(pairs, adjusted_p, strict=True)]
    if not all(map(inconclusive, records)):
        return "supported"
    small = all(max(-one.interval.low, one.interval.high) < SMALL for one in pairs)
    return "contradicted" if small and all_there else "inconclusive"


CASES: dict[str, Callable[[Transfer], Case]] = {
    "large_average_gains": _large_average_gains,
    "mixture_is_best": _mixture_is_best,
    "retrieval_gains": _retrieval_gains,
    "tydiqa_gains_xnli_does_not": _tydiqa_gains_xnli_does_not,
    "best_task_per_target": _best_task_per_target,
    "english_beats_mlm_and_translation": _english_beats_mlm_and_translation,
    "stronger_encoder": lambda transfer: Case(lacking=["a second encoder: a study has one"]),
    "three_phases_beat_two": _three_phases_beat_two,
    "tasks_differ": _tasks_differ,
}


def claims(transfer: Transfer) -> dict[str, Any]:
    """Return the content of metrics/claims.json: a record for each claim of `claims.yaml`.

    They are judged on the routes of the study's first recipe.
    """
    transfer = transfer.of_first_recipe()
    data = transfer.kinds_of_data()[0]
    records = [_record(replace(transfer, data=data), name, text) for name, text in read_yaml(TABLE).items()]
    return about(transfer.paired) | {"data": data, "scores": SCORES, "claims": records}


def _record(transfer: Transfer, name: str, text: Mapping[str, str]) -> dict[str, Any]:
    ready = transfer.routes
    case = CASES[name](transfer) if ready else Case(lacking=[f"{BASELINE} and another route"])
    everything, trained = OVER
    evidence = [{"what": one.what, **to_json(one.interval), "says": one.judgement} for one in case.evidence]
    record = {"name": name, **text, "judgement": case.judgement([one for one in case.evidence if one.over != trained])}
    without = [one for one in case.evidence if one.over == trained]
    if without and any(one.over == everything for one in case.evidence):
        record["judgement_without_retrieval"] = case.judgement(without)
    return record | {"evidence": evidence, "lacking": list(case.lacking)}
