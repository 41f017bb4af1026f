"""What a study needs, out of DVC's own graph: its stages, each after those whose outputs it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.errors import ParameterError

Stage = Any  # dvc.stage.PipelineStage, which has no types


@dataclass
class Plan:
    """Stages that are still to be looked at.

    Attributes:
        stages: all of them, each after those that it depends on.
        upstream: {stage: the stages whose outputs it reads}.
        done: those that are up to date.
    """

    stages: Sequence[Stage]
    upstream: dict[Stage, set[Stage]]
    started: set[Stage] = field(default_factory=set)
    done: set[Stage] = field(default_factory=set)

    def ready(self) -> list[Stage]:
        """The stages that can be looked at now, in order."""
        left = (stage for stage in self.stages if stage not in self.started)
        return [stage for stage in left if self.upstream[stage] <= self.done]


def study_pipeline(study: str | None) -> Path:
    """The dvc.yaml that collects a study.

    Raises:
        ParameterError: there is no such study.
    """
    path = Path("dvc.yaml") if study is None else Path("stages", study, "dvc.yaml")
    if not path.is_file():
        known = sorted(one.parent.name for one in Path("stages").glob("*/study.yaml"))
        todo = f"run from the repository root, and name a study of stages/: {', '.join(known) or 'there is none'}"
        raise ParameterError(f"{path}: no such file; {todo}")
    return path


def open_repo() -> Any:
    """The DVC repository of the working directory.

    Raises:
        ParameterError: there is none.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        return Repo()
    except NotDvcRepoError:
        raise ParameterError(f"{Path.cwd()}: not a DVC repository; run from the repository root") from None


def make_plan(repo: Any, targets: Sequence[str]) -> Plan:
    """The stages of some targets (a dvc.yaml, or the address of a stage) and of all that they need.

    Args:
        repo: a `dvc.repo.Repo`.
    """
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    graph = get_active_graph(repo.index.graph)
    stages = plan_repro(graph, collect_stages(repo, targets))
    wanted = set(stages)
    return Plan(stages, {stage: set(graph.successors(stage)) & wanted for stage in stages})
