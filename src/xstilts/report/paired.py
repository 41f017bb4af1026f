"""All cells of a study side by side, example by example: scores and differences with intervals.

Clusters are images where there are any: an image stands with all its questions, in every language and
every target that shows it; of two images the pair is the cluster. Texts without an image are clusters by their id
within a target, so that a sentence stands with those translations of it that have the same id. Of spans the paragraph
is the cluster, with all its questions and its translations; of ranked candidates the queries that look for the same
ones (clusters.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from xstilts.base.cells import Route
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.intervals import Interval, Scores, contrast, run_variance, scores

SCORE = "score"
# The rate of answers of the right form (yes or no, a colour, ...), and the score of these answers alone.
FORMS = FORM, CONTENT = "form", "content"
Mix = dict[int, float]  # {column: weight}: a weighted sum of the scores of one route
Combination = Mapping[str, Mix]  # {route: its mix}


class Column(NamedTuple):
    """Whose score a column of the scores is; `type` "" is that of all examples."""

    target: str
    measure: str  # `score`, a control, `form` or `content`
    language: str
    part: str
    type: str


@dataclass(frozen=True)
class Paired:
    """The cells of a study side by side.

    Attributes:
        routes: as `Route` writes them.
        about: {target: {route: what is true of its cells, one per seed}}.
        columns: {column: its number}.
        rows: {target: {language: how many test examples}}.
        clusters: {target: how many}.
        sums: float32 `[clusters, 2, routes, seeds, columns]`, the points earned and what could be earned.
    """

    routes: Sequence[str]
    seeds: int
    about: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
    columns: Mapping[Column, int]
    rows: Mapping[str, Mapping[str, int]]
    clusters: Mapping[str, int]
    sums: np.ndarray

    @cached_property
    def scores(self) -> Scores:
        """Scores of all columns, with what each cluster adds to them."""
        return scores(self.sums)

    def fact(self, target: str, key: str) -> Any:
        """What is true of every cell of a target: its `data`, `kind` or `metric`."""
        return next(iter(self.about[target].values()))[0][key]

    def targets(self) -> list[str]:
        """The targets of the study."""
        return list(self.about)

    def languages(self, target: str) -> list[str]:
        """English first."""
        return sorted(self.rows[target], key=lambda language: (language != ENGLISH, language))

    def others(self, target: str) -> list[str]:
        """The languages other than English."""
        return [language for language in self.languages(target) if language != ENGLISH]

    def types(self, target: str) -> list[str]:
        """Question types, none for most kinds of task."""
        return sorted({one.type for one in self.columns if one.target == target and one.type})

    def measures(self, target: str, among: Sequence[str]) -> list[str]:
        """Those of some measures that the target has: the controls, or form and content (`FORMS`)."""
        there = {one.measure for one in self.columns if one.target == target}
        return [measure for measure in among if measure in there]

    def mix(self, target: str, languages: Sequence[str], measure: str = SCORE, type: str = "") -> Mix:
        """The mean over languages (of those with the type) of a target's score, a language's a mean over its parts."""
        keys = [(target, measure, language) for language in languages]
        groups = [
            [number for one, number in self.columns.items() if one[:3] == key and one.type == type] for key in keys
        ]
        groups = [group for group in groups if group]
        return {number: 1 / len(group) / len(groups) for group in groups for number in group}

    def zero_shot(self, target: str, measure: str = SCORE, type: str = "") -> Mix:
        """The unweighted mean over the languages other than English; empty if there are none."""
        return self.mix(target, self.others(target), measure, type)

    def english(self, target: str, measure: str = SCORE, type: str = "") -> Mix:
        """The score in English; empty if it is not tested."""
        return self.mix(target, [ENGLISH], measure, type)

    def gap(self, target: str) -> Mix:
        """English minus the mean over the other languages; empty if one of the two is."""
        english, others = self.english(target), self.zero_shot(target)
        return add(english, others, -1) if english and others else {}

    def interval(self, combination: Combination) -> Interval:
        """Value and interval of a sum over routes of weighted scores."""
        return contrast(self.scores, self._weights(combination))

    def between_runs(self, combination: Combination) -> float:
        """The variance of such a sum from one run of each route to another; 0 with one run."""
        return run_variance(self.scores.estimate, self._weights(combination))[0] * self.seeds

    def _weights(self, combination: Combination) -> np.ndarray:
        """Float64 `[routes, columns]`."""
        weights = np.zeros((len(self.routes), len(self.columns)))
        for route, mix in combination.items():
            for column, weight in mix.items():
                weights[self.routes.index(route), column] = weight
        return weights

    def score(self, route: str, mix: Mix) -> float:
        """The value of a route's weighted scores, a mean over its runs; nan where an answer has none."""
        own = self.scores.estimate[self.routes.index(route)].mean(0)
        return float(sum(weight * own[column] for column, weight in mix.items()))

    def difference(self, route: str, baseline: str, mix: Mix) -> Interval:
        """A route minus another."""
        return self.interval({route: mix, baseline: scaled(mix, -1)})

    def means(self, target: str, measure: str = SCORE) -> dict[str, Mix]:
        """English, the mean over the other languages and, of scores, the gap; what there is of these."""
        mixes = {ENGLISH: self.english(target, measure), ZERO_SHOT: self.zero_shot(target, measure)}
        if measure == SCORE:
            mixes["gap"] = self.gap(target)
        return {name: mix for name, mix in mixes.items() if mix}

    def by_recipe(self, recipe: str, tasks: Sequence[str]) -> Paired:
        """The routes of some tasks by one recipe alone, under the names of the tasks."""
        names = {task: str(Route(task, recipe)) for task in tasks}
        about = {target: {task: own[name] for task, name in names.items()} for target, own in self.about.items()}
        return _OneRecipe(tasks, self.seeds, about, self.columns, self.rows, self.clusters, self.sums, self, names)


@dataclass(frozen=True)
class _OneRecipe(Paired):
    """A part of `whole`, whose runs it shares; `names` are what its routes are called there."""

    whole: Paired
    names: Mapping[str, str]

    def interval(self, combination: Combination) -> Interval:
        return self.whole.interval({self.names[route]: mix for route, mix in combination.items()})


def add(one: Mix, other: Mix, weight: float = 1) -> Mix:
    """One mix and `weight` times another."""
    return {column: one.get(column, 0) + weight * other.get(column, 0) for column in {**one, **other}}


def scaled(mix: Mix, weight: float) -> Mix:
    """`weight` times a mix."""
    return {column: weight * own for column, own in mix.items()}
