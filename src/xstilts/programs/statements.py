"""An English statement from a layout and an answer: what is true of the picture if that answer is right.

So a question becomes a hypothesis for a model of entailment (Demszky et al. 2018, Transforming Question Answering
Datasets Into Natural Language Inference Datasets, do it by rules on parsed questions; here the layout is the parse).
The grammar is the plainest, as that of `xstilts.programs.canonical`; a world with an idiom of its own brings wordings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from xstilts.programs.canonical import Phrase, pattern, phrase_of, place_of
from xstilts.programs.layout import Layout, Step
from xstilts.programs.operations import CLOSED, FORMS, TRUTH

YES, NO = "yes", "no"
NUMBERS: Mapping[str, str] = {"0": "no", "1": "one", "2": "two", "3": "three", "4": "four"}
_ARTICLE = re.compile(r"\b([Aa])n? (?=(\w))")


def statement(layout: Layout, answer: str, wordings: Mapping[str, str] | None = None) -> str:
    """What an answer claims; for a question that takes yes or no, what yes does.

    Args:
        answer: to the layout's question, in English.
        wordings: `{pattern: statement}` for layouts that are worded otherwise, with `{0}`, `{1}` and so on for the open
            slots, `{answer}`, and `{number}`, the answer with the first slot: `two dogs`.
    """
    if wording := (wordings or {}).get(pattern(layout)):
        values = [slot.value for slot in layout.slots if slot.type not in CLOSED]
        text = wording.format(*values, answer=answer, number=_counted(values[0], answer) if values else "")
    else:
        text = _stated(layout, len(layout.steps) - 1, answer) + "."
    return with_articles(text[0].upper() + text[1:])


def options(layout: Layout) -> tuple[str, ...]:
    """The answers that a layout itself names: yes and no, or those to choose from; none of an open question."""
    step = layout.steps[-1]
    if FORMS[step.form].gives == TRUTH:
        return YES, NO
    if step.form == "choose more":
        return tuple(phrase_of(layout, place).noun or "" for place in step.inputs)
    return tuple(step.values[-2:]) if step.form.startswith("choose") else ()


def with_articles(text: str) -> str:
    """The text with `a` and `an` as the next word's first letter has it."""
    return _ARTICLE.sub(lambda match: f"{match[1]}{'n' if match[2] in 'aeiou' else ''} ", text)


def _stated(layout: Layout, number: int, answer: str) -> str:
    step = layout.steps[number]
    if step.form in ("and", "or"):
        return _joined(layout, step)
    return STATEMENTS[step.form](step, answer, *(phrase_of(layout, place) for place in step.inputs))


def _joined(layout: Layout, step: Step) -> str:
    """Two statements as one where both are of what there is, else side by side."""
    first, second = (layout.steps[place] for place in step.inputs)
    if (first.form, second.form) == ("exist", "exist"):
        one, other = (phrase_of(layout, branch.inputs[0]).one for branch in (first, second))
        start = "there are both" if step.form == "and" else "there is"
        return f"{start} {one} {step.form} {other} in the picture"
    return f" {step.form} ".join(_stated(layout, place, YES) for place in step.inputs)


def _counted(noun: str, number: str) -> str:
    return f"{NUMBERS.get(number, number)} {noun}{'' if number == '1' else 's'}"


def _more(step: Step, answer: str, one: Phrase, other: Phrase) -> str:
    winner, loser = (other, one) if answer == other.noun else (one, other)
    return f"{winner} is {step.values[0]} than {loser}"


def _related(subject: object, relation: str, thing: object) -> str:
    return f"{subject} is {relation} {thing}"


STATEMENTS: Mapping[str, Callable[..., str]] = {
    "exist": lambda step, answer, one: f"there is {one.one}" + ("" if one.clauses else " in the picture"),
    "verify": lambda step, answer, one: f"{one} is {step.values[1]}",
    "verify position": lambda step, answer, one: f"{one} is {place_of(step.values[1])}",
    "verify subject": lambda step, answer, one: _related(Phrase(step.values[0]).one, step.values[1], one),
    "verify object": lambda step, answer, one: _related(one, step.values[1], Phrase(step.values[0]).one),
    "same": lambda step, answer, one, other: f"{one} and {other} have the same {step.values[0]}",
    "different": lambda step, answer, one, other: f"{one} and {other} differ in {step.values[0]}",
    "all same": lambda step, answer, one: f"all of {one}s are of the same {step.values[0]}",
    "all different": lambda step, answer, one: f"{one}s are of different {step.values[0]}s",
    "common": lambda step, answer, one, other: f"{one} and {other} have the same {answer}",
    "choose more": _more,
    "compare": lambda step, answer, one, other: f"{one} is {step.values[0]} than {other}",
    "choose": lambda step, answer, one: f"{one} is {answer}",
    "choose position": lambda step, answer, one: f"{one} is {place_of(answer)}",
    "choose name": lambda step, answer, one: f"{one} is {Phrase(answer).one}",
    "choose subject": lambda step, answer, one: _related(Phrase(step.values[0]), answer, one),
    "choose object": lambda step, answer, one: _related(one, answer, Phrase(step.values[0])),
    "choose between": lambda step, answer, one, other: _related(one, answer, other),
    "query name": lambda step, answer, one: f"{one} is {Phrase(answer).one}",
    "query": lambda step, answer, one: f"the {step.values[0]} of {one} is {answer}",
    "query position": lambda step, answer, one: f"{one} is {place_of(answer)}",
    "count": lambda step, answer, one: f"the picture shows exactly {_counted(one.bare, answer)}",
}
