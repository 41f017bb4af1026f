"""Intervals of scores and of their differences: clusters of test examples and training runs, both drawn at random.

A score is a ratio of sums over test examples: points earned by what could be earned (for a micro F1, twice the right
ones by the expected and the found ones). Whatever is reported of a study is linear in such scores: a difference between
two routes, a mean over languages, a gap.

**Test items.** A cluster is an image with all its questions, in every language. What a cluster adds to a score is known
to first order (the influence of a ratio: its points minus the score times what it could have earned, by the sum of
that), so the variance over clusters is a sum of squares, the cluster-robust one of survey statistics (Woodruff 1971).
A bootstrap over clusters has the same variance, but for the noise of its draws: on the committed study 10,000 draws
gave p-values from 0.048 to 0.056 for one difference. Here nothing is drawn, so no verdict hangs on it.

**Training runs.** The value is the mean over the runs (seeds) of each route. Clusters and runs are crossed, and the
variance of that mean is the one of a two-way layout with both factors random:

    V = max(0, I - E) + S     I: of the mean over runs, over clusters
                              S: what runs differ by, see `run_variance`
                              E = (W - I) / (n - 1), where W is I for a single run, averaged over runs

S holds, beside what training runs differ by, the noise of the items that each of them happens to answer (E); that is in
I as well, and counted once.

**The interval** is the value and t times the root of V, at Satterthwaite's degrees of freedom, in which S counts for no
less than E: that a few runs agree by chance does not make V well known. The **p-value** is by the same t. With **one
run** nothing is known of what another one would give: the interval covers test items only, and there is no p-value.
docs/concepts/statistics.md has simulations of how often intervals hold the truth, and what they find.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from xstilts.base.errors import XstiltsError
from xstilts.report.numbers import SIGNIFICANT

MOST_CLUSTERS = 2048  # more are dealt at random to as many groups, which are then the clusters
LEVEL, POWER = 0.95, 0.8
RUN_SD = 0.015  # of a zero-shot score over training runs, assumed where there is only one run
MOST_SEEDS = 50  # more are never suggested
TINY = 1e-6  # no difference of scores is smaller: what float32 makes of nothing
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Interval:
    """A value (a difference, as a rule) with what is known of its precision; scores are fractions in 0..1.

    Attributes:
        low, high: the 95 % interval.
        p: two-sided, that the value is 0, by t; 0.05 where the interval ends at 0; nan with one training run.
        error: the standard error.
        freedom: its degrees of freedom; few, if there are few seeds and training runs differ more than items do.
        runs: training runs of each route; of one the interval covers test items alone.
    """

    value: float
    low: float
    high: float
    p: float
    error: float
    freedom: float = np.inf
    runs: int = 2

    def detectable(self, tests: int = 1) -> float:
        """The smallest true difference that the design finds with 80 % power; nan with one run.

        One test alone is at 5 %; of several it is Holm's first and strictest step, at 5 % by their number.

        By t at the degrees of freedom, like the interval (Bloom 1995, minimum detectable effects): what five runs have
        to show before it counts is more than normal quantiles say. It is an approximation: at four degrees of freedom
        the power is 79 % for one test, and 74 % for the first of seven.
        """
        if self.runs == 1:
            return np.nan
        needed = -stdtrit(self.freedom, SIGNIFICANT / 2 / max(1, tests))
        return float((needed + stdtrit(self.freedom, POWER)) * self.error)

    def p_against(self, bound: float) -> float:
        """Two-sided, that the value is `bound`; nan with one training run."""
        return _p_value(self.value - bound, self.error, self.freedom) if self.runs > 1 else np.nan


@dataclass(frozen=True)
class Scores:
    """Scores of routes, and what each cluster of test examples adds to them; nan where there is no example.

    Attributes:
        estimate: float64 `[routes, runs, columns]`.
        influence: float32 `[clusters, routes, runs, columns]`; the sum over clusters is 0.
        present: bool `[clusters, columns]`, where a cluster has an example.
    """

    estimate: Floats
    influence: Floats
    present: NDArray[np.bool_]


def deal(clusters: int) -> NDArray[np.int64]:
    """The group of each cluster: itself, or, of more than `MOST_CLUSTERS`, one of so many groups at random.

    Groups of independent clusters are independent too, so that the variance stays right; memory stays bounded.
    """
    if clusters <= MOST_CLUSTERS:
        return np.arange(clusters)
    return np.random.default_rng(0).permutation(clusters) % MOST_CLUSTERS


def scores(sums: Floats) -> Scores:
    """The scores of routes.

    Args:
        sums: `[clusters, 2, routes, runs, columns]`: of each cluster the points earned and what could be earned.

    Raises:
        XstiltsError: fewer than two clusters.
    """
    if len(sums) < 2:
        raise XstiltsError(f"intervals: found {len(sums)} clusters of test examples, expected at least two")
    points, of = sums.astype(np.float64).sum(0)
    estimate = np.divide(points, of, out=np.full_like(points, np.nan), where=of > 0)
    added = sums[:, 0] - np.nan_to_num(estimate).astype(np.float32) * sums[:, 1]
    influence = np.divide(added, of.astype(np.float32), out=np.zeros_like(added), where=of > 0)
    return Scores(estimate, influence, np.asarray((sums[:, 1] > 0).any(axis=(1, 2))))


def contrast(known: Scores, weights: Floats) -> Interval:
    """The value and precision of a weighted sum of scores.

    Args:
        weights: `[routes, columns]`, such as 1 for one route and -1 for another in one column.
    """
    routes, columns = np.nonzero(weights)
    own = weights[routes, columns]
    by_run = own @ known.estimate[routes, :, columns]
    value, runs = float(by_run.mean()), len(by_run)
    clusters = int(known.present[:, columns].any(axis=1).sum())
    if np.isnan(value) or clusters < 2:
        return Interval(value, np.nan, np.nan, np.nan, np.nan, runs=runs)
    added = np.einsum("kcs,k->cs", known.influence.transpose(1, 3, 0, 2)[routes, columns], own).astype(np.float64)
    error, freedom = _error(added, *run_variance(known.estimate, weights), clusters)
    value, error = (0.0 if abs(one) < TINY else one for one in (value, error))
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    p = _p_value(value, error, freedom) if runs > 1 else np.nan
    return Interval(value, value - half, value + half, p, error, freedom, runs)


def run_variance(estimate: Floats, weights: Floats) -> tuple[float, float]:
    """The variance of a weighted sum over training runs (S), and its degrees of freedom; both 0 with one run.

    Runs of two routes with the same seed have nothing in common but its number, so each route's runs vary by
    themselves, and by as much as they do (Welch 1947): docs/concepts/statistics.md has what blocks by seed, and one
    variance for all routes, do to the tests.

    Args:
        estimate: `[routes, runs, columns]`.
        weights: `[routes, columns]`.
    """
    runs, used = estimate.shape[1], weights.any(axis=1)
    if runs == 1:
        return 0.0, 0.0
    own = np.where(weights[used, None] == 0, 0.0, estimate[used])  # a missing score may be nan
    varied = np.einsum("rsc,rc->rs", own, weights[used]).var(axis=1, ddof=1)
    freedom = (runs - 1) * varied.sum() ** 2 / max(float((varied**2).sum()), TINY**4)
    return float(varied.sum()) / runs, float(max(runs - 1, freedom))


def seeds_needed(one: Interval, between: float = 2 * RUN_SD**2) -> int | None:
    """How many runs of each route find a difference as large as this one with 80 % power; None: too many.

    Runs are taken to differ by as much as they do, and the noise of test items to stay as it is.

    Args:
        between: the variance of the difference between one run of either route and one of the other.
    """
    items = max(0.0, one.error**2 - (between / one.runs if one.runs > 1 else 0.0))
    for seeds in range(max(2, one.runs), MOST_SEEDS + 1):
        runs, freedom = max(between, TINY**2) / seeds, 2 * (seeds - 1)
        error = (items + runs) ** 0.5
        if Interval(0, 0, 0, 1, error, freedom * (error**2 / runs) ** 2, seeds).detectable() <= abs(one.value):
            return seeds
    return None


def _error(added: Floats, between: float, run_freedom: float, clusters: int) -> tuple[float, float]:
    """The standard error (root of V, above), and its degrees of freedom by Satterthwaite, with S no less than E.

    Args:
        added: `[clusters, runs]`, what each cluster adds to the value of each run.
        between, run_freedom: S, and its degrees of freedom.
    """
    runs, small = added.shape[1], clusters / (clusters - 1)
    items, own = small * float((added.mean(1) ** 2).sum()), 0.0
    if runs > 1:
        own = max(0.0, small * float((added**2).sum(0).mean()) - items) / (runs - 1)
    items = max(0.0, items - own)
    if items + between < TINY**2:
        return 0.0, np.inf
    most = max(between, own)
    parts = items**2 / (clusters - 1) + (most**2 / run_freedom if runs > 1 else 0.0)
    return float(np.sqrt(items + between)), float((items + most) ** 2 / parts)


def _p_value(value: float, error: float, freedom: float) -> float:
    """Two-sided, by t."""
    if error == 0:
        return 1.0 if abs(value) < TINY else 0.0
    return float(2 * stdtr(freedom, -abs(value) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given; one that is not a number counts as 1.

    Each is at most 0.05 exactly where Holm's step-down test at 5 % over the whole family rejects (Holm 1979).
    """
    values = np.nan_to_num(np.array(p_values, dtype=float), nan=1.0)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, steps)
    return [float(value) for value in adjusted]
