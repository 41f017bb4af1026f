"""Claims about two pictures in the layouts of NLVR2 and MaRVL.

Each claim comes with a pair of pictures for which it is true and with one for which it is false, so a sentence by
itself says nothing about its label (the idea on which Suhr et al. 2019, NLVR2, built their set). The pictures are those
of `gqa` and `xgqa`, so a row names them itself (`left_img`, `right_img`, as MaRVL's do).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from xstilts.data.pictograms.claims import Claim, word_claim
from xstilts.data.pictograms.families import ABSENT, present_nouns
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.questions import Balance
from xstilts.data.pictograms.scene import COLOURS, Scene

ROUNDS: Mapping[str, int] = {"train": 3, "dev": 2, "test": 2}  # how often a scene is in a pair
SHARING = 0.7  # the part of the pairs whose pictures have a noun in common, where there is one


@dataclass(frozen=True)
class Pair:
    """Two scenes, the left one and the right one."""

    id: str
    left: Scene
    right: Scene

    @property
    def nouns(self) -> set[str]:
        """What either picture shows."""
        return {*present_nouns(self.left), *present_nouns(self.right)}


@dataclass(frozen=True)
class Judged:
    """A claim with a pair and whether it is true of it."""

    id: str
    pair: Pair
    claim: Claim
    true: bool


def pairs_of(scenes: Sequence[Scene], name: str, rounds: int, seed: int) -> list[Pair]:
    """Put each scene into a pair, `rounds` times; most pairs have a noun in common.

    With an odd number of scenes, one is left over in each round; no two pairs consist of the same two scenes.
    """
    random, pairs = Random(f"{seed}:pairs:{name}"), list[Pair]()
    nouns = {scene.id: set(present_nouns(scene)) for scene in scenes}
    paired: dict[str, set[str]] = {scene.id: {scene.id} for scene in scenes}
    for _ in range(rounds):
        alone = random.sample(list(scenes), len(scenes))
        while len(alone) > 1:
            left = alone.pop(0)
            new = [one for one in alone if one.id not in paired[left.id]]
            akin = [one for one in new if nouns[left.id] & nouns[one.id]] if random.random() < SHARING else []
            for right in (akin or new)[:1]:
                alone.remove(right)
                paired[left.id].add(right.id)
                paired[right.id].add(left.id)
                pairs.append(Pair(f"{name}-{len(pairs)}-0", left, right))
    return pairs


def judged_of(pairs: Sequence[Pair], seed: int) -> list[Judged]:
    """Choose one claim per pair, and judge it for this pair and for another, so that it is true of one of them.

    Returns:
        In the order of the pairs; every sentence is as often true as false. A pair has no row of its own if what
        could be said about it is true, or false, for all pairs.
    """
    balance: Balance[Claim] = Balance(dict.fromkeys(HOLDS, 1.0), dict.fromkeys(HOLDS, ("true", "false")))
    asked = _Asked(pairs)
    for pair in pairs:
        random = Random(f"{seed}:pair:{pair.id}")
        new = [claim for claim in _claims(pair, random) if not asked.had(pair, claim)]
        for claim in balance.choose(new, 1, random):
            true = holds(claim, pair)
            other = asked.other(claim, pair, not true, random)
            if other is not None:
                asked.claims[pair.id].append((claim, true))
                asked.claims[other.id].append((claim, not true))
    return [
        Judged(f"{pair.id}-{number}", pair, claim, true)
        for pair in pairs
        for number, (claim, true) in enumerate(asked.claims[pair.id])
    ]


class _Asked:
    """The pairs of a split, and which claims each was given, with whether they are true."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.claims: dict[str, list[tuple[Claim, bool]]] = {pair.id: [] for pair in pairs}
        self._pairs = pairs
        self._showing: dict[str, list[Pair]] = {}
        for pair in pairs:
            for noun in pair.nouns:
                self._showing.setdefault(noun, []).append(pair)

    def had(self, pair: Pair, claim: Claim) -> bool:
        """Whether the pair was given the claim already."""
        return any(replace(one, answer=claim.answer) == claim for one, _ in self.claims[pair.id])

    def other(self, claim: Claim, pair: Pair, wanted: bool, random: Random) -> Pair | None:
        """Another pair for which the claim is `wanted`: preferably one with its noun, and with the fewest claims."""
        near = self._showing.get(claim.nouns[0], []) if claim.nouns else self._pairs
        found = self._fitting(near, claim, pair, wanted) or self._fitting(self._pairs, claim, pair, wanted)
        fewest = min((len(self.claims[one.id]) for one in found), default=0)
        least = [one for one in found if len(self.claims[one.id]) == fewest]
        return random.choice(least) if least else None

    def _fitting(self, pairs: Sequence[Pair], claim: Claim, pair: Pair, wanted: bool) -> list[Pair]:
        return [one for one in pairs if one is not pair and holds(claim, one) == wanted and not self.had(one, claim)]


def holds(claim: Claim, pair: Pair) -> bool:
    """Whether a claim is true of a pair."""
    return HOLDS[claim.key](claim, pair.left, pair.right)


def _claims(pair: Pair, random: Random) -> Iterator[Claim]:
    """Every claim about what the pair shows, with one random colour or number, and a few about what it does not."""
    for noun in sorted(pair.nouns):
        for key in ("left_shows", "right_shows", "both_show", "one_shows", "none_shows"):
            yield _judge(Claim(key, "", (noun,), (), key), pair)
        for key in ("left_card", "right_card"):
            yield _judge(Claim(key, "", (noun,), (random.choice(COLOURS),), key), pair)
        number = pair.left.count(noun) + pair.right.count(noun) if random.random() < 0.5 else random.randint(1, 4)
        yield _judge(Claim("total", "", (noun,), (), "total", str(min(number, 4))), pair)
    for noun in random.sample([noun for noun in load_nouns() if noun not in pair.nouns], ABSENT):
        yield _judge(Claim("none_shows", "", (noun,), (), "none_shows"), pair)
    for key in ("left_more", "right_more", "same_number"):
        yield _judge(Claim(key, "", (), (), key), pair)


def _judge(claim: Claim, pair: Pair) -> Claim:
    """The claim with its truth as the answer, so that a balance keeps true and false even."""
    return replace(claim, answer="true" if holds(claim, pair) else "false")


def _shows(scene: Scene, claim: Claim) -> bool:
    return scene.count(claim.nouns[0]) > 0


def _card(scene: Scene, claim: Claim) -> bool:
    return any((one.noun, one.colour) == (claim.nouns[0], claim.colours[0]) for one in scene.objects)


HOLDS: Mapping[str, Callable[[Claim, Scene, Scene], bool]] = {
    "left_shows": lambda claim, left, right: _shows(left, claim),
    "right_shows": lambda claim, left, right: _shows(right, claim),
    "both_show": lambda claim, left, right: _shows(left, claim) and _shows(right, claim),
    "one_shows": lambda claim, left, right: _shows(left, claim) != _shows(right, claim),
    "none_shows": lambda claim, left, right: not _shows(left, claim) and not _shows(right, claim),
    "left_card": lambda claim, left, right: _card(left, claim),
    "right_card": lambda claim, left, right: _card(right, claim),
    "left_more": lambda claim, left, right: len(left.objects) > len(right.objects),
    "right_more": lambda claim, left, right: len(left.objects) < len(right.objects),
    "same_number": lambda claim, left, right: len(left.objects) == len(right.objects),
    "total": lambda claim, left, right: sum(one.count(claim.nouns[0]) for one in (left, right)) == int(claim.number),
}


Row = dict[str, object]


def judged_on(scenes: Sequence[Scene], split: str, seed: int) -> list[Judged]:
    """The claims of a split and the pairs for which they are judged; ids in NLVR2's form, `train-12-0-3`."""
    name = {"test": "test1"}.get(split, split)
    return judged_of(pairs_of(scenes, name, ROUNDS[split], seed), seed)


def nlvr2_rows(judged: Iterable[Judged]) -> Iterator[Row]:
    """Rows of NLVR2's jsonl."""
    for one in judged:
        sentence = word_claim(one.claim, "en", "pairs").text
        yield {"identifier": one.id, "sentence": sentence, "label": str(one.true), **_images(one)}


def marvl_rows(judged: Iterable[Judged], language: str) -> Iterator[Row]:
    """Rows of MaRVL's jsonl; ids and pictures are the same in every language."""
    for one in judged:
        concept, caption = "-".join(one.claim.nouns) or "card", word_claim(one.claim, language, "pairs").text
        said = {"concept": concept, "language": language, "caption": caption}
        yield {**said, **_images(one), "id": one.id, "label": one.true}


def _images(one: Judged) -> Row:
    return {"left_img": f"{one.pair.left.id}.png", "right_img": f"{one.pair.right.id}.png"}
