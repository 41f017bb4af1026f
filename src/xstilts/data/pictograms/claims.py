"""Claims about one picture in eight languages: pairs with one true claim each, and claims that no picture decides.

A true claim and its false twin name the same nouns and differ in one word or colour or number, and each of a
family's claims is true about as often as false: the words of a claim do not reveal whether it is true.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.families import FAMILIES, Candidate, absent_nouns, all_candidates
from xstilts.data.pictograms.questions import Balance
from xstilts.data.pictograms.scene import COLOURS, Scene
from xstilts.data.pictograms.wording import Filled, arguments, capitalise, fill, wording_of

# The families with two answers that have a template for each, as `<family>.<answer>`.
TWO_SIDED = ("exist", "which_size", "side", "half", "beside", "stacked", "same_colour", "larger")
NEUTRAL = "neutral"


@dataclass(frozen=True)
class Claim(Candidate):
    """A claim before it is worded; `answer` is not used.

    Attributes:
        key: of its template in the language's section.
        number: what the field `n` is filled with.
    """

    key: str = ""
    number: str = ""


@dataclass(frozen=True)
class Contrast(Candidate):
    """A true claim and its false twin; `answer` is the family's answer that is true."""

    true: Claim = Claim("", "")
    false: Claim = Claim("", "")


def word_claim(claim: Claim, language: str, section: str = "statements") -> Filled:
    """Word a claim by the templates of a section of the language's file."""
    wording = wording_of(language)
    number = claim.number.translate(str.maketrans("0123456789", wording.get("digits", "0123456789")))
    filled = fill(wording[section][claim.key], {"n": number, **arguments(claim, language)})
    return Filled(capitalise(filled.text), filled.places, filled.phrases)


def contrasts_on(scenes: Iterable[Scene], count: int, seed: int, use: str) -> Iterator[tuple[Scene, list[Contrast]]]:
    """Choose up to `count` contrasts per scene; families take turns, and within each the answer that is true.

    Args:
        use: what the contrasts are for; another use gives others.
    """
    families = {name: FAMILIES[name].answers for name in (*TWO_SIDED, "colour", "count")}
    balance: Balance[Contrast] = Balance(dict.fromkeys(families, 1.0), families)
    for scene in scenes:
        random = Random(f"{seed}:{use}:{scene.id}")
        yield scene, balance.choose(list(_contrasts(scene, random)), count, random)


def _contrasts(scene: Scene, random: Random) -> Iterator[Contrast]:
    for asked in all_candidates(scene, random):
        family, answer = asked.family, asked.answer
        others = [other for other in FAMILIES[family].answers if other != answer]
        if family in TWO_SIDED:
            claims = [Claim(family, "", asked.nouns, key=f"{family}.{one}") for one in (answer, *others)]
        elif family == "colour":
            claims = [Claim(family, "", asked.nouns, (one,), "on_colour") for one in (answer, random.choice(others))]
        elif family == "count":
            claims = [Claim(family, "", asked.nouns, (), "count", one) for one in (answer, random.choice(others))]
        else:
            continue
        yield Contrast(family, answer, asked.nouns, (), *claims)


def undecided_on(scenes: Iterable[Scene], seed: int, use: str) -> Iterator[tuple[Scene, Claim]]:
    """Choose one claim per scene that neither its picture nor its description decides; the templates take turns."""
    keys = wording_of("en")[NEUTRAL]
    balance: Balance[Claim] = Balance(dict.fromkeys(keys, 1.0), dict.fromkeys(keys, ()))
    for scene in scenes:
        random = Random(f"{seed}:{use}:undecided:{scene.id}")
        [chosen] = balance.choose(list(_undecided(scene, random)), 1, random)
        yield scene, chosen


def _undecided(scene: Scene, random: Random) -> Iterator[Claim]:
    shown = [placed.noun for placed in scene.unique()]
    for noun in (*shown, *absent_nouns(scene, random)):
        yield from (_neutral(key, noun) for key in ("next_yes", "next_no"))
    for noun in shown:
        yield from (_neutral(key, noun) for key in ("tomorrow_left", "tomorrow_right"))
        for key in ("back_colour", "tomorrow_card"):
            yield Claim(key, NEUTRAL, (noun,), (random.choice(COLOURS),), key)
        for other in shown:
            if other != noun:
                yield from (Claim(key, NEUTRAL, (noun, other), (), key) for key in ("newer", "same_price"))


def _neutral(key: str, noun: str) -> Claim:
    return Claim(key, NEUTRAL, (noun,), (), key)
