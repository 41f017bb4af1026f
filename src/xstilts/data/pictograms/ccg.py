"""English sentences on scenes with a lexical category of combinatory categorial grammar a word, as CCGbank has them.

The categories are written down template by template in ccg.yaml, so that each is right by construction: the words
of `on` in `a dog on a card` (a modifier) and in `is on a card` (a complement) have different ones. The sentences are
those of the descriptions, of the true statements (as in `mnli`) and of the questions (as in `gqa`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.balance import Balance
from xstilts.data.pictograms.entailment import NUMBERS
from xstilts.data.pictograms.families import Candidate, all_candidates
from xstilts.data.pictograms.nouns import load_nouns, read_package_yaml
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.wording import capitalise, noun_forms, pick

PER_SCENE = 2


@dataclass(frozen=True)
class Sentence(Candidate):
    """A sentence before it is worded; `family` is its section and key in ccg.yaml, `side/half/size` a description's."""

    half: str = ""
    side: str = ""
    size: str = ""


def stagged_lines(scenes: Iterable[Scene], seed: int) -> Iterator[str]:
    """Two lines a scene, each a sentence of `word|part of speech|category`, one space apart."""
    keys = [f"{section}.{family}" for section, families in templates().items() for family in families]
    balance: Balance[Sentence] = Balance(dict.fromkeys(keys, 1.0), dict.fromkeys(keys, ()))
    for scene in scenes:
        random = Random(f"{seed}:ccg:{scene.id}")
        for number, chosen in enumerate(balance.choose(list(_sentences(scene, random)), PER_SCENE, random)):
            section, family = chosen.family.split(".")
            yield tagged_line(pick(templates()[section][family], f"{scene.id}-{number}"), chosen)


@cache
def templates() -> dict[str, Any]:
    """The templates of ccg.yaml by section and family."""
    return read_package_yaml("ccg.yaml")


def tagged_line(template: str, sentence: Sentence) -> str:
    """Fill a template of ccg.yaml."""
    return capitalise(template.format(**_values(sentence)))


def _sentences(scene: Scene, random: Random) -> Iterator[Sentence]:
    """What ccg.yaml can say of a scene: true statements, and questions whatever their answer."""
    for placed in scene.objects:
        yield _description(placed)
    for asked in all_candidates(scene, random):
        family, answer = asked.family, asked.answer
        if family in templates()["questions"]:
            yield Sentence(f"questions.{family}", answer, asked.nouns, asked.colours)
        if family == "exist" and answer == "no":
            yield Sentence("statements.absent", answer, asked.nouns)
        elif family in templates()["statements"] and answer != "no":
            yield Sentence(f"statements.{family}", answer, asked.nouns, asked.colours)


def _description(placed: Placed) -> Sentence:
    nouns, colours = (placed.noun,), (placed.colour,)
    return Sentence("description.object", "", nouns, colours, placed.half, placed.side, placed.size)


def _values(sentence: Sentence) -> dict[str, Any]:
    nouns = {name: _noun(noun) for name, noun in zip("ab", sentence.nouns, strict=False)}
    colours = dict(zip("cd", sentence.colours, strict=False))
    place = {"half": sentence.half, "side": sentence.side, "size": sentence.size, "answer": sentence.answer}
    number = _number(sentence) if sentence.family == "statements.count" else None
    return {**nouns, **colours, **place, "n": number}


def _noun(noun: str) -> SimpleNamespace:
    article, name = noun_forms(noun, "en").a.split()
    return SimpleNamespace(article=article, name=name)


def _number(sentence: Sentence) -> SimpleNamespace:
    """The number word, and the noun in the form that goes with it, singular (NN) or plural (NNS)."""
    forms = load_nouns()[sentence.nouns[0]].forms["en"]
    one = sentence.answer == "1"
    noun, tag = (forms["name"], "NN") if one else (forms["plural"], "NNS")
    return SimpleNamespace(number=NUMBERS[sentence.answer], noun=noun, tag=tag)
