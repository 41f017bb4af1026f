"""The cells that a study lacks as Slurm jobs: DVC's graph is their order, DVC's run-cache is where their results meet.

One job computes one stage with `dvc repro`, in a clone of its own of the committed revision that uses the cache of this
repository, on a file system that all nodes see. A job's name is the cell's id, and Slurm runs jobs of one name one at a
time (`singleton`): whoever comes second finds the result in the run-cache. States are read from `squeue`, then from the
run-cache, never from accounting, which many clusters do not have.
"""

import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.errors import ParameterError
from xstilts.base.files import read_json, write_json
from xstilts.base.parameters import read_yaml
from xstilts.grid.plan import Plan, Stage, cell_id, kind_of, output

RESOURCES = Path("stages/slurm.yaml")
JOBS = "jobs.json"  # in the work folder: what `grid status` and `grid cancel` look at
ENDED = frozenset(
    {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}
)
TAIL = 12  # lines of a failed job's log that are shown
# Slurm sends USR1 two minutes before the time limit (the job resumes from its last state, in its own clone), and TERM
# when the node is wanted by others. `set -m` gives DVC a process group, so that no stage outlives it.
BODY = """#!/bin/bash
set -e
export PATH={path}:$PATH
cd {folder}
if [ ! -d clone ]; then
  git clone --quiet --no-checkout {origin} draft-$SLURM_JOB_ID
  mv draft-$SLURM_JOB_ID clone
fi
cd clone
git fetch --quiet origin {revision}
git checkout --quiet --force {revision}
dvc config --local cache.dir {cache}
dvc config --local cache.type hardlink,copy
dvc config --local core.check_update false
set -m
stop() {{ kill -TERM -- -$run 2>/dev/null || true; wait $run || true; }}
trap 'stop; exit 143' TERM
trap 'stop; scontrol requeue $SLURM_JOB_ID; exit 143' USR1
dvc repro {stage} &
run=$!
wait $run
echo "$SECONDS s"
"""


@dataclass(frozen=True)
class Job:
    """One submitted cell.

    Attributes:
        stage: its address.
        id: what the cell is made from, as a hash; the job's name and the folder's.
        number: Slurm's.
    """

    stage: str
    id: str
    number: str


def check_committed() -> str:
    """The revision that jobs run.

    Raises:
        ParameterError: files that decide what a stage does are not committed.
    """
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!*.lock", ":!metrics")
    if changed:
        first = changed.splitlines()[0].split(maxsplit=1)[1]
        raise ParameterError(f"{first} is not committed; jobs run the committed revision: commit, then run this again")
    return output("git", "rev-parse", "HEAD")


def submit(repo: Any, plan: Plan, cells: Sequence[Stage], work: Path, revision: str) -> list[Job]:
    """Submit the cells that a study lacks, each after those whose outputs it reads.

    Args:
        repo: a `dvc.repo.Repo`.
        cells: stages of the plan, in its order.
        work: a folder that all nodes see.
        revision: the commit that jobs check out.
    """
    resources, jobs, ids = read_resources(), list[Job](), dict[Stage, str]()
    for stage in cells:
        ids[stage] = cell_id(stage, plan.upstream[stage], ids)
        folder = (work / ids[stage]).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        before = [job.number for job, one in zip(jobs, cells, strict=False) if one in plan.upstream[stage]]
        script = BODY.format(
            path=shlex.quote(str(Path(sys.executable).parent)),
            folder=shlex.quote(str(folder)),
            origin=shlex.quote(str(Path(repo.root_dir).resolve())),
            revision=revision,
            cache=shlex.quote(str(Path(repo.cache.local_cache_dir).resolve())),
            stage=shlex.quote(stage.addressing),
        )
        options = [f"--{name}={value}" for name, value in options_of(stage, resources).items()]
        number = output("sbatch", *_fixed_options(ids[stage], folder, before), *options, given=script)
        jobs.append(Job(stage.addressing, ids[stage], number.partition(";")[0]))
    write_json(work / JOBS, [vars(job) for job in jobs])
    return jobs


def _fixed_options(cell: str, folder: Path, before: Sequence[str]) -> list[str]:
    after = f"afterok:{':'.join(before)},singleton" if before else "singleton"
    fixed = "--parsable --kill-on-invalid-dep=yes --requeue --open-mode=append --signal=B:USR1@120".split()
    return [*fixed, f"--job-name=xs-{cell}", f"--dependency={after}", f"--output={folder}/%j.log"]


def read_resources() -> dict[str, dict[str, Any]]:
    """stages/slurm.yaml: options of sbatch for all jobs (`all`), for a folder of stages (`train`), or for a stage.

    Raises:
        ParameterError: it is not a mapping of mappings.
    """
    content: dict[str, dict[str, Any]] = read_yaml(RESOURCES) if RESOURCES.is_file() else {}
    for name, options in content.items():
        if not isinstance(options, dict):
            raise ParameterError(f"{RESOURCES}: {name} is {options!r}, expected options of sbatch, as {{mem: 4G}}")
    return content


def options_of(stage: Stage, resources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of a stage's job: those of all, then of its folder, then of its own name."""
    options: dict[str, Any] = {}
    for name in ("all", *kind_of(stage.addressing)):
        options |= resources.get(name, {})
    return options


def watch(jobs: Sequence[Job], seconds: float = 2.0) -> Iterator[dict[Job, str]]:
    """The state of every job, whenever one has changed, until all have ended."""
    before: dict[Job, str] = {}
    while True:
        now = states(jobs)
        if now != before:
            yield now
        if all(state in ENDED for state in now.values()):
            return
        before = now
        time.sleep(seconds)


def states(jobs: Sequence[Job]) -> dict[Job, str]:
    """Slurm's word for each job's state; a job that Slurm has forgotten has ended."""
    if not jobs:
        return {}
    shown = output("squeue", "--noheader", "--states=all", "--format=%i %T")
    known = dict(line.split(maxsplit=1) for line in shown.splitlines())
    return {job: known.get(job.number, "COMPLETED") for job in jobs}


def summary(state: Mapping[Job, str]) -> str:
    """`15 cells: 3 running, 12 pending`."""
    counts = Counter(word.lower() for word in state.values())
    return f"{len(state)} cells: " + ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))


def what_became(state: Mapping[Job, str], work: Path) -> dict[str, str]:
    """{stage: why it has no result} of every job, for those that turn out to have none; with the end of its log."""
    found = {}
    for job, word in state.items():
        log = work / job.id / f"{job.number}.log"
        said = log.read_text(errors="replace").splitlines()[-TAIL:] if log.is_file() else ["it never started"]
        lines = "\n".join(f"  {line}" for line in said)
        found[job.stage] = f"job {job.number} ended as {word.lower()} without a result; the end of {log}:\n{lines}"
    return found


def seconds_of(jobs: Sequence[Job], work: Path) -> dict[str, float]:
    """{stage: seconds} of the jobs that ran theirs, rather than find its result in the run-cache."""
    found = {}
    for job in jobs:
        log = work / job.id / f"{job.number}.log"
        text = log.read_text(errors="replace") if log.is_file() else ""
        if "Running stage" in text and (ended := re.search(r"^(\d+) s$", text, re.MULTILINE)):
            found[job.stage] = float(ended[1])
    return found


def submitted(work: Path) -> list[Job]:
    """The jobs of the last `grid run --on slurm`.

    Raises:
        ParameterError: there was none with this work folder.
    """
    if not (path := work / JOBS).is_file():
        raise ParameterError(f"{path}: no such file; `xstilts grid run --on slurm --work {work}` writes it")
    return [Job(**one) for one in read_json(path)]


def cancel(jobs: Sequence[Job]) -> int:
    """Cancel the jobs that have not ended; return how many."""
    left = [job.number for job, state in states(jobs).items() if state not in ENDED]
    if left:
        output("scancel", *left)
    return len(left)
