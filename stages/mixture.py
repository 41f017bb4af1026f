"""Mix the caches of several tasks: data/tokenized/<member>/learn to data/tokenized/<name>/learn."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.encode.members import load_mixture
from xstilts.encode.mixture import make_mixture
from xstilts.encode.summary import mixture_summary, summary


def main(
    name: str,
    member: Annotated[list[str] | None, typer.Option(help="a member that the pipeline made a cache of")] = None,
) -> None:
    """Mix the members that stages/tasks/NAME.yaml lists; if --member is given, it must name just those."""

    def mix() -> None:
        mixture = make_mixture(load_mixture(name, member))
        print(summary(mixture.splits))
        print(mixture_summary(mixture.statement))

    run_stage(mix)


if __name__ == "__main__":
    typer.run(main)
