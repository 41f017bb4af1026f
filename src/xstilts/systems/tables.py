"""What every layout of a template answers on a scene: one small table per template.

Concepts that the picture does not show are alike to the modules, so a table tells apart those that it shows, and has
one entry for all others together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from xstilts.base.errors import ParameterError
from xstilts.programs.layout import Layout, LayoutError
from xstilts.programs.lexicon import ANYTHING
from xstilts.programs.operations import OPEN, POSITIONS, SCENE
from xstilts.programs.scene import Scene
from xstilts.programs.vocabulary import OUTSIDE, Template, Vocabulary
from xstilts.systems import geometry
from xstilts.systems.modules import Modules

FAILS, REST = "", -1  # the answer of a layout that does not run; the entry of an axis for all other concepts
LARGEST = 50_000  # entries of a table; each is a layout that is run


@dataclass(frozen=True)
class Table:
    """A template's layouts on one scene.

    Attributes:
        template: its index.
        columns: of the parser's, one for each open slot.
        known: for each open slot, places among the concepts of its type that are told apart here: int64.
        others: likewise, the places of all others.
        texts: the answers, and `FAILS` for none, sorted.
        codes: one axis for each open slot, `known` and then all others together: int64, which of the texts it gives.
        prior: likewise, float64: by what factor, as a logarithm, a layout is likelier here than by its question alone.
    """

    template: int
    columns: tuple[int, ...]
    known: tuple[np.ndarray, ...]
    others: tuple[np.ndarray, ...]
    texts: tuple[str, ...]
    codes: np.ndarray
    prior: np.ndarray

    @property
    def runs(self) -> bool:
        """Whether any layout does."""
        return self.texts != (FAILS,)

    def gives(self, answer: str) -> np.ndarray:
        """Where that is the answer: bool, as `codes`."""
        return np.asarray(self.codes == self.texts.index(answer))


class Tables:
    """Makes the tables of a scene.

    Args:
        vocabulary: of the parser.
        modules: that run the layouts.
        questions: English training questions as layouts with their answers.
    """

    def __init__(self, vocabulary: Vocabulary, modules: Modules, questions: Iterable[tuple[Layout, str]]) -> None:
        self.vocabulary, self.modules = vocabulary, modules
        self._usual: dict[int, Counter[str]] = {}
        self._repeating: set[int] = set()  # templates of which a training question names one concept twice
        for layout, answer in questions:
            self._learn(vocabulary.encode(layout)[0], layout, answer)
        self._columns = {column: place for place, column in enumerate(vocabulary.columns)}
        self._concepts = {kind: list(values) for kind, values in vocabulary.concepts.items()}
        self._made: dict[str, tuple[Table, ...]] = {}

    def _learn(self, index: int, layout: Layout, answer: str) -> None:
        if index == OUTSIDE:
            return
        self._usual.setdefault(index, Counter())[answer] += 1
        template = self.vocabulary.templates[index]
        if _repeats(template, template.open_values(layout)):
            self._repeating.add(index)

    def of(self, scene: Scene) -> tuple[Table, ...]:
        """The tables of all templates of which any layout runs; of a set of scenes, those of each id are kept.

        Raises:
            ParameterError: a scene with so many objects that a table would be too large.
        """
        if scene.id not in self._made:
            made = (self._table(index, template, scene) for index, template in enumerate(self.vocabulary.templates))
            self._made[scene.id] = tuple(table for table in made if table.runs)
        return self._made[scene.id]

    def _table(self, index: int, template: Template, scene: Scene) -> Table:
        kinds = [kind for kind, _ in template.columns]
        known, others = zip(*(self._split(kind, scene) for kind in kinds), strict=True) if kinds else ((), ())
        shape = [len(one) + 1 for one in known]
        if prod(shape) > LARGEST:
            found = f"{prod(shape):,} layouts of template '{template}' to be run on image {scene.id}"
            raise ParameterError(f"{found}, expected at most {LARGEST:,}; set system.answer to first")
        answers = np.full(shape, FAILS, object)
        values = [self._values(*column, *some) for column, *some in zip(template.columns, known, others, strict=True)]
        for entry in product(*map(range, shape)):
            named = [own[place] for own, place in zip(values, entry, strict=True)]
            answers[entry] = self._answer(index, template, named, scene)
        columns = tuple(self._columns[column] for column in template.columns)
        texts, codes = np.unique(answers, return_inverse=True)
        prior = self._prior(index, answers, others)
        return Table(index, columns, known, others, tuple(texts.tolist()), codes.reshape(answers.shape), prior)

    def _split(self, kind: str, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Places of the concepts that the scene tells apart, and of the others."""
        shows = TOLD[kind](self.modules, scene) if kind in TOLD else lambda value: True
        told = np.array([shows(value) for value in self._concepts[kind]], bool)
        return np.flatnonzero(told), np.flatnonzero(~told)

    def _values(self, kind: str, number: int, known: np.ndarray, others: np.ndarray) -> list[str]:
        """What stands for each entry of an axis: one of the others stands for them all, and a second where `number` is
        that of a second slot of the type; "" if there is none."""
        names = self._concepts[kind]
        return [*(names[place] for place in known), names[others[number]] if number < len(others) else ""]

    def _answer(self, index: int, template: Template, values: Sequence[str], scene: Scene) -> str:
        """What a layout answers; nothing where it says one thing twice, unless a training question does."""
        if "" in values or (index not in self._repeating and _repeats(template, values)):
            return FAILS
        try:
            return self.modules.answer(template.fill(values), scene)
        except LayoutError:
            return FAILS

    def _prior(self, index: int, answers: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Logarithm of P(answer given template) over the share of the template's layouts that give that answer here."""
        counts = np.ones(answers.shape)
        for axis, rest in enumerate(others):
            counts[(slice(None),) * axis + (REST,)] *= len(rest)
        sizes = [answers.shape[axis] - 1 + len(rest) for axis, rest in enumerate(others)]
        usual = self._usual.get(index, Counter())
        found = sorted(set(answers.ravel()) - {FAILS})
        expected = np.array([usual[text] + 0.5 for text in found])
        prior = np.full(answers.shape, -np.inf)
        for text, weight in zip(found, expected / expected.sum(), strict=True):
            mine = answers == text
            prior[mine] = np.log(weight * prod(sizes) / counts[mine].sum())
        return prior


def _repeats(template: Template, values: Sequence[str]) -> bool:
    kinds = [kind for kind, _ in template.columns]
    return len(set(zip(kinds, values, strict=True))) < len(kinds)


def _objects(modules: Modules, scene: Scene) -> Callable[[str], bool]:
    names = {name for thing in scene.things for name in thing.names} | ANYTHING | {SCENE}
    return lambda value: bool(names & (modules.lexicon.names(value) | {value}))


def _attributes(modules: Modules, scene: Scene) -> Callable[[str], bool]:
    shown = {name for thing in (*scene.things, scene.whole) for name in thing.attributes}
    shown |= {*POSITIONS, *(value for pair in geometry.EXTENTS.values() for value in pair)}
    return lambda value: value in shown


def _relations(modules: Modules, scene: Scene) -> Callable[[str], bool]:
    seen = {edge.name for edge in scene.relations or ()}
    return lambda value: (
        value in seen or geometry.is_spatial(value) or geometry.is_measured(value.removesuffix(" than"))
    )


# By type, which concepts a scene tells apart; of a type that is not here, all of them.
TOLD: Mapping[str, Callable[[Modules, Scene], Callable[[str], bool]]] = dict(
    zip(OPEN, (_objects, _attributes, _relations), strict=True)
)
