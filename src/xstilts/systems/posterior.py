"""The likeliest answer, over all layouts that run: what a question's words and its picture say of it together.

A layout's probability given the question is multiplied by how much more often such questions have its answer than its
template's layouts give that answer on this picture. English training questions tell the first, running the layouts the
second: `is there an owl?` is answered `yes` half of the time, although few of all nouns are in a picture, so a noun
that the picture shows is likelier asked for. It is Bayes' rule with the answer as evidence, and the way in which
classifiers are fitted to a known share of classes (Saerens, Latinne & Decaestecker 2002). What an answer's layouts
have together is its score, as in parsers that learn from answers (Liang, Jordan & Klein 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xstilts.programs.layout import Layout
from xstilts.programs.scene import Scene
from xstilts.score.beams import Beams
from xstilts.systems.modules import Modules, Solved
from xstilts.systems.tables import FAILS, REST, Table, Tables

ROUNDING = 1e-5
TINY = 1e-30  # under the logarithm of what all other concepts have together


@dataclass(frozen=True)
class Weighed:
    """A template's layouts on one scene, each with its share in all layouts that run.

    Attributes:
        table: of the template.
        shares: float64 `[questions, ...]`, then as `table.codes`.
    """

    table: Table
    shares: np.ndarray


class Posterior:
    """Answers questions about scenes by exact sums over templates and concepts.

    Args:
        tables: of a scene's layouts.
        modules: that run the layout which is shown for an answer.
        beams: what the likeliest layout is, whether it runs or not.
    """

    def __init__(self, tables: Tables, modules: Modules, beams: Beams) -> None:
        self.tables, self.modules, self.beams = tables, modules, beams
        self.vocabulary = tables.vocabulary
        self._ends = np.cumsum(self.vocabulary.parts)[:-1]
        places = {column: place for place, column in enumerate(self.vocabulary.columns)}
        self._open = [[places[column] for column in template.columns] for template in self.vocabulary.templates]
        self._concepts = {kind: list(values) for kind, values in self.vocabulary.concepts.items()}

    def solve(self, scores: np.ndarray, scene: Scene) -> list[Solved]:
        """Answer questions about one scene.

        Args:
            scores: log-probabilities of the parser, float `[questions, outputs]`.
        """
        weighed = self.weigh(scores, scene)
        return [self._solved(row, number, weighed, scene) for number, row in enumerate(scores)]

    def weigh(self, scores: np.ndarray, scene: Scene) -> list[Weighed]:
        """All layouts that run on a scene, with their shares; those of a question add up to 1."""
        templates, *columns = np.split(scores.astype(np.float64), self._ends, axis=1)
        found = [(table, _sums(templates, columns, table) + table.prior) for table in self.tables.of(scene)]
        if not found:
            return []
        best = np.max([total.reshape(len(scores), -1).max(1) for _, total in found], axis=0)
        shares = [(table, np.exp(total - _along(best, total))) for table, total in found]
        whole = np.sum([share.reshape(len(scores), -1).sum(1) for _, share in shares], axis=0)
        return [Weighed(table, share / _along(whole, share)) for table, share in shares]

    def concepts(self, scores: np.ndarray, scene: Scene) -> list[np.ndarray]:
        """How likely each concept fills each column, given question and scene: float64 `[questions, concepts]` each.

        A row adds up to how likely the question has such a slot.
        """
        _, *columns = np.split(scores.astype(np.float64), self._ends, axis=1)
        found = [np.zeros(column.shape) for column in columns]
        for weighed in self.weigh(scores, scene):
            table = weighed.table
            for axis, column in enumerate(table.columns):
                away = tuple(1 + other for other in range(len(table.columns)) if other != axis)
                shares, own = weighed.shares.sum(away), np.exp(columns[column][:, table.others[axis]])
                found[column][:, table.known[axis]] += shares[:, :REST]
                found[column][:, table.others[axis]] += shares[:, [REST]] * own / (own.sum(1, keepdims=True) + TINY)
        return found

    def _solved(self, row: np.ndarray, number: int, weighed: Sequence[Weighed], scene: Scene) -> Solved:
        if not weighed:
            return self.modules.solve([next(self.beams.layouts(row))], scene)
        layout, score = self._best(row, number, weighed, _answer(number, weighed))
        solved = self.modules.solve([(layout, score)], scene)
        return replace(solved, rank=int(score < self._highest(row)))

    def _highest(self, row: np.ndarray) -> float:
        """The logarithm of how likely the likeliest layout is, whether it runs or not; but for rounding."""
        templates, *columns = np.split(row, self._ends)
        best = [float(column.max()) for column in columns]
        ways = zip(templates.tolist(), self._open, strict=True)
        return float(max(score + sum(best[column] for column in some) for score, some in ways)) - ROUNDING

    def _best(self, row: np.ndarray, number: int, weighed: Sequence[Weighed], answer: str) -> tuple[Layout, float]:
        """The likeliest layout of those that give an answer, with the logarithm of its probability by the parser."""
        giving = [one for one in weighed if answer in one.table.texts]
        shares = [np.where(one.table.gives(answer), one.shares[number], -1.0) for one in giving]
        which = max(range(len(giving)), key=lambda place: float(shares[place].max()))
        entry = np.unravel_index(int(shares[which].argmax()), shares[which].shape)
        return self._layout(row, giving[which].table, [int(place) for place in entry])

    def _layout(self, row: np.ndarray, table: Table, entry: Sequence[int]) -> tuple[Layout, float]:
        """The layout of an entry; where this is of all other concepts, with the likeliest of them."""
        templates, *columns = np.split(row, self._ends)
        template, score = self.vocabulary.templates[table.template], float(templates[table.template])
        values: list[tuple[str, str]] = []
        for (kind, _), column, axis in zip(template.columns, table.columns, range(len(entry)), strict=True):
            names, known, others = self._concepts[kind], table.known[axis], table.others[axis]
            rest = others[np.argsort(-columns[column][others], kind="stable")]
            ranked = known[[entry[axis]]] if entry[axis] < len(known) else rest
            place = next(int(one) for one in ranked if (kind, names[one]) not in values or len(ranked) == 1)
            values.append((kind, names[place]))
            score += float(columns[column][place])
        return template.fill([name for _, name in values]), score


def _answer(number: int, weighed: Sequence[Weighed]) -> str:
    """The answer whose layouts have the most together; of equal ones the first word."""
    totals: dict[str, float] = {}
    for one in weighed:
        mine = np.bincount(one.table.codes.ravel(), one.shares[number].ravel(), len(one.table.texts))
        for text, share in zip(one.table.texts, mine.tolist(), strict=True):
            totals[text] = totals.get(text, 0.0) + share
    totals.pop(FAILS, None)
    return min(totals, key=lambda text: (-totals[text], text))


def _sums(templates: np.ndarray, columns: Sequence[np.ndarray], table: Table) -> np.ndarray:
    """Log-probabilities of a template's layouts: float64 `[questions, ...]`, then as `table.codes`."""
    total = _along(templates[:, table.template], table.codes[None])
    for axis, column in enumerate(table.columns):
        own = columns[column]
        rest = np.log(np.exp(own[:, table.others[axis]]).sum(1, keepdims=True) + TINY)
        classes = np.concatenate([own[:, table.known[axis]], rest], axis=1)
        shape = [len(classes), *(1 for _ in table.columns)]
        shape[1 + axis] = classes.shape[1]
        total = total + classes.reshape(shape)
    return total


def _along(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """One value per question, with as many axes as `like` has: `[questions, 1, ...]`."""
    return values.reshape(len(values), *(1 for _ in like.shape[1:]))
