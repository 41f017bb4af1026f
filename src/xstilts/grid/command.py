"""`xstilts grid`: compute what a study lacks, several cells at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from xstilts.base.errors import run_stage

grid = typer.Typer(no_args_is_help=True, help="Compute the cells of a study, several at once.")
SHOWN = 5  # kinds of stages whose share of the time is shown


@grid.callback()
def _group() -> None:
    """Compute the cells of a study, several at once."""


@grid.command()
def run(
    study: Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")] = None,
    jobs: Annotated[int | None, typer.Option(help="stages at once; else one per processor that memory allows")] = None,
) -> None:
    """Bring a study up to date, as `dvc repro` does, with several stages at once, and show its result."""
    run_stage(lambda: _run(study, jobs))


def _run(study: str | None, jobs: int | None) -> None:
    import logging
    import time

    from xstilts.base.errors import ParameterError
    from xstilts.base.machine import processors
    from xstilts.grid.plan import dvc_refusals, open_repo, study_pipeline

    pipeline = study_pipeline(study)
    if jobs is not None and jobs < 1:
        raise ParameterError(f"--jobs is {jobs}, expected at least 1")
    from xstilts.grid.local import Runner, jobs_at_once

    logging.getLogger("dvc").setLevel(logging.WARNING)
    started = time.monotonic()
    with dvc_refusals():
        ran = Runner(open_repo(), jobs or jobs_at_once(), processors()).run([str(pipeline)])
    _print_result(study)
    print(ending(ran, time.monotonic() - started))


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
        kind = address.rpartition(":")[2].partition("@")[0]
        kinds[kind] = kinds.get(kind, 0.0) + seconds
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
