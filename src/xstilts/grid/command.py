"""`xstilts grid`: compute what a study lacks, several cells at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from xstilts.base.errors import ParameterError, XstiltsError
from xstilts.grid.plan import kind_of

grid = typer.Typer(no_args_is_help=True, help="Compute the cells of a study, several at once.")
WORK = Path("scratch/grid")
SHOWN = 5  # kinds of stages whose share of the time is shown


Name = Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")]
Work = Annotated[Path, typer.Option(help="Slurm: folder of clones and logs, which all nodes see")]


@grid.command(epilog="Example: xstilts grid run full --jobs 2")
def run(
    study: Name = None,
    on: Annotated[Literal["local", "slurm"], typer.Option(help="this machine, or a cluster's Slurm")] = "local",
    jobs: Annotated[int | None, typer.Option(help="stages at once here; else one per processor and 3 GB")] = None,
    work: Work = WORK,
    dry_run: Annotated[bool, typer.Option(help="only say what would run")] = False,
) -> None:
    """Bring a study up to date, as `dvc repro` does, with several stages at once, and show its result."""
    import logging
    import time

    from xstilts.base.machine import processors
    from xstilts.grid.forecast import note_seconds
    from xstilts.grid.plan import dvc_refusals, open_repo, study_pipeline

    pipeline = str(study_pipeline(study))
    if jobs is not None and jobs < 1:
        raise ParameterError(f"--jobs is {jobs}, expected at least 1")
    from xstilts.check.files import check_parameters
    from xstilts.check.grid import GRID
    from xstilts.grid.local import Runner, jobs_at_once

    if GRID.is_file():  # a stage checks too, but only after DVC has read every cell, which takes long
        check_parameters()
    started = time.monotonic()
    with dvc_refusals():
        repo, elsewhere = open_repo(), dict[str, str]()
        logging.getLogger("dvc").setLevel(logging.WARNING)  # DVC sets it when it is imported
        if dry_run:
            _print_lacking(repo, pipeline)
            return
        if on == "slurm":
            elsewhere = _on_slurm(repo, pipeline, work)
        runner = Runner(repo, jobs or jobs_at_once(), processors(), elsewhere)
        try:
            ran = runner.run([pipeline])
        finally:
            note_seconds(runner.ran)
    _print_result(study)
    print(ending(ran, time.monotonic() - started))


@grid.command(epilog="Example: xstilts grid status")
def status(work: Work = WORK) -> None:
    """Show the state of every job that `grid run --on slurm` submitted."""
    from xstilts.grid import slurm

    state = slurm.states(slurm.submitted(work))
    for job, word in state.items():
        print(f"{word.lower():12} {job.number:>8}  {job.stage}")
    print(slurm.summary(state))


@grid.command(epilog="Example: xstilts grid cancel")
def cancel(work: Work = WORK) -> None:
    """Cancel the jobs that `grid run --on slurm` submitted and that have not ended."""
    from xstilts.grid import slurm

    print(f"{slurm.cancel(slurm.submitted(work))} jobs cancelled")


@grid.command("merge-locks")
def merge_locks() -> None:
    """Join the dvc.lock files of two branches that each computed cells, where `git merge` stopped at them."""
    from xstilts.grid.locks import merge_locks as merge

    for path, conflicts in merge().items():
        print(f"{path}: joined" + (f"; both branches changed {', '.join(conflicts)}" if conflicts else ""))
    print("next: xstilts grid run, which computes only what neither branch has; git add metrics; git commit")


def _print_lacking(repo: Any, pipeline: str) -> None:
    """Show what would run, and what stages of each kind took before: hours of one after another, and disk."""
    from rich.filesize import decimal

    from xstilts.grid.forecast import forecast
    from xstilts.grid.local import Runner
    from xstilts.grid.plan import make_plan

    plan = make_plan(repo, [pipeline])
    found = forecast(Runner(repo, 1, 1).lacking(plan, restore=False), plan.stages)
    for one in found:
        hours = "-" if one.hours is None else f"{one.hours:.2f} h"
        print(f"{one.count:5} {one.kind:28} {hours:>10} {'-' if one.bytes is None else decimal(one.bytes):>10}")
    in_all = {name: sum(getattr(one, name) or 0 for one in found) for name in ("hours", "bytes")}
    print(f"{sum(one.count for one in found):5} stages would run, or be restored from the run-cache", end="")
    print(f": {in_all['hours']:.2f} h if one runs after another, {decimal(int(in_all['bytes']))}" if found else "")
    if any(None in (one.hours, one.bytes) for one in found):
        print("-: no stage of this kind has run here before; the sum is without it")


def _on_slurm(repo: Any, pipeline: str, work: Path) -> dict[str, str]:
    """Compute the cells as jobs, without the collectors; return what to say of those that have no result."""
    from xstilts.grid import slurm
    from xstilts.grid.forecast import note_seconds
    from xstilts.grid.local import Runner
    from xstilts.grid.plan import make_plan

    revision, plan = slurm.check_committed(), make_plan(repo, [pipeline])
    lacking = Runner(repo, 1, 1).lacking(plan)
    cells = [stage for stage in lacking if Path(stage.path).resolve() != Path(pipeline).resolve()]
    jobs = slurm.submit(repo, plan, cells, work, revision)
    state: dict[slurm.Job, str] = {}
    try:
        for state in slurm.watch(jobs):
            print(slurm.summary(state), flush=True)
    except KeyboardInterrupt:
        raise XstiltsError(
            f"the jobs go on; the same command waits for them again, `xstilts grid cancel --work {work}` ends them"
        ) from None
    note_seconds(slurm.seconds_of(jobs, work))
    return slurm.what_became(state, work)


def ending(ran: Mapping[str, float], elapsed: float) -> str:
    """The last line of a run: how many stages ran, how long, and which kinds of them took most of it.

    Args:
        ran: {address of a stage: seconds}.
        elapsed: seconds in all, in which stages ran side by side.
    """
    if not ran:
        return "nothing to do: every stage is up to date"
    kinds: dict[str, float] = {}
    for address, seconds in ran.items():
        kinds[kind_of(address)[1]] = kinds.get(kind_of(address)[1], 0.0) + seconds
    most = sorted(kinds, key=kinds.__getitem__, reverse=True)[:SHOWN]
    shares = ", ".join(f"{kind} {100 * kinds[kind] / max(sum(kinds.values()), 1e-9):.0f} %" for kind in most)
    minutes, seconds = divmod(round(elapsed), 60)
    return f"{len(ran)} stages ran in {minutes} min {seconds} s ({shares})"


def _print_result(study: str | None) -> None:
    """Show the table and the answer, where the pipeline is one that makes them."""
    from xstilts.base.cells import metrics_folder

    if (metrics_folder(study) / "study.json").is_file():
        from xstilts.show import show

        show(study)
