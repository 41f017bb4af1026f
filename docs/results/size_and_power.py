"""Simulated studies: how often the report's tests err where nothing differs, and how often they find 3 points.

    python docs/results/size_and_power.py [STUDIES]

Studies are made like those of docs/results/protocol.md: ten routes on 260 images with five questions each, in seven
languages.
What an image adds to a score, what a route makes of it and what a run makes of it are normal, and so is what a run adds
to all scores of its route. Three ways to let training runs enter are compared: as blocks by seed (runs of the same seed
belong together), the variance of each route's own runs, which is what `xstilts.report.intervals.run_variance` does, and
one variance pooled over all routes. Runs of all routes differ equally, or those of half of them by twice the
other half. The output stands in docs/concepts/statistics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from xstilts.report import intervals
from xstilts.report.intervals import Interval, Scores, contrast, holm, run_variance, scores

ROUTES, IMAGES, QUESTIONS, LANGUAGES = 10, 260, 5, 7
IMAGE, TASTE, NOISE = 0.15, 0.07, 0.12  # deviations of an image's score: of the image, with the route, with the run
LANGUAGE = 0.7  # the deviation of what a run adds to one language alone, by that of what it adds to all
EFFECT = 0.03
Variance = Callable[[np.ndarray, np.ndarray], tuple[float, float]]


def by_blocks(estimate: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Runs of one seed belong together: the variance of differences within seeds."""
    runs = estimate.shape[1]
    return float(np.einsum("rsc,rc->s", estimate, weights).var(ddof=1)) / runs, float(runs - 1)


def pooled(estimate: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """One variance for the runs of all routes, at the degrees of freedom of all of them."""
    routes, runs, _ = estimate.shape
    varied = (estimate @ weights[weights.any(axis=1)].T).var(axis=1, ddof=1)
    return float(varied.mean(axis=0).sum()) / runs, float(routes * (runs - 1))


WAYS: dict[str, Variance] = {"blocks": by_blocks, "own": run_variance, "pooled": pooled}


def study(rng: np.random.Generator, runs: int, deviations: np.ndarray) -> np.ndarray:
    """Sums `[images, 2, routes, runs, languages]` of a study without any effect.

    Args:
        deviations: `[routes]`, of what a run adds to the zero-shot score of its route.
    """
    image = rng.normal(0, IMAGE, (IMAGES, 1, 1, LANGUAGES))
    taste = rng.normal(0, TASTE, (IMAGES, ROUTES, 1, LANGUAGES))
    noise = rng.normal(0, NOISE, (IMAGES, ROUTES, runs, LANGUAGES))
    every = 1 / np.sqrt(1 + LANGUAGE**2 / LANGUAGES)  # so that the mean over languages deviates as it should
    run = rng.normal(0, 1, (ROUTES, runs, 1)) + LANGUAGE * rng.normal(0, 1, (ROUTES, runs, LANGUAGES))
    points = 0.5 + image + taste + noise + every * deviations[:, None, None] * run
    return np.stack([QUESTIONS * points, np.full_like(points, QUESTIONS)], axis=1)


def tests(known: Scores) -> tuple[float, float, float, float]:
    """p of the primary comparison, the least of Holm's over the nine others and over languages; p with the effect."""
    mean, last = np.full(LANGUAGES, 1 / LANGUAGES), ROUTES - 1

    def against_first(route: int, mix: np.ndarray) -> Interval:
        weights = np.zeros((ROUTES, LANGUAGES))
        weights[route], weights[0] = mix, -mix
        return contrast(known, weights)

    routes = [against_first(route, mean) for route in range(1, ROUTES)]
    languages = [against_first(last, np.eye(LANGUAGES)[one]).p for one in range(LANGUAGES)]
    found = routes[-1].p_against(-EFFECT)  # as if the last route were so much better
    return routes[-1].p, min(holm([one.p for one in routes])), min(holm(languages)), found


def table(studies: int, runs: int, deviation: float, unequal: bool) -> list[str]:
    """One row for each way: in percent, how often a test at 5 % finds a difference."""
    deviations = np.full(ROUTES, deviation)
    if unequal:  # of the same mean variance; the two routes of the primary comparison are among the noisier
        deviations[1:5] *= 0.5
        deviations *= deviation / np.sqrt((deviations**2).mean())
    rng, found = np.random.default_rng(0), {way: np.zeros(4) for way in WAYS}
    for _ in range(studies):
        known = scores(study(rng, runs, deviations))
        for way, variance in WAYS.items():
            intervals.run_variance = variance  # type: ignore[assignment]
            found[way] += np.array(tests(known)) <= 0.05
    kind = "unequal" if unequal else "equal"
    return [
        f"| {runs} | {100 * deviation:.1f}, {kind} | {way} | "
        + " | ".join(f"{100 * share / studies:.1f}" for share in counts)
        + " |"
        for way, counts in found.items()
    ]


def main() -> None:
    """Print the table of docs/concepts/statistics.md."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("| runs | sd of runs | runs enter | primary | Holm, nine comparisons | Holm, seven languages | power, +3 |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    for runs, deviation, unequal in [(5, 0.7, 0), (5, 1.5, 0), (5, 2.4, 0), (8, 1.5, 0), (8, 2.4, 0), (8, 1.5, 1)]:
        print("\n".join(table(studies, runs, deviation / 100, bool(unequal))), flush=True)


if __name__ == "__main__":
    main()
