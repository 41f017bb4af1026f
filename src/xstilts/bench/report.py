"""From the rounds of all sides to one report: medians, ratios, the part of the machine's limit, and where it ran.

The report is what `--json` writes:

- `command`, `plan`, `examples` (by data), `busy` (what other processes took before the start, see `load.busyness`);
- `sides`: by side, `rounds` (every number of every round) and `median`; of `step` also `median_step`, the seconds of
  one step by part;
- `ratios`: by peer, ours over theirs in examples per second, the median of the rounds' ratios; `ratio_ranges`: the
  smallest and the largest of them; `ratios_all_weights`: the same with every weight of ours trained, as the peers do;
- `limit_fraction`: ours, the operations a second that the model needs over the best rate of matrix products measured
  in the same run; `limit_fractions`: by side; `limit`: those rates in operations a second;
- `hardware`, `versions`, `revision`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from statistics import median
from typing import Any

from xstilts.bench.comparison import Comparison, Plan, chosen, described, jobs_of, limit_job
from xstilts.bench.job import Job
from xstilts.bench.load import busyness
from xstilts.bench.published import with_regions
from xstilts.bench.rounds import Result, Rounds, alternate, medians, ratios, run_job
from xstilts.score.provenance import provenance

Report = dict[str, Any]


def compare(
    command: str, plan: Plan, note: Callable[[str], None] = print, run: Callable[[Job], Result] = run_job
) -> Report:
    """Run a command's comparisons and report them.

    Args:
        note: is told what is being done.
        run: does one job.
    """
    load, comparisons = busyness(), chosen(command, plan)
    with with_regions(plan) as ready:
        examples, results = measure_all(comparisons, ready, note, run)
    report: Report = {"command": command, "plan": described(plan), "examples": examples, "busy": load}
    return {**report, **summary(comparisons, results), **where_it_ran()}


def measure_all(
    comparisons: list[Comparison], plan: Plan, note: Callable[[str], None], run: Callable[[Job], Result]
) -> tuple[dict[str, int], Rounds]:
    """Examples a round by data, and the rounds of every side and of `limit`; the arguments are those of `compare`."""
    examples: dict[str, int] = {}
    results: Rounds = {}
    for comparison in comparisons:
        note(f"{comparison.what}, {plan.tasks[comparison.data]}: how many examples")
        jobs = jobs_of(comparison, plan, run)
        examples[comparison.data] = len(jobs[comparison.ours].rows)
        limit = {"limit": limit_job(plan)} if comparison.what in ("train", "score") and "limit" not in results else {}
        results |= alternate({**limit, **jobs}, plan.rounds, run, note)
    return examples, results


def summary(comparisons: list[Comparison], results: Rounds) -> Report:
    """What the rounds say; see the module's docstring for the keys."""
    sides = {side: {"rounds": found, "median": medians(found)} for side, found in results.items() if side != "limit"}
    for side, found in results.items():
        if steps := [one["more"]["seconds_of_step"] for one in found if "seconds_of_step" in one["more"]]:
            sides[side]["median_step"] = {part: median([one[part] for one in steps]) for part in steps[0]}
    report: Report = {"sides": sides, "ratios": {}, "ratio_ranges": {}, "ratios_all_weights": {}}
    for comparison in comparisons:
        for peer in comparison.peers:
            own = ratios(results[comparison.ours], results[peer])
            report["ratios"][peer], report["ratio_ranges"][peer] = median(own), [min(own), max(own)]
            if comparison.ours_all_weights:
                whole = ratios(results[comparison.ours_all_weights], results[peer])
                report["ratios_all_weights"][peer] = median(whole)
    return report | (limits(comparisons, results) if "limit" in results else {})


def limits(comparisons: list[Comparison], results: Rounds) -> Report:
    """How near each side comes to the best rate of matrix products, in any precision, of all rounds."""
    best = {name: max(one["more"][name] for one in results["limit"]) for name in ("fp32", "bf16")}
    top = max(best.values())
    fractions = {side: medians(found)["flops_per_second"] / top for side, found in results.items() if side != "limit"}
    return {"limit": best, "limit_fractions": fractions, "limit_fraction": fractions[comparisons[0].ours]}


def where_it_ran() -> Mapping[str, Any]:
    """Hardware, versions and code revision."""
    found = provenance("")
    versions = {**found["versions"], "datasets": version("datasets")}
    return {"hardware": found["hardware"], "versions": versions, "revision": found["revision"]}
