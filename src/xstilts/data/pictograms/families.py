"""Families of questions: their types, their share, and every question of a family that a scene allows.

A question has exactly one right answer given the scene graph: `the <noun>` is used for a noun that occurs
once, and `directly left of` for the neighbour in the same row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from random import Random

from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.scene import COLOURS, SIZES, Placed, Scene

YES_NO = ("yes", "no")
COUNTS = ("1", "2", "3", "4")
VERTICAL = {"top": "above", "bottom": "below"}
ABSENT = 4  # nouns tried that the scene does not show; half of them of a kind that it does


@dataclass(frozen=True)
class Candidate:
    """A question before it is chosen and worded.

    Attributes:
        family: a key of `FAMILIES`.
        answer: in English, lower case.
        nouns: the nouns it names, in the order of the templates' a, b.
        colours: the colours it names, in the order of the templates' c, d.
    """

    family: str
    answer: str
    nouns: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()


Enumerate = Callable[[str, Scene, Random], Iterator[Candidate]]


@dataclass(frozen=True)
class Family:
    """A family of questions.

    Attributes:
        structural: GQA's structural type (verify, logical, compare, choose, query).
        semantic: GQA's semantic type (obj, attr, rel, cat).
        detailed: GQA's detailed type, or a name in its style.
        share: in per cent of all questions, as closely as the scenes allow.
        candidates: enumerates what a scene allows.
        answers: all possible answers, if they are few and kept even; empty where the answer is a noun.
    """

    structural: str
    semantic: str
    detailed: str
    share: float
    candidates: Enumerate
    answers: tuple[str, ...] = ()


def all_candidates(scene: Scene, random: Random) -> list[Candidate]:
    """Every question that the scene allows (for absent nouns, a few random ones)."""
    return [one for name, family in FAMILIES.items() for one in family.candidates(name, scene, random)]


def _exist(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    yield from (Candidate(family, "yes", (noun,)) for noun in present_nouns(scene))
    yield from (Candidate(family, "no", (noun,)) for noun in absent_nouns(scene, random))


def _both(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    present, absent = present_nouns(scene), absent_nouns(scene, random)
    yield from (Candidate(family, "yes", pair) for pair in permutations(present, 2))
    for noun, other in zip(absent, [*present, *absent[::-1]], strict=False):
        if noun != other:
            yield Candidate(family, "no", _shuffled(random, noun, other))


def _either(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    present, absent = present_nouns(scene), absent_nouns(scene, random)
    for noun, other in zip(absent, present, strict=False):
        yield Candidate(family, "yes", _shuffled(random, noun, other))
    yield from (Candidate(family, "no", pair) for pair in permutations(absent, 2))


def _on_colour(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for placed in scene.unique():
        yield Candidate(family, "yes", (placed.noun,), (placed.colour,))
        yield from (Candidate(family, "no", (placed.noun,), (colour,)) for colour in _others(placed.colour))


def _larger(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for one, other in permutations(scene.unique(), 2):
        if one.size != other.size:
            yield Candidate(family, _yes(one.edge > other.edge), (one.noun, other.noun))


def _same_colour(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for one, other in permutations(scene.unique(), 2):
        yield Candidate(family, _yes(one.colour == other.colour), (one.noun, other.noun))


def _fact(name: str) -> Enumerate:
    """What an attribute of `Placed` is, of every object that its noun names."""

    def candidates(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
        yield from (Candidate(family, getattr(placed, name), (placed.noun,)) for placed in scene.unique())

    return candidates


def _beside(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for one, other in permutations(scene.unique(), 2):
        if scene.beside(one) == other:
            yield Candidate(family, one.side, (one.noun, other.noun))


def _stacked(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for one, other in permutations(scene.unique(), 2):
        if scene.stacked(one) == other:
            yield Candidate(family, VERTICAL[one.half], (one.noun, other.noun))


def _which_colour(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for placed in scene.unique():
        for colour in _others(placed.colour):
            yield Candidate(family, placed.colour, (placed.noun,), _shuffled(random, placed.colour, colour))


def _neighbour(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for placed in scene.unique():
        other = neighbour(family, scene, placed)
        if other is not None:
            yield Candidate(family, other.noun, (placed.noun,))


def neighbour(family: str, scene: Scene, placed: Placed) -> Placed | None:
    """What stands directly `left_of`, `right_of`, `above` or `below` an object, if anything does."""
    beside, stacked = scene.beside(placed), scene.stacked(placed)
    there = {f"{beside.side}_of": beside} if beside else {}
    there |= {VERTICAL[stacked.half]: stacked} if stacked else {}
    return there.get(family)


def _count(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    yield from (Candidate(family, str(scene.count(noun)), (noun,)) for noun in present_nouns(scene))


def _kind(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    """`animal`, `food`, `vehicle`: the scene's only noun of that kind."""
    found = [noun for noun in present_nouns(scene) if load_nouns()[noun].kind == family]
    if len(found) == 1:
        yield Candidate(family, found[0])


def _on_card(family: str, scene: Scene, random: Random) -> Iterator[Candidate]:
    for colour in COLOURS:
        found = [placed for placed in scene.objects if placed.colour == colour]
        if len(found) == 1:
            yield Candidate(family, found[0].noun, (), (colour,))


def present_nouns(scene: Scene) -> list[str]:
    """The nouns that the scene shows, each once."""
    return sorted({placed.noun for placed in scene.objects})


def absent_nouns(scene: Scene, random: Random) -> list[str]:
    """Random nouns that the scene does not show, half of them of the kinds that it shows."""
    present, nouns = present_nouns(scene), load_nouns()
    kinds = {nouns[noun].kind for noun in present}
    absent = [noun for noun in nouns if noun not in present]
    near = random.sample([noun for noun in absent if nouns[noun].kind in kinds], ABSENT // 2)
    return near + random.sample([noun for noun in absent if noun not in near], ABSENT // 2)


def _others(colour: str) -> list[str]:
    return [other for other in COLOURS if other != colour]


def _shuffled(random: Random, one: str, other: str) -> tuple[str, str]:
    return (one, other) if random.random() < 0.5 else (other, one)


def _yes(true: bool) -> str:
    return "yes" if true else "no"


FAMILIES: Mapping[str, Family] = {
    "exist": Family("verify", "obj", "exist", 12, _exist, YES_NO),
    "on_colour": Family("verify", "attr", "verifyAttr", 8, _on_colour, YES_NO),
    "both": Family("logical", "obj", "existAnd", 5, _both, YES_NO),
    "either": Family("logical", "obj", "existOr", 5, _either, YES_NO),
    "larger": Family("compare", "attr", "comparative", 4, _larger, YES_NO),
    "same_colour": Family("compare", "attr", "twoSame", 4, _same_colour, YES_NO),
    "side": Family("choose", "rel", "positionChoose", 7, _fact("side"), ("left", "right")),
    "half": Family("choose", "rel", "positionChoose", 4, _fact("half"), ("top", "bottom")),
    "beside": Family("choose", "rel", "relChooser", 3, _beside, ("left", "right")),
    "stacked": Family("choose", "rel", "relChooser", 3, _stacked, ("above", "below")),
    "which_colour": Family("choose", "attr", "chooseAttr", 3, _which_colour, COLOURS),
    "which_size": Family("choose", "attr", "chooseAttr", 2, _fact("size"), SIZES),
    "left_of": Family("query", "rel", "relS", 4, _neighbour),
    "right_of": Family("query", "rel", "relS", 4, _neighbour),
    "above": Family("query", "rel", "relS", 4, _neighbour),
    "below": Family("query", "rel", "relS", 4, _neighbour),
    "colour": Family("query", "attr", "directOf", 8, _fact("colour"), COLOURS),
    "count": Family("query", "obj", "count", 5, _count, COUNTS),
    "animal": Family("query", "cat", "category", 2, _kind),
    "food": Family("query", "cat", "category", 2, _kind),
    "vehicle": Family("query", "cat", "category", 1, _kind),
    "on_card": Family("query", "obj", "objThat", 6, _on_card),
}
