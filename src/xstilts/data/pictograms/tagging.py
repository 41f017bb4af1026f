"""Noun phrases to be found in sentences on scenes, in PAN-X's layout and tag set, in eight languages.

The tags say what a thing is: PER an animal, LOC a building or a landscape, ORG any other thing. A span is the whole
noun phrase with its article or classifier, as the template's brackets mark it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from xstilts.data.pictograms.claims import Claim, contrasts_on, word_claim
from xstilts.data.pictograms.filling import Place
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.telling import STYLES, tell

TYPES = {"animal": "PER", "place": "LOC"}
OTHER = "ORG"
OUTSIDE = "O"
BY_CHARACTER = ("zh",)  # as in PAN-X
CLAIMED = ("exist", "colour", "side", "half")  # families whose templates mark their noun phrase
SCENES = {"train": 1200, "dev": 150, "test": 200}  # at most, two sentences each
_MARKS = r"""[.,;:?!()"।。，；：？！（）]"""
Tagged = list[tuple[str, str]]


@dataclass(frozen=True)
class Sentence:
    """A sentence before it is worded: objects told in a style, or a claim."""

    style: str = ""
    objects: tuple[Placed, ...] = ()
    claim: Claim = field(default_factory=lambda: Claim("", ""))


def sentences_on(scenes: Sequence[Scene], split: str, seed: int) -> list[Sentence]:
    """Two sentences a scene: one tells up to three of its objects, the other one claims something, true or not."""
    found: list[Sentence] = []
    for scene, contrasts in contrasts_on(scenes[: SCENES[split]], 4, seed, "tagging"):
        random = Random(f"{seed}:tagging:told:{scene.id}")
        objects = random.sample(scene.objects, random.randint(1, min(3, len(scene.objects))))
        found.append(Sentence(random.choice(STYLES), tuple(objects)))
        claims = [one for one in contrasts if one.family in CLAIMED]
        if claims:
            contrast = random.choice(claims)
            found.append(Sentence(claim=random.choice((contrast.true, contrast.false))))
    return found


def tagged(sentence: Sentence, language: str) -> Tagged:
    """The words of a sentence and their tags.

    A word that holds any of a phrase belongs to it: a Korean noun and its particle are one word.
    """
    if sentence.style:
        told = tell(language, sentence.style, sentence.objects)
        return _tag(language, told.text, told.phrases)
    filled = word_claim(sentence.claim, language)
    return _tag(language, filled.text, [(phrase.place, sentence.claim.nouns[0]) for phrase in filled.phrases])


def _tag(language: str, text: str, phrases: Iterable[tuple[Place, str]]) -> Tagged:
    words = words_of(language, text)
    tags = [OUTSIDE] * len(words)
    for (start, end), noun in phrases:
        kind = TYPES.get(load_nouns()[noun].kind, OTHER)
        inside = [index for index, (first, last) in enumerate(words) if first < end and last > start]
        for index in inside:
            tags[index] = f"{'B' if index == inside[0] else 'I'}-{kind}"
    return [(text[first:last], tag) for (first, last), tag in zip(words, tags, strict=True)]


def words_of(language: str, text: str) -> list[Place]:
    """Where the words stand: between spaces, punctuation apart; in Chinese every character."""
    pattern = r"\S" if language in BY_CHARACTER else rf"{_MARKS}|[^\s{_MARKS[1:]}+"
    return [match.span() for match in re.finditer(pattern, text)]


def columns(sentences: Iterable[Tagged]) -> str:
    """A file of PAN-X: a word and its tag a line, an empty line behind every sentence."""
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in sentences)
