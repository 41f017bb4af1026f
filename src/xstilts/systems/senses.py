"""What a scene says of a name, an attribute or a relation: the questions that modules put to perception."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xstilts.programs.lexicon import ANYTHING, Lexicon
from xstilts.programs.operations import ANY_CATEGORY, POSITIONS
from xstilts.programs.scene import CERTAIN, Scene, Thing
from xstilts.systems import geometry
from xstilts.systems.geometry import Thresholds

TYPE = "type"  # the category of `same: type`, which is told by names


@dataclass(frozen=True)
class Settings:
    """From what score on something holds, and how strictly a question is taken.

    Attributes:
        name: of an object's name times the object's own score; 0.2 in Mod-Zero-VQA's Find module (OWL-ViT).
        attribute: of an attribute; more likely than not.
        relation: of a relation; `geometry.ASIDE` takes the right side alone, `geometry.ALIGNED` neighbours in one row
            or column alone, as the embedded world means it.
        definite: whether a step on `the dog` fails where there are two; else it takes the surest.
        limits: where boxes begin to be left, large and so on.
    """

    name: float = 0.2
    attribute: float = 0.5
    relation: float = geometry.ASIDE
    definite: bool = False
    limits: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True)
class Senses:
    """A scene, read with a lexicon."""

    scene: Scene
    lexicon: Lexicon
    settings: Settings

    def name(self, thing: Thing, noun: str | None) -> tuple[str, float]:
        """Return the likeliest of the object's names that the noun covers, and its score; None covers every name."""
        covered = None if noun is None or noun in ANYTHING else self.lexicon.names(noun)
        scores = {name: score for name, score in thing.names.items() if covered is None or name in covered}
        if not scores:
            return "", thing.score if covered is None else 0.0
        best = _best(scores.items())
        return best[0], thing.score * best[1]

    def attribute(self, thing: Thing, value: str, category: str = ANY_CATEGORY) -> float:
        """Return how surely the object is like that; where a box tells and nothing else does, 0 or 1."""
        if value in thing.attributes:
            return thing.attributes[value]
        if value in POSITIONS:
            return float(geometry.is_at(thing.box, value, self.settings.limits))
        for extent, pair in geometry.EXTENTS.items():
            if value in pair and category in (extent, ANY_CATEGORY) and not self._known(thing, extent):
                return float(self._extent(thing, extent) == value)
        return 0.0

    def value(self, thing: Thing, category: str) -> tuple[str, float] | None:
        """Return the likeliest attribute of a category, and its score; None where nothing is known of it."""
        if category == TYPE:
            return self.name(thing, None) if thing.names else None
        if known := self._known(thing, category):
            return _best((one, thing.attributes[one]) for one in known)
        return (self._extent(thing, category), CERTAIN) if category in geometry.EXTENTS else None

    def relation(self, subject: Thing, name: str, other: Thing) -> float | None:
        """Return how surely a relation holds; None where perception has not looked for it."""
        edges = self.scene.relations or ()
        if any(edge.name == name for edge in edges):
            ends = (subject.id, name, other.id)
            scores = [edge.score for edge in edges if (edge.subject, edge.name, edge.object) == ends]
            return max(scores, default=0.0)
        if geometry.is_spatial(name):
            return geometry.spatial(name, subject.box, other.box)
        comparative = name.removesuffix(" than")
        if comparative != name and geometry.is_measured(comparative):
            return float(bool(geometry.exceeds(comparative, subject.box, other.box, self.settings.limits)))
        return None if self.scene.relations is None else 0.0

    def _known(self, thing: Thing, category: str) -> frozenset[str]:
        return self.lexicon.categories.get(category, frozenset()) & frozenset(thing.attributes)

    def _extent(self, thing: Thing, category: str) -> str:
        large, small = geometry.EXTENTS[category]
        return large if geometry.is_large(thing.box, self.settings.limits) else small


def _best(scores: Iterable[tuple[str, float]]) -> tuple[str, float]:
    """The highest score; of equal ones the first word, so that the order of a file is of no account."""
    return min(scores, key=lambda item: (-item[1], item[0]))
