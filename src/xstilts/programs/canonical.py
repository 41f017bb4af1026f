"""A canonical English question from a layout: what a translate-test asks without a translator.

The grammar is the plainest of GQA's wordings (Hudson & Manning, CVPR 2019). A world with an idiom of its own (an
object's colour is that of the card that it lies on) brings wordings for its layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from xstilts.programs.layout import Layout, Step
from xstilts.programs.operations import CLOSED, FORMS, SCENE, THIS

_STATES = ("activity", "pose", "sportActivity")  # the man that is sitting
_PLACES = {"left": "on the left", "right": "on the right", "top": "at the top", "bottom": "at the bottom"}
_PICTURE = "picture"


@dataclass(frozen=True)
class Phrase:
    """A noun phrase.

    Attributes:
        noun: None for anything.
        adjectives: before the noun, each with a space behind it.
        clauses: behind it, as they stand in a phrase: ` wearing the hat`, ` that is sitting`.
        predicate: the last of them as a sentence's verb: ` is wearing the hat`, ` is sitting`; "" if there is none.
    """

    noun: str | None
    adjectives: str = ""
    clauses: tuple[str, ...] = ()
    predicate: str = ""

    def with_clause(self, clause: str, predicate: str) -> Phrase:
        """The phrase with a further clause."""
        return replace(self, clauses=(*self.clauses, clause), predicate=predicate)

    @property
    def bare(self) -> str:
        """Without an article: `red dress on the left`."""
        return f"{self.adjectives}{self.noun or 'thing'}{''.join(self.clauses)}"

    @property
    def one(self) -> str:
        """With the indefinite article."""
        return f"{'an' if self.bare[0] in 'aeiou' else 'a'} {self.bare}"

    def __str__(self) -> str:
        return self.bare if self.noun == THIS else f"the {self.bare}"


def pattern(layout: Layout) -> str:
    """Return what wordings are looked up by: the operations and arguments, with a hole for each open slot.

    `select {}>verify color {}`: the skeleton without its inputs, and what closed slots say.
    """
    return ">".join(_hollow(step) for step in layout.steps)


def _hollow(step: Step) -> str:
    values = tuple(slot.value if slot.type in CLOSED else "{}" for slot in step.slots)
    return " ".join(FORMS[step.form].write(values)).strip()


def canonical_question(layout: Layout, wordings: Mapping[str, str] | None = None) -> str:
    """Return an English question that asks for what the layout computes.

    Args:
        layout: of the question.
        wordings: `{pattern: question}` with one `{}` for each open slot, for layouts that are worded otherwise.
    """
    if wording := (wordings or {}).get(pattern(layout)):
        return wording.format(*(slot.value for slot in layout.slots if slot.type not in CLOSED))
    question = _question(layout, len(layout.steps) - 1)
    return question[0].upper() + question[1:] + "?"


def _question(layout: Layout, number: int) -> str:
    step = layout.steps[number]
    if step.form in ("and", "or"):
        return _joined(layout, step)
    return _QUESTIONS[step.form](step, *(phrase_of(layout, place) for place in step.inputs))


def _joined(layout: Layout, step: Step) -> str:
    """Two questions as one where they share a verb or an object, else side by side."""
    first, second = (layout.steps[place] for place in step.inputs)
    if (first.form, second.form) == ("exist", "exist"):
        one, other = (phrase_of(layout, branch.inputs[0]).one for branch in (first, second))
        start = "are there both" if step.form == "and" else "is there"
        return f"{start} {one} {step.form} {other} in the picture"
    if (first.form, second.form) == ("verify", "verify") and first.inputs == second.inputs:
        return f"is {phrase_of(layout, first.inputs[0])} {first.values[1]} {step.form} {second.values[1]}"
    return f" {step.form} ".join(_question(layout, place) for place in step.inputs)


def phrase_of(layout: Layout, number: int) -> Phrase:
    """The noun phrase for a step that gives objects."""
    step = layout.steps[number]
    if step.form == "select":
        return Phrase(_PICTURE if step.values[0] == SCENE else step.values[0])
    given = phrase_of(layout, step.inputs[0])
    if step.form.startswith("filter"):
        return _filtered(step, given)
    phrase, said = Phrase(None if "any" in step.form else step.values[0]), step.values[-1]
    if step.form == "relate same":
        return phrase.with_clause(f" with the same {said} as {given}", f" has the same {said} as {given}")
    if step.form.endswith("subject"):
        return phrase.with_clause(f" {said} {given}", f" is {said} {given}")
    return phrase.with_clause(f" that {given} is {said}", f" is {given} {said}")


def _filtered(step: Step, given: Phrase) -> Phrase:
    kind, value = step.values
    if step.form == "filter position":
        return given.with_clause(f" {place_of(value)}", f" is {place_of(value)}")
    if step.form == "filter not":
        return given.with_clause(f" that is not {value}", f" is not {value}")
    if kind in _STATES:
        return given.with_clause(f" that is {value}", f" is {value}")
    return replace(given, adjectives=f"{value} {given.adjectives}")


def place_of(position: str) -> str:
    return _PLACES.get(position, "in the middle")


def _query_name(step: Step, phrase: Phrase) -> str:
    if phrase.noun == THIS and not phrase.predicate:
        return f"what is {phrase}"
    named = phrase.noun is not None or phrase.adjectives
    asked = f"which {phrase.adjectives}{phrase.noun or 'thing'}" if named else "what"
    return f"{asked}{''.join(phrase.clauses[:-1])}{phrase.predicate or ' is in the picture'}"


def _query(step: Step, phrase: Phrase) -> str:
    category = step.values[0]
    if category in _STATES:
        return f"what is {phrase} doing"
    if phrase.noun == _PICTURE and category in ("place", "weather", "room", "location"):
        return f"which {category} does the picture show"
    return f"what {category} is {phrase}"


def _sides(step: Step, phrase: Phrase) -> str:
    one, other = (place_of(value) for value in step.values[1:])
    return f"is {phrase} {one} or {other}"


def _side(step: Step, phrase: Phrase) -> str:
    return f"where is {phrase}, " + ("left or right" if step.values[0] == "hposition" else "top or bottom")


_QUESTIONS: Mapping[str, Callable[..., str]] = {
    "exist": lambda step, one: f"is there {one.one}" + ("" if one.clauses else " in the picture"),
    "verify": lambda step, one: f"is {one} {step.values[1]}",
    "verify position": lambda step, one: f"is {one} {place_of(step.values[1])}",
    "verify subject": lambda step, one: f"is there {Phrase(step.values[0]).one} {step.values[1]} {one}",
    "verify object": lambda step, one: f"is {one} {step.values[1]} {Phrase(step.values[0]).one}",
    "same": lambda step, one, other: f"are {one} and {other} the same {step.values[0]}",
    "different": lambda step, one, other: f"are {one} and {other} different in {step.values[0]}",
    "all same": lambda step, one: f"are all of {one}s of the same {step.values[0]}",
    "all different": lambda step, one: f"are {one}s of different {step.values[0]}s",
    "common": lambda step, one, other: f"what do {one} and {other} have in common",
    "choose more": lambda step, one, other: f"which is {step.values[0]}, {one} or {other}",
    "compare": lambda step, one, other: f"is {one} {step.values[0]} than {other}",
    "choose": lambda step, one: f"is {one} {step.values[1]} or {step.values[2]}",
    "choose position": _sides,
    "choose name": lambda step, one: f"is {one} {Phrase(step.values[0]).one} or {Phrase(step.values[1]).one}",
    "choose subject": lambda step, one: f"is the {step.values[0]} {step.values[1]} or {step.values[2]} {one}",
    "choose object": lambda step, one: f"is {one} {step.values[1]} or {step.values[2]} the {step.values[0]}",
    "choose between": lambda step, one, other: f"is {one} {step.values[0]} or {step.values[1]} {other}",
    "query name": _query_name,
    "query": _query,
    "query position": _side,
    "count": lambda step, one: f"how many {one.bare}s are in the picture",
}
