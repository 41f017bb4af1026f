"""What a study needs, out of DVC's own graph: its stages, each after those whose outputs it reads."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.errors import ParameterError, XstiltsError

Stage = Any  # dvc.stage.PipelineStage, which has no types


def sentence(error: BaseException) -> str:
    """What an error of DVC or of the system says, with what caused it, on one line."""
    words: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        words, cause = [*words, " ".join(str(cause).split())], cause.__cause__
    return ": ".join(dict.fromkeys(filter(None, words))) or type(error).__name__


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


@contextmanager
def dvc_refusals() -> Iterator[None]:
    """Let an error of DVC be a sentence: no repository, a broken dvc.yaml or dvc.lock, another DVC at work."""
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.lock import LockError

    try:
        yield
    except NotDvcRepoError:
        raise ParameterError(f"{Path.cwd()}: not a DVC repository; run from the repository root") from None
    except LockError:
        raise XstiltsError("another DVC command runs here; wait for its end, then run this again") from None
    except DvcException as error:
        todo = "; what a dvc.lock has lost is restored from the run-cache once the file is deleted"
        raise XstiltsError(f"DVC: {sentence(error)}{todo if 'dvc.lock' in str(error) else ''}") from None


def open_repo() -> Any:
    """The DVC repository of the working directory."""
    from dvc.repo import Repo

    return Repo()


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


def kind_of(address: str) -> tuple[str, str]:
    """The folder of a stage's dvc.yaml ("" for the root's), and its name before its matrix: `train`, `target`."""
    path, _, name = address.rpartition(":")
    return Path(path).parent.name, name.partition("@")[0]


def cell_id(stage: Stage, upstream: set[Stage], ids: Mapping[Stage, str]) -> str:
    """What a stage's outputs are made from, as a hash: command, parameters, code, data, and the ids of its upstream.

    Args:
        upstream: the stages whose outputs it reads.
        ids: of those upstream that are still to be computed; the outputs of the others are there, and count as data.
    """
    pending = [one for one in upstream if one in ids]
    made = [Path(out.fs_path) for one in pending for out in one.outs]
    parts = [stage.cmd, *sorted(ids[one] for one in pending), *sorted(str(out) for out in stage.outs)]
    for dependency in stage.deps:
        path = Path(dependency.fs_path)
        if not any(path == out or out in path.parents or path in out.parents for out in made):
            dependency.save()
            parts.append(f"{dependency}={dependency.hash_info.value}")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def output(*command: str, given: str | None = None, folder: Path | None = None) -> str:
    """What a command prints that gets `given` as its input and runs in `folder`.

    Raises:
        XstiltsError: it is not there, or it failed.
    """
    try:
        run = subprocess.run(command, input=given, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise XstiltsError(f"{command[0]}: no such command; run this where it is installed") from None
    if run.returncode:
        raise XstiltsError(f"{command[0]} failed: {' '.join(run.stderr.split())}")
    return run.stdout.strip()
