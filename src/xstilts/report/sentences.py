"""What the comparisons of metrics/answer.json say in words, made of their numbers alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.costs import in_words
from xstilts.report.differences import covers
from xstilts.report.numbers import (
    ONE_RUN,
    VERDICTS,
    Verdict,
    difference,
    inconclusive,
    p_value,
    percent,
    points,
    verdict,
)

Result = Mapping[str, Any]
# The kinds of comparisons, and what the two sides of each are called.
NAMES = {
    "answers": ("{multimodal} (multimodal)", "{text} (text-only)"),
    "exposure": ("{route}", "{control} (control)"),
    "shuffled_labels": ("{route} (control)", "{baseline}"),
    "trained_blind": ("{route}", "{control} (trained blind)"),
}
_SAID: dict[Verdict, str] = {
    "better": "{} does better than {}",
    "worse": "{} does worse than {}",
    "inconclusive": "{} against {} is inconclusive",
    ONE_RUN: "{} minus {}, one run,",
}


def sentence(kind: str, result: Result) -> str:
    """Verdict, difference and interval, in at most 25 words.

    Args:
        kind: a key of `NAMES`.
        result: a comparison of that kind.
    """
    said = _SAID[result["verdict"]].format(*(name.format(**result) for name in NAMES[kind]))
    place = f"On {result['target']}"
    if kind == "exposure":
        place = f"{'At' if result['matched'] else 'Not at'} equal exposure on {result['target']}"
    return f"{place}, {said} in the languages without labels: {difference(result[ZERO_SHOT])}."


def details(kind: str, result: Result, seeds: int) -> list[str]:
    """What else is to be known of a comparison, in sentences: what training took first.

    Args:
        seeds: training runs of each route.
    """
    return [*_rests_on(result, seeds), *(_of_twins(result) if kind == "answers" else _of_labels(result))]


def _rests_on(result: Result, seeds: int) -> Iterator[str]:
    """What both sides took, the score in English, what the interval covers, and what such a study can find."""
    (one, took), (other, its) = ((result[side], own) for side, own in result["exposure"].items())
    yield f"Both phases of {one} took {in_words(took)}; those of {other} took {in_words(its)}."
    if ENGLISH in result:
        yield f"In English: {difference(result[ENGLISH])}."
    own = result[ZERO_SHOT]
    yield f"Scored on {result['data']} data; {covered(own, seeds)}{_tested(result)}."
    if result["verdict"] == "inconclusive" and own["p"] is not None:
        known = own["detectable"] is not None
        size = f"A difference of {percent(own['detectable'])} points" if known else "No difference, however large,"
        yield f"{size} would have been found in four of five such studies."


def covered(record: Result, seeds: int) -> str:
    """What an interval covers; with one run, that it decides nothing, and how many would."""
    if seeds > 1:
        return f"the interval covers {covers(seeds)}"
    needed = record.get("seeds_needed")
    enough = f"about {needed} seeds would settle" if needed else "and more seeds alone would hardly settle"
    return f"one run decides nothing, {enough} a difference of this size"


def _tested(result: Result) -> str:
    """The p-value that decides, and over what it is."""
    own = result[ZERO_SHOT]
    if own["p"] is None:
        return ""
    if result.get("primary"):
        return f"; p of this primary comparison is {p_value(own['p'])}"
    return f"; p by Holm over {result['tested_with']} comparisons is {p_value(own['p_holm'])}"


def _of_twins(result: Result) -> Iterator[str]:
    """What twins do not share, where they differ, with the pictures masked, and against no intermediate training."""
    if "facts" not in result["matched"]:
        yield "The two tasks do not carry the same facts."
    elif result["unlike"]:
        yield f"Of the same scenes {result['unlike']}."
    minus = f"{result['multimodal']} minus {result['text']}"
    tested = "one run" if result["verdict"] == ONE_RUN else "Holm"
    yield f"By language ({tested}), {minus}: {_by_verdict(result['languages'])}."
    if typed := {name: own[ZERO_SHOT] for name, own in result["types"].items() if ZERO_SHOT in own}:
        yield f"By question type in these languages ({tested}), {minus}: {_by_verdict(typed)}."
    for where, place in ((ZERO_SHOT, ""), (ENGLISH, " in English")):
        if where in (above := result["controls"].get("above_blind", {})):
            masked = difference(result["controls"]["blind"][where])
            yield f"With the pictures masked at test time the difference{place} is {masked}; {_added(above[where])}."
    if result["against_none"]:
        gains = (f"{route} {difference(own[ZERO_SHOT])}" for route, own in result["against_none"].items())
        yield f"Against no intermediate training: {', '.join(gains)}."


def _of_labels(result: Result) -> Iterator[str]:
    """What a control with shuffled labels says about its task's labels."""
    if "task" in result and result["verdict"] == "better":
        yield f"Its labels say nothing, so what {result['task']} gains is not all due to its labels."
    if "labels_teach" in result:
        yield f"The labels of {result['task']} are worth {difference(result['labels_teach'][ZERO_SHOT])}."


def _added(record: Result) -> str:
    """What the pictures add to a difference, if it is more or less than nothing."""
    if verdict(record) == ONE_RUN:
        return f"what the pictures add to it is {difference(record)}"
    if inconclusive(record):
        return f"whether the pictures add anything to it is inconclusive: {difference(record)}"
    return f"the pictures add {difference(record)} to it"


def _by_verdict(differences: Mapping[str, Result]) -> str:
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
    """What metrics/answer.json says, twins with all their details; without an answer, what to add for one.

    A file of an earlier revision may have no details and no controls.
    """
    twins = [said for one in content["answers"] for said in (one["sentence"], *one.get("details", ()))]
    missing = [f"No answer yet; {one}." for one in content["missing"][:1]]
    controls = [one for kind in NAMES if kind != "answers" for one in content.get(kind, ())]
    briefly = [" ".join([one["sentence"], *one.get("details", ())[:1]]) for one in controls if "sentence" in one]
    lacking = [f"Not controlled: {one}." for one in content.get("controls_missing", ()) if "equal exposure" in one]
    return [*(twins or missing), *briefly, *lacking]
