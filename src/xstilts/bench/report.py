"""The sides measured in turn, and the report: medians, ratios, the part of the machine's limit, and where it ran.

The report is what `--json` writes:

- `command`, `plan`, `examples` (by data), `busy` (what other processes took meanwhile, see `Others`);
- `sides`: by side, `rounds` (every number of every round) and `median`; of `step` also `median_step`, the seconds of
  one step by part;
- `ratios`: by peer, ours over theirs at equal work in examples per second, the median of the rounds' ratios;
  `ratio_ranges`: the smallest and the largest of them; `processor_ratios`, `processor_ranges`: the same in examples per
  second of the processors that each side used, which other processes disturb less (of train and score);
- `saved`: of train, by data, how many times faster ours is with the vocabulary trimmed (`trimming`, every weight
  trained) and then with what the task file freezes (`freezing`); neither is in `ratios`;
- `limit_fraction`: ours, the operations per second that the model needs over the best rate of matrix products measured
  in the same run; `limit_fractions`: by side; `limit`: those rates in operations per second;
- `hardware`, `versions`, `revision`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.bench.comparison import Comparison, Plan, chosen, jobs_of, limit_job, with_regions
from xstilts.bench.job import Job, Result, run_job
from xstilts.score.provenance import provenance

Report = dict[str, Any]
Rounds = dict[str, list[Result]]
COUNTERS = Path("/proc/stat")  # Linux: time of all processors since the start, by what they did
IDLE = (3, 4)  # idle, and waiting for a disk
COUNTED = 8  # what follows (guests) is in the others too
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
    with with_regions(plan) as ready:
        examples, results = measure_all(comparisons, ready, note, run)
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
        limit = {"limit": limit_job(plan)} if comparison.what in ("train", "score") and "limit" not in results else {}
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
    for side, rounds in results.items():
        if steps := [one["more"]["seconds_of_step"] for one in rounds if "seconds_of_step" in one["more"]]:
            sides[side]["median_step"] = {part: median([one[part] for one in steps]) for part in steps[0]}
    report: Report = {"sides": sides, **equal_work(comparisons, results), "saved": saved(comparisons, results)}
    return report | (limits(comparisons, results) if "limit" in results else {})


def equal_work(comparisons: list[Comparison], results: Rounds) -> Report:
    """How many times faster than each peer the side of ours is that does the same work."""
    report: Report = {"ratios": {}, "ratio_ranges": {}, "processor_ratios": {}, "processor_ranges": {}}
    for peer, ours in ((peer, one.equal(peer)) for one in comparisons for peer in one.peers):
        mine, theirs = results[ours.name], results[peer.name]
        for name, names, quantity in (
            ("ratios", "ratio_ranges", "examples_per_second"),
            ("processor_ratios", "processor_ranges", "examples_per_processor_second"),
        ):
            if quantity in mine[0]:
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
        self.before = _processor_time()

    def share(self) -> float:
        """Their part of all processors' time, 0..1, without what this process and those that it started took.

        Where the system has no such counters: the average load of the last minute, per processor.
        """
        if not COUNTERS.is_file():
            return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
        idle, total, own = (after - before for after, before in zip(_processor_time(), self.before, strict=True))
        return max(0.0, 1 - (idle + own) / max(total, 1))


def _processor_time() -> tuple[float, float, float]:
    """Ticks that all processors were idle, all their ticks, and those of this process and of its children."""
    if not COUNTERS.is_file():
        return 0.0, 0.0, 0.0
    first = COUNTERS.read_text(encoding="ascii").split("\n", 1)[0]
    ticks = [int(one) for one in first.split()[1 : 1 + COUNTED]]
    own = sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")
    return sum(ticks[place] for place in IDLE), sum(ticks), own


def print_report(report: Report, console: Console | None = None) -> None:
    """Print one line per side, and what the numbers mean."""
    console = console or Console(width=160)
    plan = report["plan"]
    examples = ", ".join(f"{plan['tasks'][data]} {count}" for data, count in report["examples"].items())
    lines = [
        f"{report['hardware']}; {plan['threads']} threads; {plan['shape'] or plan['public']}",
        f"medians of {plan['rounds']} rounds; examples in a round: {examples}",
    ]
    if plan["regions"]:
        lines.append(f"every picture has {plan['regions']} random regions in place of its own")
    if report["busy"] > BUSY:
        busy = f"BUSY MACHINE ({report['busy']:.0%} taken by others): do not quote rates, nor ratios on the wall"
        lines.append(busy)
    console.print("\n".join(lines), highlight=False)
    console.print(step_table(report) if report["command"] == "step" else side_table(report))
    for data, found in report["saved"].items():
        what = f"trimming the vocabulary {_times(found['trimming'])}, then freezing {_times(found['freezing'])}"
        console.print(f"{plan['tasks'][data]}: saved beside equal work, in processor time: {what}", highlight=False)
    if "limit" in report:
        best = ", ".join(f"{name} {rate / GIGA:,.0f}" for name, rate in report["limit"].items())
        console.print(f"best matrix products of this run, GFLOP/s: {best}", highlight=False)


def side_table(report: Report) -> Table:
    """Rates, padding, memory and ratios, one row per side; without columns that are empty everywhere."""
    rows = [side_cells(side, entry["median"], report) for side, entry in report["sides"].items()]
    headings = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    table = _table(headings)
    for row in rows:
        table.add_row(*(row[heading] for heading in headings))
    return table


def side_cells(side: str, numbers: Result, report: Report) -> dict[str, str]:
    """The cells of one side by heading, "" where there is nothing to say."""
    positions, accuracy = numbers["positions"], numbers["accuracy"]
    limit = report.get("limit_fractions", {}).get(side)
    unit = "tokens or regions/s" if report["command"] == "encode" else "tokens/s"
    return {
        "side": side,
        "examples/s": f"{numbers['examples_per_second']:,.1f}",
        unit: f"{numbers['tokens_per_second']:,.0f}",
        "padding": f"{1 - numbers['tokens'] / positions:.0%}" if positions else "",
        "peak memory": f"{numbers['peak_memory_bytes'] / GIGA:.2f} GB",
        "of the limit": "" if limit is None else f"{limit:.1%}",
        "ours at equal work": _times(report["ratios"].get(side)),
        "range": _range(report["ratio_ranges"].get(side)),
        "in processor time": _times(report["processor_ratios"].get(side)),
        "its range": _range(report["processor_ranges"].get(side)),
        "English dev": "" if accuracy is None else f"{accuracy:.1%}",
    }


def step_table(report: Report) -> Table:
    """Milliseconds of one step and its share, one row per part, for every data."""
    steps = {side: entry["median_step"] for side, entry in report["sides"].items()}
    table = _table(["part", *(f"{side} {what}" for side in steps for what in ("ms", "share"))])
    for part in next(iter(steps.values())):
        numbers = [(seconds[part], sum(seconds.values())) for seconds in steps.values()]
        table.add_row(part, *(cell for own, all_ in numbers for cell in (f"{own * 1e3:.1f}", f"{own / all_:.0%}")))
    table.add_row("step", *(cell for one in steps.values() for cell in (f"{sum(one.values()) * 1e3:.1f}", "")))
    return table


def _range(found: list[float] | None) -> str:
    return " to ".join(_times(one) for one in found or [])


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"


def _table(headings: list[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table
