"""Scene graphs: which pictograms are where, and the colour and size of their cards.

A scene is a plain canvas of 2 x 2 slots, two to four of them filled. Splits never share a scene: the hash of
what a scene shows decides to which split it may belong, whatever the seed.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.nouns import load_nouns

CANVAS = 224  # pixels, both ways
SLOT = CANVAS // 2
EDGE = {"small": 64, "large": 92}  # pixels
# Pixels from the slot's middle; leaves 4 between neighbours and 2 to the canvas's edge.
JITTER = {"small": 14, "large": 8}
COLOURS = ("red", "blue", "green", "yellow")
SIZES = ("small", "large")
FEWEST_SCENES = 4
SCENES: Mapping[tuple[str, str], int] = {
    ("gqa", "train"): 1200,
    ("gqa", "dev"): 150,
    ("xgqa", "train"): 1200,
    ("xgqa", "dev"): 150,
    ("xgqa", "test"): 260,
}
# (objects, how many of them show the same noun) and how often: repeated nouns make counting a question.
_CROWDS = {
    (2, 1): 20,
    (2, 2): 2,
    (3, 1): 26,
    (3, 2): 6,
    (3, 3): 2,
    (4, 1): 26,
    (4, 2): 6,
    (4, 3): 6,
    (4, 4): 6,
}


@dataclass(frozen=True)
class Placed:
    """One object of a scene: a pictogram on a card.

    Attributes:
        noun: its English name.
        colour: of the card, one of `COLOURS`.
        size: of the card, one of `SIZES`.
        slot: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
        x: left edge of the card in pixels.
        y: top edge of the card in pixels.
    """

    noun: str
    colour: str
    size: str
    slot: int
    x: int
    y: int

    @property
    def edge(self) -> int:
        """Width and height of the card in pixels."""
        return EDGE[self.size]

    @property
    def side(self) -> str:
        """`left` or `right` half of the canvas."""
        return ("left", "right")[self.slot % 2]

    @property
    def half(self) -> str:
        """`top` or `bottom` half of the canvas."""
        return ("top", "bottom")[self.slot // 2]


@dataclass(frozen=True)
class Scene:
    """A scene graph: an id and two to four objects, ordered by slot."""

    id: str
    objects: tuple[Placed, ...]

    def count(self, noun: str) -> int:
        """How many objects show `noun`."""
        return sum(placed.noun == noun for placed in self.objects)

    def unique(self) -> list[Placed]:
        """The objects that `the <noun>` names unambiguously."""
        return [placed for placed in self.objects if self.count(placed.noun) == 1]

    def named(self, noun: str) -> Placed:
        """The first object that shows `noun`; `StopIteration` if none does."""
        return next(placed for placed in self.objects if placed.noun == noun)

    def beside(self, placed: Placed) -> Placed | None:
        """The neighbour in the same row."""
        return self._at(placed.slot ^ 1)

    def stacked(self, placed: Placed) -> Placed | None:
        """The neighbour in the same column."""
        return self._at(placed.slot ^ 2)

    def _at(self, slot: int) -> Placed | None:
        return next((placed for placed in self.objects if placed.slot == slot), None)

    @property
    def signature(self) -> str:
        """What the scene shows, without its id and the jitter: equal for scenes with the same content."""
        return ";".join(f"{p.slot} {p.noun} {p.colour} {p.size}" for p in self.objects)


def scenes_of(dataset: str, split: str, seed: int, share: float = 1.0) -> list[Scene]:
    """Return the scenes of one split: the first `share` of them, at least four.

    Args:
        dataset: `gqa` or `xgqa`.
        split: `train`, `dev`, or (xgqa only) `test`.
        seed: the same seed gives the same scenes.
    """
    count = min(SCENES[dataset, split], max(FEWEST_SCENES, round(SCENES[dataset, split] * share)))
    stream = _distinct(dataset, split, seed)
    return [Scene(f"{dataset}-{split}-{number:04d}", next(stream)) for number in range(count)]


def _distinct(dataset: str, split: str, seed: int) -> Iterator[tuple[Placed, ...]]:
    """Yield endless objects for scenes that belong to this split and differ from one another."""
    random = Random(f"{seed}:scenes:{dataset}:{split}")
    own, seen = list(SCENES).index((dataset, split)), set()
    while True:
        scene = Scene("", _sample(random))
        if zlib.crc32(scene.signature.encode()) % len(SCENES) == own and scene.signature not in seen:
            seen.add(scene.signature)
            yield scene.objects


def _sample(random: Random) -> tuple[Placed, ...]:
    objects, copies = random.choices(list(_CROWDS), list(_CROWDS.values()))[0]
    first, *others = random.sample(list(load_nouns()), objects - copies + 1)
    nouns = [first] * copies + others
    random.shuffle(nouns)
    slots = sorted(random.sample(range(4), objects))
    return tuple(_place(random, noun, slot) for noun, slot in zip(nouns, slots, strict=True))


def _place(random: Random, noun: str, slot: int) -> Placed:
    size = random.choice(SIZES)
    middle = (SLOT - EDGE[size]) // 2
    x = slot % 2 * SLOT + middle + random.randint(-JITTER[size], JITTER[size])
    y = slot // 2 * SLOT + middle + random.randint(-JITTER[size], JITTER[size])
    return Placed(noun, random.choice(COLOURS), size, slot, x, y)
