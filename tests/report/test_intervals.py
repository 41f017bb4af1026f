"""Known answers of the intervals: coverage, agreement with a bootstrap, power of pairing, training runs, Holm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xstilts.base.errors import XstiltsError
from xstilts.report import intervals
from xstilts.report.intervals import Interval, contrast, deal, holm, run_variance, scores, seeds_needed

NOTHING = Interval(0.0, 0.0, 0.0, 1.0, 0.0)
BETTER = np.array([[-1.0], [1.0]])  # the second route minus the first


def clustered(
    rng: np.random.Generator, clusters: int, seeds: int, between_seeds: float = 0.0, effect: float = 0.0
) -> np.ndarray:
    """Sums of two routes: clusters of 1 to 9 right or wrong answers that share the difficulty of their image."""
    sizes = rng.integers(1, 10, clusters)
    difficulty = rng.normal(0, 1, clusters)[None, None, :]
    run = rng.normal(0, between_seeds, (2, seeds, 1))
    chance = 1 / (1 + np.exp(-(0.3 + difficulty + run)))
    chance[1] = np.clip(chance[1] + effect, 0, 1)
    points = rng.binomial(sizes, chance)
    of = np.broadcast_to(sizes, points.shape)
    return np.stack([points, of])[:, :, :, :, None].transpose(3, 0, 1, 2, 4).astype(float)


def covered(simulations: int, **design: float) -> float:
    """In what share of simulated studies the interval of a difference that is truly 0 has it."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(simulations):
        interval = contrast(scores(clustered(rng, **design)), BETTER)  # type: ignore[arg-type]
        hits += interval.low <= 0 <= interval.high
    return hits / simulations


@pytest.mark.slow
def test_coverage_over_clusters_of_one_seed() -> None:
    """2,000 simulations: the standard error of the share is 0.5 points."""
    assert 0.93 <= covered(2000, clusters=60, seeds=1) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "between_seeds"), [(3, 0.3), (3, 1.0), (5, 0.3), (5, 0.0)])
def test_coverage_over_clusters_and_seeds(seeds: int, between_seeds: float) -> None:
    """Training runs that differ not at all, by some points, and by far more than items do."""
    assert 0.93 <= covered(2000, clusters=60, seeds=seeds, between_seeds=between_seeds) <= 0.97


@pytest.mark.slow
def test_two_seeds_cover_no_less() -> None:
    """At so few degrees of freedom the interval is rather too wide."""
    assert 0.94 <= covered(2000, clusters=60, seeds=2, between_seeds=0.3) <= 0.985


def rejected(simulations: int, languages: int, **design: float) -> float:
    """In what share of simulated studies without any effect Holm's test at 5 % finds a difference in some language.

    What a run does to a language, it does to that one alone, so that languages are independent as far as runs go.
    """
    rng, wrong = np.random.default_rng(14), 0
    for _ in range(simulations):
        sums = np.concatenate([clustered(rng, **design) for _ in range(languages)], axis=-1)  # type: ignore[arg-type]
        known = scores(sums)
        p_values = [contrast(known, BETTER * (np.arange(languages) == one)).p for one in range(languages)]
        wrong += min(holm(p_values)) <= 0.05
    return wrong / simulations


@pytest.mark.slow
@pytest.mark.parametrize("between_seeds", [0.1, 0.3, 1.0])
def test_holm_holds_five_percent_with_five_seeds(between_seeds: float) -> None:
    """1,000 simulations of seven languages: the standard error of the share is 0.7 points."""
    assert rejected(1000, languages=7, clusters=60, seeds=5, between_seeds=between_seeds) < 0.07


@pytest.mark.slow
def test_holm_holds_nearly_so_much_with_two_seeds() -> None:
    """A variance of two numbers is hardly known: more than 5 %, but not one study in five."""
    assert rejected(600, languages=7, clusters=60, seeds=2, between_seeds=0.3) < 0.13


def test_clusters_taken_for_single_examples_cover_too_little() -> None:
    """What the clusters are for: a score whose examples count one by one has too narrow an interval."""
    rng, hits = np.random.default_rng(2), 0
    for _ in range(400):
        effect = rng.normal(0, 0.25, 60)  # what an image adds to the difference, in all of its 8 questions
        values = np.repeat(effect, 8) + rng.normal(0, 0.3, 480)
        interval = contrast(scores(single(values)), np.array([[1.0]]))
        hits += interval.low <= 0 <= interval.high
    assert hits / 400 < 0.8


def single(values: np.ndarray) -> np.ndarray:
    """The sums of one route with one cluster per example."""
    return np.stack([values, np.ones_like(values)], axis=1)[:, :, None, None, None]


def test_agrees_with_a_bootstrap_where_a_cluster_is_an_example() -> None:
    values = np.random.default_rng(3).exponential(1.0, 400)
    found = contrast(scores(single(values)), np.array([[1.0]]))
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", random_state=4, vectorized=True
    )
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(expected.standard_error, rel=0.03)
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.05 * width)


def test_a_ratio_agrees_with_a_bootstrap_over_clusters_of_many_sizes() -> None:
    """Both numerator and denominator vary from cluster to cluster, as in a micro F1 or accuracy given the form."""
    rng = np.random.default_rng(16)
    sums = clustered(rng, 150, 1, effect=0.1)
    sums[:, 1] = rng.binomial(sums[:, 1].astype(int), 0.6) + 1.0
    drawn = rng.integers(150, size=(8000, 150))
    points, of = sums[drawn, 0].sum(1), sums[drawn, 1].sum(1)
    expected = (points[:, 1] / of[:, 1] - points[:, 0] / of[:, 0]).ravel()
    found = contrast(scores(sums), BETTER)
    assert found.error == pytest.approx(expected.std(), rel=0.04)


def test_the_same_numbers_give_the_same_p() -> None:
    """Nothing is drawn: no verdict hangs on a seed."""
    sums = clustered(np.random.default_rng(8), 50, 3, effect=0.05)
    assert contrast(scores(sums), BETTER) == contrast(scores(sums), BETTER)


def test_pairing_finds_two_points_that_unpaired_sets_do_not_show() -> None:
    """The same 400 images: one route answers 2 % of the questions better, both share what is hard."""
    rng = np.random.default_rng(5)
    right = (rng.random((400, 5)) < rng.beta(0.4, 0.3, 400)[:, None]).astype(float)
    wrong = np.flatnonzero(right.ravel() == 0)
    better = right.copy()
    better.ravel()[rng.choice(wrong, 40, replace=False)] = 1  # of 2,000
    sums = np.stack([np.stack([one.sum(1), np.full(400, 5.0)], axis=1) for one in (right, better)], axis=2)
    sums = sums[:, :, :, None, None]
    paired = contrast(scores(sums), BETTER)
    assert paired.value == pytest.approx(0.02)
    assert paired.low > 0
    assert paired.low > 2 * paired.error
    alone = [contrast(scores(sums[:, :, [route]]), np.array([[1.0]])).error for route in (0, 1)]
    assert paired.error < np.hypot(*alone) / 3  # unpaired, two points would be less than two standard errors
    assert paired.value < 2 * np.hypot(*alone)


def test_each_route_has_a_variance_of_its_own_runs() -> None:
    """As in Welch's t-test, with its degrees of freedom."""
    values = np.array([[0.5, 0.52, 0.48, 0.5], [0.6, 0.61, 0.72, 0.5], [0.4, 0.4, 0.43, 0.1]])
    weights = np.array([[-1.0], [1.0], [0.0]])
    variance, freedom = run_variance(values[:, :, None], weights)
    expected = stats.ttest_ind(values[1], values[0], equal_var=False)
    assert (values[1].mean() - values[0].mean()) / np.sqrt(variance) == pytest.approx(expected.statistic)
    assert freedom == pytest.approx(expected.df)


def test_the_variance_of_runs_is_that_of_the_scores_that_are_compared() -> None:
    """A mean over two languages in which runs differ the opposite way does not differ at all."""
    one = np.array([[0.5, 0.6, 0.4], [0.2, 0.3, 0.4]])
    estimate = np.stack([one, 1 - one], axis=2)
    assert run_variance(estimate, np.array([[-0.5, -0.5], [0.5, 0.5]]))[0] == pytest.approx(0)
    assert run_variance(estimate, np.array([[-1.0, 0.0], [1.0, 0.0]]))[0] == pytest.approx(2 * 0.01 / 3)
    assert run_variance(estimate[:, :1], np.array([[-1.0, 0.0], [1.0, 0.0]])) == (0.0, 0.0)


def test_runs_with_the_same_number_are_not_paired() -> None:
    """Which run of one route stands beside which of another changes nothing."""
    sums = clustered(np.random.default_rng(6), 100, 5, between_seeds=0.3)
    turned = sums.copy()
    turned[:, :, 1] = turned[:, :, 1, ::-1]
    one, other = (contrast(scores(both), BETTER) for both in (sums, turned))
    assert one.value == pytest.approx(other.value)
    assert one.error == pytest.approx(other.error, rel=0.01)  # what items make of single runs is estimated by pairs


def test_one_run_has_an_interval_of_items_and_no_p() -> None:
    found = contrast(scores(clustered(np.random.default_rng(6), 100, 1, effect=0.3)), BETTER)
    assert found.low > 0
    assert found.runs == 1
    assert np.isnan([found.p, found.detectable(), found.p_against(0.1)]).all()


def test_more_seeds_are_needed_for_less() -> None:
    """Of a difference of no more than the noise of items, no number is enough."""
    numbers = [seeds_needed(Interval(size, 0, 0, np.nan, 0.005, runs=1)) for size in (0.2, 0.05, 0.03, 0.02)]
    assert all(numbers)
    assert numbers == sorted(numbers)  # type: ignore[type-var]
    assert numbers[0] < numbers[-1]  # type: ignore[operator]
    assert seeds_needed(Interval(0.01, 0, 0, np.nan, 0.005, runs=1)) is None


def test_without_noise_of_items_the_interval_is_that_of_the_t_distribution() -> None:
    values = np.array([0.2, 0.5, 0.6])
    sums = np.ones((50, 2, 1, 3, 1))
    sums[:, 0, 0, :, 0] = values
    found = contrast(scores(sums), np.array([[1.0]]))
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(3))
    low, high = stats.t.interval(0.95, 2, values.mean(), values.std(ddof=1) / np.sqrt(3))
    assert found.low == pytest.approx(low, abs=1e-3)
    assert found.high == pytest.approx(high, abs=1e-3)


@pytest.mark.parametrize("seeds", [2, 5])
def test_without_noise_of_items_the_p_value_is_that_of_the_t_test(seeds: int) -> None:
    values = np.array([0.2, 0.31, 0.4, 0.28, 0.3])[:seeds]
    sums = np.ones((50, 2, 1, seeds, 1))
    sums[:, 0, 0, :, 0] = values
    found = contrast(scores(sums), np.array([[1.0]]))
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=0.05)


def test_runs_that_agree_by_chance_leave_few_degrees_of_freedom() -> None:
    """What items do to each run alone makes runs differ; that these five do not at all says nothing of others."""
    rng = np.random.default_rng(15)
    values = rng.normal(0, 1, (60, 5)) + rng.normal(0, 0.5, (60, 1))
    values -= values.mean(0)
    sums = np.ones((60, 2, 1, 5, 1))
    sums[:, 0, 0, :, 0] = values
    found = contrast(scores(sums), np.array([[1.0]]))
    assert 4 < found.freedom < 25  # 59 of the items, four of the runs


@pytest.mark.parametrize("seeds", [2, 5])
def test_p_is_five_percent_where_the_interval_ends_at_nothing(seeds: int) -> None:
    """Shifted by an end of its interval, a difference has p = 0.05; by a little less, more; by a little more, less."""
    sums = clustered(np.random.default_rng(13), 60, seeds, between_seeds=0.3, effect=0.05)
    first = contrast(scores(sums), BETTER)
    for end in (first.low, first.high):
        p_values = []
        for outwards in (-0.1, 0.0, 0.1):
            moved = sums.copy()
            moved[:, 0, 1] -= (end + outwards * (end - first.value)) * moved[:, 1, 1]
            found = contrast(scores(moved), BETTER)
            p_values.append(found.p)
            assert (found.low <= 0 <= found.high) == (found.p >= 0.05) or outwards == 0
        assert p_values[0] > p_values[1] == pytest.approx(0.05, abs=0.002)
        assert p_values[1] > p_values[2]


def test_means_over_languages_take_the_same_images() -> None:
    """Two languages that say the same of each image: their mean is no more certain than one of them."""
    one = clustered(np.random.default_rng(7), 200, 1)
    both = np.concatenate([one, one], axis=-1)
    single_language = contrast(scores(one), BETTER)
    mean = contrast(scores(both), np.array([[-0.5, -0.5], [0.5, 0.5]]))
    assert mean.error == pytest.approx(single_language.error, rel=1e-3)
    gap = contrast(scores(both), np.array([[-1.0, 1.0], [1.0, -1.0]]))
    assert gap.error < 1e-6


def test_many_clusters_are_dealt_to_groups_of_the_same_variance() -> None:
    rng = np.random.default_rng(9)
    values, groups = rng.random(30_000), deal(30_000)
    assert len(set(groups)) == intervals.MOST_CLUSTERS
    assert (deal(100) == np.arange(100)).all()
    sums = np.zeros((intervals.MOST_CLUSTERS, 2, 1, 1, 1))
    np.add.at(sums[:, 0, 0, 0, 0], groups, values)
    np.add.at(sums[:, 1, 0, 0, 0], groups, 1)
    found = contrast(scores(sums), np.array([[1.0]]))
    assert found.error == pytest.approx(values.std() / np.sqrt(30_000), rel=0.06)


def test_a_difference_of_nothing_is_certain() -> None:
    one = clustered(np.random.default_rng(10), 40, 2)
    one[:, :, :, 1] = one[:, :, :, 0]
    one[:, :, 1] = one[:, :, 0]
    assert contrast(scores(one), BETTER) == NOTHING
    three = np.concatenate([one, one], axis=2)[:, :, :3]
    thirds = contrast(scores(three), np.array([[-1.0], [1 / 3], [2 / 3]]))  # rounding is no difference
    assert thirds == NOTHING


def test_the_minimum_detectable_difference_has_four_fifths_power() -> None:
    assert Interval(0, 0, 0, 1, error=0.01).detectable() == pytest.approx(0.02801585)
    rng = np.random.default_rng(11)
    z = rng.normal(0.02801585 / 0.01, 1, 100_000)
    assert (np.abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("freedom", "times"), [(259, 1.26), (4, 1.62)])
def test_the_minimum_detectable_difference_of_a_family_is_that_of_holms_first_step(freedom: int, times: float) -> None:
    one = Interval(0, 0, 0, 1, error=0.01, freedom=freedom)
    assert one.detectable(7) / one.detectable() == pytest.approx(times, abs=0.01)
    needed, distance = stats.t.ppf(1 - 0.025 / 7, freedom), one.detectable(7) / 0.01
    assert stats.nct.sf(needed, freedom, distance) == pytest.approx(0.8, abs=0.07)  # 0.74 with four


def test_holm_by_hand() -> None:
    """Of four: 0.01 x 4, 0.02 x 3 = 0.06, 0.03 x 2 = 0.06, and 0.04 x 1, which is not below the one before."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.01, 0.04]) == pytest.approx([0.02, 0.04])
    assert holm([0.5, 0.9, float("nan")]) == [1.0, 1.0, 1.0]
    assert holm([]) == []


def test_one_cluster_is_refused() -> None:
    with pytest.raises(XstiltsError, match="found 1 clusters"):
        scores(np.ones((1, 2, 1, 1, 1)))


@pytest.mark.parametrize("seeds", [3, 5])
def test_the_minimum_detectable_difference_of_a_few_runs_that_differ(seeds: int) -> None:
    """Where runs differ and items do not, the test is Student's: its power at `detectable` is 4 in 5."""
    values = np.random.default_rng(12).normal(0.5, 0.1, seeds)
    sums = np.ones((50, 2, 1, seeds, 1))
    sums[:, 0, 0, :, 0] = values
    found = contrast(scores(sums), np.array([[1.0]]))
    assert found.freedom == pytest.approx(seeds - 1)
    needed, distance = stats.t.ppf(0.975, seeds - 1), found.detectable() / found.error
    power = stats.nct.sf(needed, seeds - 1, distance) + stats.nct.cdf(-needed, seeds - 1, distance)
    assert 0.76 <= power <= 0.81
    assert stats.nct.sf(needed, seeds - 1, 2.8016) < 0.6  # what normal quantiles would call detectable
