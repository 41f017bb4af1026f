"""Overall scores of XTREME and XTREME-R from the scores of their tasks, and how they are printed.

As in XTREME's evaluation script, a task's number is the mean over all its languages, English among them, and a question
answering task's is the mean of F1 and exact match. The headline of both papers (Hu et al. 2020, Ruder et al. 2021) is
the mean over tasks (`by_task`); the mean over groups of tasks (`by_group`) is what some later papers print. Each
is given with and without the retrieval group: its tasks are not trained for, and what is gained there is another thing.

A mean over fewer tasks or languages than the benchmark's is another number: it is named partial, and what is missing is
said. Only scores on published data count: the sets of the embedded world carry the names of published ones, but are
none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.base.cells import scored_routes
from xstilts.base.errors import ParameterError, XstiltsError, did_you_mean
from xstilts.base.files import read_object
from xstilts.report.benchmarks import BENCHMARKS, RETRIEVAL, Benchmark, BenchmarkTask
from xstilts.report.cells.metrics import OFFICIAL
from xstilts.report.numbers import percent
from xstilts.report.table import empty_table

Scores = Mapping[str, Mapping[str, Any]]  # task -> metric -> language -> value in 0..1


@dataclass(frozen=True)
class Average:
    """A mean over tasks or groups.

    Attributes:
        partial: in 0..1, over the complete tasks (over groups: the groups' partial means); None without any.
        missing: what is missing, by name.
    """

    partial: float | None
    missing: tuple[str, ...] = ()

    @property
    def value(self) -> float | None:
        """The mean, None where something is missing."""
        return None if self.missing else self.partial

    def __str__(self) -> str:
        if self.value is not None:
            return percent(self.value)
        partial = "" if self.partial is None else f"; partial mean {percent(self.partial)}"
        return f"incomplete: missing {', '.join(self.missing)}{partial}"


@dataclass(frozen=True)
class Overall:
    """Scores of one route on a benchmark; all values in 0..1.

    Attributes:
        tasks: the number of each complete task.
        groups: the mean over the tasks of each group.
        by_task, by_group: the mean over all tasks, over all groups.
        by_task_without_retrieval, by_group_without_retrieval: the same without the retrieval group.
    """

    benchmark: str
    tasks: Mapping[str, float]
    groups: Mapping[str, Average]
    by_task: Average
    by_group: Average
    by_task_without_retrieval: Average
    by_group_without_retrieval: Average


def official_scores(seed: int) -> dict[str, dict[str, Any]]:
    """Every route's scores on published data, {route: {task: {metric: {language: value}}}}, of one seed.

    Raises:
        ParameterError: no route has scores on published data.
    """
    routes: dict[str, dict[str, Any]] = {}
    for route, folder in scored_routes(seed).items():
        for path in sorted(folder.glob("*/scores.json")):
            content = read_object(path, "data", "target", "scores")
            if content["data"] == OFFICIAL:
                routes.setdefault(str(route), {})[content["target"]] = content["scores"]
    if not routes:
        found = f"data/scores: found no scores of seed {seed} on published data"
        todo = "choose `world: official`, name the targets in study.targets and run `dvc repro`"
        raise ParameterError(f"{found}; {todo}")
    return routes


def overall(scores: Scores, benchmark: Benchmark) -> Overall:
    """Compute a benchmark's overall scores.

    Args:
        scores: {task: {metric: {language: value}}} with values in 0..1, as scores.json (`scores`) and metrics/*.json
            hold them; tasks, metrics and keys that are none of the benchmark's (`zero_shot`) play no part.

    Raises:
        ParameterError: an unknown benchmark.
        XstiltsError: a value that is no fraction of 1.
    """
    if benchmark not in BENCHMARKS:
        raise ParameterError(f"unknown benchmark '{benchmark}'.{did_you_mean(benchmark, BENCHMARKS)}")
    parts = BENCHMARKS[benchmark]
    missing = {task: lack for task, part in parts.items() if (lack := _lack(task, part, scores.get(task)))}
    tasks = {task: _number(task, part, scores[task]) for task, part in parts.items() if task not in missing}
    members: dict[str, list[str]] = {}
    for task, part in parts.items():
        members.setdefault(part.group, []).append(task)
    groups = {group: _over_tasks(own, tasks, missing) for group, own in members.items()}
    trained = {group: mean for group, mean in groups.items() if group != RETRIEVAL}
    without = [task for group in trained for task in members[group]]
    by_task, without_retrieval = (_over_tasks(names, tasks, missing) for names in (parts, without))
    by_group, trained_groups = (_over_groups(means.values()) for means in (groups, trained))
    return Overall(benchmark, tasks, groups, by_task, by_group, without_retrieval, trained_groups)


def _lack(task: str, part: BenchmarkTask, scores: Mapping[str, Any] | None) -> str:
    """What the scores of a task lack, with its name; "" if they are complete."""
    if scores is None:
        return task
    lacking = [metric for metric in part.metrics if metric not in scores]
    if lacking:
        return f"{task} (no {', '.join(lacking)})"
    without = [one for one in part.languages if any(one not in scores[metric] for metric in part.metrics)]
    return f"{task} (no {', '.join(without)})" if without else ""


def _number(task: str, part: BenchmarkTask, scores: Mapping[str, Mapping[str, float]]) -> float:
    """The mean over the benchmark's languages, and over the task's metrics."""
    for metric in part.metrics:
        for language in part.languages:
            if not 0 <= scores[metric][language] <= 1:
                found = f"{metric} {scores[metric][language]} in {language}"
                raise XstiltsError(f"scores of {task}: found {found}, expected a fraction in 0..1")
    return fmean(scores[metric][language] for metric in part.metrics for language in part.languages)


def _over_tasks(names: Iterable[str], tasks: Mapping[str, float], missing: Mapping[str, str]) -> Average:
    found = [tasks[name] for name in names if name in tasks]
    return _average(found, tuple(missing[name] for name in names if name in missing))


def _over_groups(groups: Iterable[Average]) -> Average:
    groups = list(groups)
    found = [group.partial for group in groups if group.partial is not None]
    return _average(found, tuple(name for group in groups for name in group.missing))


def _average(found: Sequence[float], missing: tuple[str, ...]) -> Average:
    return Average(fmean(found) if found else None, missing)


def print_overall(routes: Mapping[str, Overall], console: Console | None = None) -> None:
    """Print the overall scores of routes on one benchmark: its tasks and means in percent, then what is missing."""
    console = console or Console(width=140)
    console.print(overall_table(routes))
    for route, scores in routes.items():
        if scores.by_task.missing:
            console.print(f"{route}: {scores.by_task}", markup=False, highlight=False)


def overall_table(routes: Mapping[str, Overall]) -> Table:
    """Routes down; tasks and means across. A partial mean stands in brackets; "-" is a task that is not complete."""
    benchmark = next(iter(routes.values())).benchmark
    title = f"{benchmark}: mean over all languages in %, question answering: mean of F1 and exact match"
    means = ("by task", "without retrieval", "by group", "without retrieval")
    columns = (*BENCHMARKS[benchmark], *means)
    table = empty_table(title, columns, wrap=columns)
    for route, scores in routes.items():
        tasks = [percent(scores.tasks.get(task)) for task in BENCHMARKS[benchmark]]
        by_task = (_cell(scores.by_task), _cell(scores.by_task_without_retrieval))
        table.add_row(route, *tasks, *by_task, _cell(scores.by_group), _cell(scores.by_group_without_retrieval))
    return table


def _cell(mean: Average) -> str:
    if mean.value is not None or mean.partial is None:
        return percent(mean.value)
    return f"({percent(mean.partial)})"
