"""From the scores of a layout head to layouts, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xstilts.programs.layout import Layout, LayoutError
from xstilts.programs.vocabulary import Vocabulary

Choice = tuple[float, int, tuple[int, ...]]  # log-probability, template, and a concept's place for each open slot
CACHED = 1 << 17  # layouts that are kept once they are made; many questions have the same


@dataclass(frozen=True)
class BeamSettings:
    """How many layouts are looked at.

    Attributes:
        templates: the likeliest of a question.
        concepts: the likeliest of an open slot.
        layouts: of all that these make, so many at most.
    """

    templates: int = 4
    concepts: int = 6
    layouts: int = 100


class Beams:
    """Finds the likeliest layouts, exactly: templates and concepts are independent of each other.

    Args:
        labels: of the layout task.
    """

    def __init__(self, labels: Sequence[str], settings: BeamSettings | None = None) -> None:
        self.vocabulary, self.settings = Vocabulary(tuple(labels)), settings or BeamSettings()
        columns = {column: place for place, column in enumerate(self.vocabulary.columns)}
        self._columns = [[columns[one] for one in template.columns] for template in self.vocabulary.templates]
        self._values = [list(self.vocabulary.concepts[kind]) for kind, _ in self.vocabulary.columns]
        self._ends = np.cumsum(self.vocabulary.parts)
        self._made = lru_cache(CACHED)(self._make)

    def layouts(self, scores: np.ndarray) -> Iterator[tuple[Layout, float]]:
        """The layouts of one question with the logarithms of their probabilities, made as they are asked for.

        What a slot does not allow, such as a colour where a place stands, is left out.

        Args:
            scores: what the head says of the question: log-probabilities, float `[outputs]`.
        """
        templates, *columns = np.split(scores, self._ends[:-1])
        found: list[Choice] = []
        for template in _best(templates, self.settings.templates):
            places = self._columns[template]
            found += self._filled(int(template), [columns[place] for place in places], float(templates[template]))
        for score, template, values in sorted(found, key=lambda one: -one[0])[: self.settings.layouts]:
            if (layout := self._made(template, values)) is not None:
                yield layout, score

    def _filled(self, template: int, columns: Sequence[np.ndarray], start: float) -> list[Choice]:
        """The likeliest ways to fill a template's open slots."""
        ways: list[Choice] = [(start, template, ())]
        for column in columns:
            best = [(int(place), float(column[place])) for place in _best(column, self.settings.concepts)]
            ways = [(score + own, template, (*values, place)) for score, _, values in ways for place, own in best]
            ways = sorted(ways, key=lambda way: -way[0])[: self.settings.layouts]
        return ways

    def _make(self, template: int, values: tuple[int, ...]) -> Layout | None:
        named = zip(self._columns[template], values, strict=True)
        try:
            return self.vocabulary.templates[template].fill([self._values[column][one] for column, one in named])
        except LayoutError:
            return None


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Places of the highest scores, the highest first."""
    return np.argsort(-scores, kind="stable")[:count]
