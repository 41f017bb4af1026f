"""The answer and what the controls say in words, made of their numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.costs import in_words
from xstilts.report.differences import covers
from xstilts.report.numbers import ONE_RUN, VERDICTS, difference, inconclusive, percent, points, verdict

COST_NAMES = {"updates": "a matched number of updates", "tokens": "a matched number of tokens"}
_AIMS = COST_NAMES | {"exposure": "equal exposure"}


def sentence(result: Mapping[str, Any], seeds: int) -> str:
    """Verdict, difference and interval, what they cover, and what is not matched, in one sentence.

    Args:
        result: an entry of `answers` in metrics/answer.json.
        seeds: training runs of each route.
    """
    said = _compared(result, f"{result['multimodal']} (multimodal)", f"{result['text']} (text-only)", seeds)
    return f"{_at(result)}{said}{_facts(result)}{_unlike(result)}."


def exposure_sentence(result: Mapping[str, Any], seeds: int) -> str:
    """The same of a route and its control of equal exposure, an entry of `exposure`; with what both phases took."""
    said = _compared(result, result["route"], f"{result['control']} (control)", seeds)
    took = "; both phases of {} took {}, those of {} {}".format(
        result["route"], in_words(result["training"]["route"]),
        result["control"], in_words(result["training"]["control"]),
    )  # fmt: skip
    return f"{_at(result)}{said}{took}{_unlike(result)}."


def _compared(result: Mapping[str, Any], one: str, other: str, seeds: int) -> str:
    """Who does better where and by how much, and what the interval covers; after the first letter of `on`."""
    decided = {
        "better": f"{one} does better than {other}",
        "worse": f"{one} does worse than {other}",
        "inconclusive": f"{one} against {other} is inconclusive{findable(result[ZERO_SHOT])}",
        ONE_RUN: f"{one} minus {other}, one run",
    }[result["verdict"]]
    english = f", in English {difference(result[ENGLISH])}" if ENGLISH in result else ""
    where = f"n {result['target']} ({result['data']} data) in the languages without labels"
    return f"{where} {decided}: {difference(result[ZERO_SHOT])}{english}; {covered(result[ZERO_SHOT], seeds)}"


def _unlike(result: Mapping[str, Any]) -> str:
    return f"; not matched: {', '.join(result['not_matched'])}" if result["not_matched"] else ""


def findable(record: Mapping[str, Any]) -> str:
    """The minimum detectable difference of such a study, if there is any; "" where that is not known."""
    if record["p"] is None:
        return ""
    if record["detectable"] is None:
        return "; so few training runs find no difference, however large, in four of five such studies"
    return f"; {percent(record['detectable'])} points would have been found in four of five such studies"


def covered(record: Mapping[str, Any], seeds: int) -> str:
    """What an interval covers; of one run, that it decides nothing, and how many would."""
    if seeds > 1:
        return f"the interval covers {covers(seeds)}"
    needed = record.get("seeds_needed")
    enough = f"about {needed} seeds" if needed else "no number of seeds that is worth it, only more test items,"
    return f"one run decides nothing, {enough} would settle a difference of this size"


def _at(result: Mapping[str, Any]) -> str:
    """What the two are matched at, up to the first letter of `on`."""
    matching = result["matching"]
    if matching not in _AIMS:
        return "O"
    if matching in result["matched"]:
        return f"At {_AIMS[matching]}: o"
    return f"Not at {_AIMS[matching]}, though meant so: o"


def _facts(result: Mapping[str, Any]) -> str:
    unlike = f"; of the same scenes {result['unlike']}" if result["unlike"] else ""
    if result["matching"] in COST_NAMES:
        return f"; one of the two saw a part of its examples only{unlike}"
    return unlike if result["same_facts"] else "; the two tasks do not carry the same facts"


def details(result: Mapping[str, Any]) -> list[str]:
    """In which languages and question types, with and without the pictures, and against no intermediate training."""
    minus = f"{result['multimodal']} minus {result['text']}"
    tested = "one run" if result["verdict"] == ONE_RUN else "Holm"
    found = [f"By language ({tested}), {minus}: {_by_verdict(result['languages'])}."]
    typed = {name: own[ZERO_SHOT] for name, own in result["types"].items() if ZERO_SHOT in own}
    if typed:
        found.append(f"By question type in these languages ({tested}), {minus}: {_by_verdict(typed)}.")
    if "above_blind" in result["controls"]:
        found.append(" ".join(_without_pictures(result["controls"])))
    if result["against_none"]:
        gains = (f"{route} {difference(own[ZERO_SHOT])}" for route, own in result["against_none"].items())
        found.append(f"Against no intermediate training: {', '.join(gains)}.")
    return found


def _without_pictures(controls: Mapping[str, Any]) -> Iterator[str]:
    for where, place in ((ZERO_SHOT, ""), (ENGLISH, " in English")):
        if where in controls["above_blind"]:
            blind, above = (controls[name][where] for name in ("blind", "above_blind"))
            yield f"Without the pictures the difference{place} is {difference(blind)}; {_added(above)}."


def _added(record: Mapping[str, Any]) -> str:
    """What the pictures add to a difference, if it is more or less than nothing."""
    if verdict(record) == ONE_RUN:
        return f"what they add to it is {difference(record)}"
    if inconclusive(record):
        return f"whether they add anything to it is inconclusive: {difference(record)}"
    return f"they add {difference(record)} to it"


def _by_verdict(differences: Mapping[str, Mapping[str, Any]]) -> str:
    """`better in ko (+15.0 points), pt (+14.6 points); inconclusive in de`, the largest difference first."""
    ranked = sorted(differences, key=lambda name: -abs(differences[name]["difference"] or 0))
    parts = []
    for said in VERDICTS:
        named = [name for name in ranked if verdict(differences[name]) == said]
        sizes = [f"{name} ({points(differences[name]['difference'])} points)" for name in named]
        listed = ", ".join(named if said == "inconclusive" else sizes)
        parts += [listed if said == ONE_RUN else f"{said} in {listed}"] if named else []
    return "; ".join(parts)


def sentences(content: Mapping[str, Any]) -> Sequence[str]:
    """What metrics/answer.json says, twins with their details; without an answer, what to add for one.

    A file of an earlier revision may have no details and no controls.
    """
    missing = [f"No answer yet; {one}." for one in content["missing"][:1]]
    said = []
    for one in content["answers"]:
        said += [one["sentence"], *(one.get("details", ()) if one.get("matching") not in COST_NAMES else ())]
    controls = [one["sentence"] for kind in ("exposure", "shuffled_labels") for one in content.get(kind, ())]
    lacking = [f"Not controlled: {one}." for one in content.get("controls_missing", ()) if "equal exposure" in one]
    return [*(said or missing), *controls, *lacking]
