"""Sentences on scenes with one tag per word, in the layouts of PAN-X (eight languages) and CCGbank (English).

PAN-X's tags say what a thing is: PER an animal, LOC a building or a landscape, ORG any other thing. A span is the whole
noun phrase with its article or classifier, as the template's brackets mark it.

CCGbank's tags are lexical categories of combinatory categorial grammar. They are written down template by template in
ccg.yaml, so that each is right by construction: the words of `on` in `a dog on a card` (a modifier) and in `is on a
card` (a complement) have different ones. The sentences are those of the descriptions, of the true statements (as in
`mnli`) and of the questions (as in `gqa`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.claims import Claim, contrasts_on, word_claim
from xstilts.data.pictograms.families import Candidate, all_candidates
from xstilts.data.pictograms.inference import NUMBERS
from xstilts.data.pictograms.nouns import load_nouns, read_package_yaml
from xstilts.data.pictograms.questions import Balance
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.telling import STYLES, tell
from xstilts.data.pictograms.wording import Place, capitalise, noun_forms, pick

TYPES = {"animal": "PER", "place": "LOC"}
OTHER = "ORG"
OUTSIDE = "O"
BY_CHARACTER = ("zh",)  # as in PAN-X
CLAIMED = ("exist", "colour", "side", "half")  # families whose templates mark their noun phrase
SCENES = {"train": 1200, "dev": 150, "test": 200}  # at most, two sentences each
_MARKS = r"""[.,;:?!()"।。，；：？！（）]"""
Tagged = list[tuple[str, str]]
PER_SCENE = 2
TEMPLATES = "ccg.yaml"  # by section and family


@dataclass(frozen=True)
class Sentence:
    """A sentence before it is worded: objects told in a style, or a claim."""

    style: str = ""
    objects: tuple[Placed, ...] = ()
    claim: Claim = field(default_factory=lambda: Claim("", ""))


def sentences_on(scenes: Sequence[Scene], split: str, seed: int) -> list[Sentence]:
    """Two sentences per scene: one describes up to three of its objects, the other makes a claim, true or not."""
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

    A word that overlaps a phrase belongs to it: a Korean noun and its particle are one word.
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
    """Where the words are: between spaces, with punctuation separate; in Chinese every character."""
    pattern = r"\S" if language in BY_CHARACTER else rf"{_MARKS}|[^\s{_MARKS[1:]}+"
    return [match.span() for match in re.finditer(pattern, text)]


def columns(sentences: Iterable[Tagged]) -> str:
    """A file of PAN-X: a word and its tag per line, an empty line after every sentence."""
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in sentences)


@dataclass(frozen=True)
class CcgSentence(Candidate):
    """A sentence before it is worded; `family` is its section and key in ccg.yaml, `side/half/size` a description's."""

    half: str = ""
    side: str = ""
    size: str = ""


def stagged_lines(scenes: Iterable[Scene], seed: int) -> Iterator[str]:
    """Two lines per scene, each a sentence of `word|part of speech|category` with single spaces between."""
    keys = [f"{section}.{family}" for section, families in read_package_yaml(TEMPLATES).items() for family in families]
    balance: Balance[CcgSentence] = Balance(dict.fromkeys(keys, 1.0), dict.fromkeys(keys, ()))
    for scene in scenes:
        random = Random(f"{seed}:ccg:{scene.id}")
        for number, chosen in enumerate(balance.choose(list(_sentences(scene, random)), PER_SCENE, random)):
            section, family = chosen.family.split(".")
            template = pick(read_package_yaml(TEMPLATES)[section][family], f"{scene.id}-{number}")
            yield capitalise(template.format(**_values(chosen)))


def _sentences(scene: Scene, random: Random) -> Iterator[CcgSentence]:
    """What ccg.yaml can say about a scene: true statements, and questions with any answer."""
    templates = read_package_yaml(TEMPLATES)
    for placed in scene.objects:
        facts = ((placed.noun,), (placed.colour,), placed.half, placed.side, placed.size)
        yield CcgSentence("description.object", "", *facts)
    for asked in all_candidates(scene, random):
        family, answer = asked.family, asked.answer
        if family in templates["questions"]:
            yield CcgSentence(f"questions.{family}", answer, asked.nouns, asked.colours)
        if family == "exist" and answer == "no":
            yield CcgSentence("statements.absent", answer, asked.nouns)
        elif family in templates["statements"] and answer != "no":
            yield CcgSentence(f"statements.{family}", answer, asked.nouns, asked.colours)


def _values(sentence: CcgSentence) -> dict[str, Any]:
    nouns = {name: _noun(noun) for name, noun in zip("ab", sentence.nouns, strict=False)}
    colours = dict(zip("cd", sentence.colours, strict=False))
    place = {"half": sentence.half, "side": sentence.side, "size": sentence.size, "answer": sentence.answer}
    number = _number(sentence) if sentence.family == "statements.count" else None
    return {**nouns, **colours, **place, "n": number}


def _noun(noun: str) -> SimpleNamespace:
    article, name = noun_forms(noun, "en").a.split()
    return SimpleNamespace(article=article, name=name)


def _number(sentence: CcgSentence) -> SimpleNamespace:
    """The number word, and the noun in the form that goes with it, singular (NN) or plural (NNS)."""
    forms = load_nouns()[sentence.nouns[0]].forms["en"]
    one = sentence.answer == "1"
    noun, tag = (forms["name"], "NN") if one else (forms["plural"], "NNS")
    return SimpleNamespace(number=NUMBERS[sentence.answer], noun=noun, tag=tag)
