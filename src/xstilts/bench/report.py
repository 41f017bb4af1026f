"""The sides measured in turn, and the report: medians, ratios, the part of the machine's limit, and where it ran.

The report is what `--json` writes:

- `command`, `plan`, `examples` (by data), `busy` (what other processes took meanwhile, see `Others`);
- `sides`: by side, `rounds` (every number of every round) and `median`;
- `ratios`: by peer, ours over theirs at equal work in examples per second, the median of the rounds' ratios;
  `ratio_ranges`: the smallest and the largest of them; `processor_ratios`, `processor_ranges`: the same in examples per
  second of the processors that each side used, which other processes disturb less;
- `saved`: of train, by data, how many times faster ours is with the vocabulary trimmed (`trimming`, every weight
  trained) and then with what the task file freezes (`freezing`); neither is in `ratios`;
- `limit_fraction`: ours, the operations per second that the model needs over the best rate of matrix products measured
  in the same run; `limit_fractions`: by side; `limit`: those rates in operations per second;
- `hardware`, `versions`, `revision`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from statistics import median
from typing import Any

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.bench.comparison import Comparison, Plan, chosen, jobs_of, limit_job
from xstilts.bench.job import Job, Result, run_job
from xstilts.score.provenance import provenance

Report = dict[str, Any]
Rounds = dict[str, list[Result]]
BUSY = 0.1  # part of the machine that others take above which a warning stands over the numbers
GIGA = 1e9


def compare(
    command: str, plan: Plan, note: Callable[[str], None] = print, run: Callable[[Job], Result] = run_job
) -> Report:
    """Run a command's comparisons and report them.

    Args:
        note: is told what is being done.
        run: does one job.
    """
    comparisons, others = chosen(command, plan), Others()
    examples, results = measure_all(comparisons, plan, note, run)
    report: Report = {"command": command, "plan": plan.to_json(), "examples": examples, "busy": others.share()}
    return {**report, **summary(comparisons, results), **where_it_ran()}


def measure_all(
    comparisons: list[Comparison], plan: Plan, note: Callable[[str], None], run: Callable[[Job], Result]
) -> tuple[dict[str, int], Rounds]:
    """Examples in a round by data, and the rounds of every side and of `limit`; the arguments are as in `compare`."""
    examples: dict[str, int] = {}
    results: Rounds = {}
    for comparison in comparisons:
        note(f"{comparison.what}, {plan.tasks[comparison.data]}: how many examples")
        jobs = jobs_of(comparison, plan, run)
        examples[comparison.data] = len(jobs[comparison.own[0].name].rows)
        limit = {} if "limit" in results else {"limit": limit_job(plan)}
        results |= alternate({**limit, **jobs}, plan.rounds, run, note)
    return examples, results


def alternate(
    jobs: Mapping[str, Job], rounds: int, run: Callable[[Job], Result] = run_job, note: Callable[[str], None] = print
) -> Rounds:
    """Measure every side once per round, A B C C B A ..., so that a drift of the machine's speed falls on all alike.

    Args:
        jobs: by side, in the order of their turns; the number of the round is added to the seed.
        run: does one job.
        note: is told what is being done.
    """
    results: Rounds = {side: [] for side in jobs}
    for number in range(rounds):
        for side in reversed(list(jobs)) if number % 2 else jobs:
            note(f"round {number + 1} of {rounds}: {jobs[side].what} {side}")
            results[side].append(run(replace(jobs[side], seed=jobs[side].seed + number)))
    return results


def medians(results: list[Result]) -> Result:
    """The median of every number over the rounds; None where one was not measured."""
    names = [name for name, value in results[0].items() if isinstance(value, (int, float)) or value is None]
    values = {name: [result[name] for result in results] for name in names}
    return {name: None if None in found else median(found) for name, found in values.items()}


def ratios(ours: list[Result], theirs: list[Result], quantity: str = "examples_per_second") -> list[float]:
    """Ours over theirs, round by round."""
    return [mine[quantity] / yours[quantity] for mine, yours in zip(ours, theirs, strict=True)]


def summary(comparisons: list[Comparison], results: Rounds) -> Report:
    """What the rounds say; see the module's docstring for the keys."""
    sides = {side: {"rounds": found, "median": medians(found)} for side, found in results.items() if side != "limit"}
    work = equal_work(comparisons, results) | {"saved": saved(comparisons, results)}
    return {"sides": sides, **work, **limits(comparisons, results)}


def equal_work(comparisons: list[Comparison], results: Rounds) -> Report:
    """How many times faster than each peer the side of ours is that does the same work."""
    report: Report = {"ratios": {}, "ratio_ranges": {}, "processor_ratios": {}, "processor_ranges": {}}
    for peer, ours in ((peer, one.equal(peer)) for one in comparisons for peer in one.peers):
        mine, theirs = results[ours.name], results[peer.name]
        for name, names, quantity in (
            ("ratios", "ratio_ranges", "examples_per_second"),
            ("processor_ratios", "processor_ranges", "examples_per_processor_second"),
        ):
            found = ratios(mine, theirs, quantity)
            report[name][peer.name], report[names][peer.name] = median(found), [min(found), max(found)]
    return report


def saved(comparisons: list[Comparison], results: Rounds) -> Report:
    """By data, how many times faster ours trains with the vocabulary trimmed, and then with less that is trained."""
    found: Report = {}
    for comparison in comparisons:
        if comparison.what == "train":
            frozen, all_weights, untrimmed = (results[side.name] for side in comparison.own)
            quantity = "examples_per_processor_second"
            steps = {"trimming": (all_weights, untrimmed), "freezing": (frozen, all_weights)}
            found[comparison.data] = {name: median(ratios(*pair, quantity)) for name, pair in steps.items()}
    return found


def limits(comparisons: list[Comparison], results: Rounds) -> Report:
    """How near each side comes to the best rate of matrix products, in any precision, of all rounds."""
    best = {name: max(one["more"][name] for one in results["limit"]) for name in ("fp32", "bf16")}
    top = max(best.values())
    fractions = {side: medians(found)["flops_per_second"] / top for side, found in results.items() if side != "limit"}
    return {"limit": best, "limit_fractions": fractions, "limit_fraction": fractions[comparisons[0].own[0].name]}


def where_it_ran() -> Report:
    """Hardware, versions and code revision."""
    found = provenance("")
    versions = {**found["versions"], "datasets": version("datasets")}
    return {"hardware": found["hardware"], "versions": versions, "revision": found["revision"]}


class Others:
    """What other processes and other virtual machines take of the processors, from now on."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # the next call says how busy all processors were since this one
        self.began, self.used = _clocks()

    def share(self) -> float:
        """Their part of all processors' time, 0..1, without what this process and those that it started took."""
        busy, (ended, used) = psutil.cpu_percent() / 100, _clocks()
        return float(max(0.0, busy - (used - self.used) / (ended - self.began) / psutil.cpu_count()))


def _clocks() -> tuple[float, float]:
    """Seconds on the wall, and of the processors that this process and its children took."""
    return time.perf_counter(), sum(os.times()[:4])


def print_report(report: Report, console: Console | None = None) -> None:
    """Print one line per side, and what the numbers mean."""
    console = console or Console(width=160)
    plan = report["plan"]
    examples = ", ".join(f"{plan['tasks'][data]} {count}" for data, count in report["examples"].items())
    lines = [
        f"{report['hardware']}; {plan['threads']} threads; {plan['shape'] or plan['public']}",
        f"medians of {plan['rounds']} rounds; examples in a round: {examples}",
    ]
    if report["busy"] > BUSY:
        busy = f"BUSY MACHINE ({report['busy']:.0%} taken by others): do not quote rates, nor ratios on the wall"
        lines.append(busy)
    console.print("\n".join(lines), highlight=False)
    console.print(side_table(report))
    for data, found in report["saved"].items():
        what = f"trimming the vocabulary {_times(found['trimming'])}, then freezing {_times(found['freezing'])}"
        console.print(f"{plan['tasks'][data]}: saved beside equal work, in processor time: {what}", highlight=False)
    best = ", ".join(f"{name} {rate / GIGA:,.0f}" for name, rate in report["limit"].items())
    console.print(f"best matrix products of this run, GFLOP/s: {best}", highlight=False)


def side_table(report: Report) -> Table:
    """Rates, padding, memory and ratios, one row per side; without columns that are empty everywhere."""
    rows = [side_cells(side, entry["median"], report) for side, entry in report["sides"].items()]
    headings = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[heading] for heading in headings))
    return table


def side_cells(side: str, numbers: Result, report: Report) -> dict[str, str]:
    """The cells of one side by heading, "" where there is nothing to say."""
    accuracy = numbers["accuracy"]
    return {
        "side": side,
        "examples/s": f"{numbers['examples_per_second']:,.1f}",
        "tokens/s": f"{numbers['tokens_per_second']:,.0f}",
        "padding": f"{1 - numbers['tokens'] / numbers['positions']:.0%}",
        "peak memory": f"{numbers['peak_memory_bytes'] / GIGA:.2f} GB",
        "of the limit": f"{report['limit_fractions'][side]:.1%}",
        "ours at equal work": _times(report["ratios"].get(side)),
        "range": _range(report["ratio_ranges"].get(side)),
        "in processor time": _times(report["processor_ratios"].get(side)),
        "its range": _range(report["processor_ranges"].get(side)),
        "English dev": "" if accuracy is None else f"{accuracy:.1%}",
    }


def _range(found: list[float] | None) -> str:
    return " to ".join(_times(one) for one in found or [])


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"
