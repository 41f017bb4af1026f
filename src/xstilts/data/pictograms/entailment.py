"""Hypotheses on scenes: true of the scene, false, or not decided by it; in MultiNLI's and SNLI-VE's layouts.

`mnli` and `snli_ve` are twins: the same hypotheses and labels, about the description and about the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from xstilts.data.pictograms.balance import Balance
from xstilts.data.pictograms.describe import counted, describe, english
from xstilts.data.pictograms.families import FAMILIES, Candidate, absent_nouns, all_candidates, present_nouns
from xstilts.data.pictograms.grammar import forms_of
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.scene import COLOURS, Scene
from xstilts.data.pictograms.wording import arguments, capitalise, pick

ENTAILMENT, NEUTRAL, CONTRADICTION = LABELS = ("entailment", "neutral", "contradiction")
NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four"}
_CLAIMING = ("side", "half", "beside", "stacked", "which_size", "count")
_RELATING = ("left_of", "right_of", "above", "below")
Row = dict[str, object]


@dataclass(frozen=True)
class Statement(Candidate):
    """A hypothesis before it is worded; `answer` is its label.

    Attributes:
        claim: what the template's field `claim` is filled with.
    """

    claim: str = ""


@dataclass(frozen=True)
class Hypothesis:
    """A worded hypothesis on a scene."""

    id: str
    scene: Scene
    label: str
    sentence: str


def hypotheses_on(scenes: Iterable[Scene], seed: int) -> list[Hypothesis]:
    """Three hypotheses a scene, one of each label, in random order; families take turns."""
    templates = {**english()["statements"], **english()["neutral"]}
    shares, answers = dict.fromkeys(templates, 1.0), dict.fromkeys(templates, ())
    balances: dict[str, Balance[Statement]] = {label: Balance(shares, answers) for label in LABELS}
    found: list[Hypothesis] = []
    for scene in scenes:
        random = Random(f"{seed}:hypotheses:{scene.id}")
        statements = [*_decided(scene, random), *_undecided(scene, random)]
        for number, label in enumerate(random.sample(LABELS, len(LABELS))):
            own = [one for one in statements if one.answer == label]
            [chosen] = balances[label].choose(own, 1, random)
            key = f"{scene.id}-h{number}"
            found.append(Hypothesis(key, scene, label, _word(chosen, pick(templates[chosen.family], key))))
    return found


def mnli_rows(hypotheses: Iterable[Hypothesis], seed: int) -> Iterator[Row]:
    """Rows of MultiNLI's jsonl: the premise is the scene's description."""
    for one in hypotheses:
        text = {"sentence1": describe(one.scene, seed).text, "sentence2": one.sentence}
        yield {**_labels(one), "genre": "pictograms", "promptID": one.scene.id, **text}


def snli_ve_rows(hypotheses: Iterable[Hypothesis]) -> Iterator[Row]:
    """Rows of SNLI-VE's jsonl: the premise is the image."""
    for one in hypotheses:
        yield {**_labels(one), "Flickr30K_ID": one.scene.id, "sentence2": one.sentence}


def _labels(one: Hypothesis) -> Row:
    return {"annotator_labels": [one.label], "gold_label": one.label, "pairID": one.id}


def _word(statement: Statement, template: str) -> str:
    return capitalise(template.format(claim=statement.claim, **arguments(statement, "en")))


def _decided(scene: Scene, random: Random) -> Iterator[Statement]:
    """Statements that the scene makes true or false."""
    for asked in all_candidates(scene, random):
        family, nouns, colours = asked.family, asked.nouns, asked.colours
        if FAMILIES[family].answers == ("yes", "no"):
            yield Statement(family, _label(asked.answer == "yes"), nouns, colours)
        if family == "exist":
            yield Statement("absent", _label(asked.answer == "no"), nouns)
        if family == "exist" and asked.answer == "no":  # else "exactly one" would nearly always be true
            yield Statement("count", CONTRADICTION, nouns, (), _spell("count", "1", nouns))
        if family in _CLAIMING:
            for claim in FAMILIES[family].answers:
                label, spelt = _label(claim == asked.answer), _spell(family, claim, nouns)
                yield Statement(family, label, nouns, colours, spelt)
        if family in _RELATING:
            for noun in _doubtful(scene, asked, random):
                yield Statement(family, _label(noun == asked.answer), nouns, (), _indefinite(noun))


def _doubtful(scene: Scene, asked: Candidate, random: Random) -> Iterable[str]:
    """Nouns that might stand beside another: all that the scene shows, and one that it does not."""
    shown = sorted(set(present_nouns(scene)) - set(asked.nouns))
    return chain(shown, absent_nouns(scene, random)[:1])


def _undecided(scene: Scene, random: Random) -> Iterator[Statement]:
    """Statements on which neither image nor description says anything."""
    for noun in absent_nouns(scene, random):
        yield Statement("outside", NEUTRAL, (noun,))
    names = [placed.noun for placed in scene.unique()]
    for name in names:
        yield Statement(load_nouns()[name].kind, NEUTRAL, (name,))
        yield Statement("yesterday", NEUTRAL, (name,), (), random.choice(("left", "right")))
        for family in ("back_colour", "earlier_colour"):
            yield Statement(family, NEUTRAL, (name,), (random.choice(COLOURS),))
        for family in ("older", "same_artist"):
            yield from (Statement(family, NEUTRAL, (name, other)) for other in names if other != name)
        yield Statement("back_noun", NEUTRAL, (name, random.choice(absent_nouns(scene, random))))


def _spell(family: str, claim: str, nouns: tuple[str, ...]) -> str:
    return counted(nouns[0], NUMBERS[claim]) if family == "count" else claim


def _indefinite(noun: str) -> str:
    return forms_of("en", load_nouns()[noun].forms["en"])["a"]


def _label(true: bool) -> str:
    return ENTAILMENT if true else CONTRADICTION
