"""The answer in words, made of its numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xstilts.report.bootstrap import SIGNIFICANT
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.differences import covers, in_points, signed

COST_NAMES = {"updates": "a matched number of updates", "tokens": "a matched number of tokens"}


def sentence(result: Mapping[str, Any], seeds: int) -> str:
    """Verdict, difference and interval, what they cover, and what is not matched, in one sentence.

    Args:
        result: an entry of `answers` in metrics/answer.json.
        seeds: training runs of each route.
    """
    two = f"{result['multimodal']} (multimodal)", f"{result['text']} (text-only)"
    runs = " in this one pair of training runs" if seeds == 1 else ""
    decided = {
        "better": f"{two[0]} does better than {two[1]}{runs}",
        "worse": f"{two[0]} does worse than {two[1]}{runs}",
        "cannot tell": f"one cannot tell {two[0]} from {two[1]}{runs}{findable(result[ZERO_SHOT])}",
    }[result["verdict"]]
    english = f", in English {in_points(result[ENGLISH])}" if ENGLISH in result else ""
    unlike = f"; not matched: {', '.join(result['not_matched'])}" if result["not_matched"] else ""
    where = f"{_at(result)}n {result['target']} ({result['data']} data) in the languages without labels"
    said = f"{where} {decided}: {in_points(result[ZERO_SHOT])}{english}; "
    return f"{said}the interval covers {covered(seeds)}{_facts(result)}{unlike}."


def findable(difference: Mapping[str, Any]) -> str:
    """The smallest difference that such a study would have shown, if any; "" where that is not known."""
    if difference["interval"][0] is None:
        return ""
    if difference["smallest"] is None:
        return "; so few training runs find no difference, however large, in four of five such studies"
    return f"; {100 * difference['smallest']:.1f} points would have been found in four of five such studies"


def covered(seeds: int) -> str:
    """What an interval covers, and what it does not."""
    return "test items, not other training runs" if seeds == 1 else covers(seeds)


def _at(result: Mapping[str, Any]) -> str:
    """What the pair is matched at, up to the first letter of `on`."""
    matching = result["matching"]
    if matching not in COST_NAMES:
        return "O"
    if matching in result["matched"]:
        return f"At {COST_NAMES[matching]}: o"
    return f"Not at {COST_NAMES[matching]}, though meant so: o"


def _facts(result: Mapping[str, Any]) -> str:
    unlike = f"; of the same scenes {result['unlike']}" if result["unlike"] else ""
    if result["matching"] in COST_NAMES:
        return f"; one of the two saw a part of its examples only{unlike}"
    return unlike if result["same_facts"] else "; the two tasks do not carry the same facts"


def details(result: Mapping[str, Any]) -> list[str]:
    """In which languages and question types, with and without the pictures, and against no intermediate training."""
    less = f"{result['multimodal']} less {result['text']}"
    found = [f"By language (Holm), {less}: {_by_verdict(result['languages'])}."]
    typed = {name: own[ZERO_SHOT] for name, own in result["types"].items() if ZERO_SHOT in own}
    if typed:
        found.append(f"By question type in these languages (Holm), {less}: {_by_verdict(typed)}.")
    if "above_blind" in result["controls"]:
        found.append(" ".join(_without_pictures(result["controls"])))
    if result["against_none"]:
        gains = (f"{route} {in_points(own[ZERO_SHOT])}" for route, own in result["against_none"].items())
        found.append(f"Against no intermediate training: {', '.join(gains)}.")
    return found


def _without_pictures(controls: Mapping[str, Any]) -> Iterator[str]:
    for where, place in ((ZERO_SHOT, ""), (ENGLISH, " in English")):
        if where in controls["above_blind"]:
            blind, above = (controls[name][where] for name in ("blind", "above_blind"))
            yield f"Without the pictures the difference{place} is {in_points(blind)}; {_added(above)}."


def _added(difference: Mapping[str, Any]) -> str:
    """What the pictures add to a difference, if it is more or less than nothing."""
    low, high = difference["interval"]
    if low is None or low <= 0 <= high:
        return f"whether they add anything to it one cannot tell: {in_points(difference)}"
    return f"they add {in_points(difference)} to it"


def _by_verdict(differences: Mapping[str, Mapping[str, Any]]) -> str:
    """`better in ko (+15.0 points), pt (+14.6 points); cannot tell in de`, the largest difference first."""
    ranked = sorted(differences, key=lambda name: -abs(differences[name]["difference"] or 0))
    parts = []
    for verdict in ("better", "worse", "cannot tell"):
        named = [name for name in ranked if _verdict(differences[name]) == verdict]
        sizes = [f"{name} ({signed(differences[name]['difference'])} points)" for name in named]
        parts += [f"{verdict} in {', '.join(named if verdict == 'cannot tell' else sizes)}"] if named else []
    return "; ".join(parts)


def _verdict(difference: Mapping[str, Any]) -> str:
    """The verdict on one of a family of differences, by Holm's p-value."""
    p = difference["p_holm"]
    if p is None or p > SIGNIFICANT or not difference["difference"]:
        return "cannot tell"
    return "better" if difference["difference"] > 0 else "worse"


def sentences(content: Mapping[str, Any]) -> Sequence[str]:
    """What metrics/answer.json says, twins with their details; without an answer, what to add for one.

    A file of an earlier revision may have no details and no controls.
    """
    missing = [f"No answer yet; {one}." for one in content["missing"][:1]]
    said = []
    for one in content["answers"]:
        said += [one["sentence"], *(one.get("details", ()) if one.get("matching") not in COST_NAMES else ())]
    return [*(said or missing), *(one["sentence"] for one in content.get("shuffled_labels", ()))]
