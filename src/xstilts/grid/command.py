"""`xstilts grid`: compute what a study lacks, several cells at once."""

from __future__ import annotations

from typing import Annotated

import typer

from xstilts.base.errors import run_stage

grid = typer.Typer(no_args_is_help=True, help="Compute the cells of a study, several at once.")


@grid.callback()
def _group() -> None:
    """Compute the cells of a study, several at once."""


@grid.command()
def run(
    study: Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")] = None,
    jobs: Annotated[int | None, typer.Option(help="stages at once; else one per processor that memory allows")] = None,
) -> None:
    """Bring a study up to date, as `dvc repro` does, with several stages at once."""
    run_stage(lambda: _run(study, jobs))


def _run(study: str | None, jobs: int | None) -> None:
    import logging
    import time

    from xstilts.base.errors import ParameterError
    from xstilts.base.machine import processors
    from xstilts.grid.plan import open_repo, study_pipeline

    pipeline = study_pipeline(study)
    if jobs is not None and jobs < 1:
        raise ParameterError(f"--jobs is {jobs}, expected at least 1")
    from xstilts.grid.local import Runner, jobs_at_once

    logging.getLogger("dvc").setLevel(logging.WARNING)
    started = time.monotonic()
    ran = Runner(open_repo(), jobs or jobs_at_once(), processors()).run([str(pipeline)])
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"{len(ran)} stages ran in {minutes} min {seconds} s" if ran else "nothing to do: every stage is up to date")
