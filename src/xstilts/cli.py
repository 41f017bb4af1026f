"""The command line: `xstilts tasks`, `xstilts check`, `xstilts predict`.

Whatever takes long to import is imported inside the command that needs it, so that --help answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xstilts.errors import run_stage

app = typer.Typer(
    help="Which intermediate task helps zero-shot cross-lingual transfer? Run at the repository root.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.command()
def tasks() -> None:
    """List tasks and mixtures: kind, modality, languages, source and, once made, rows."""
    run_stage(_print_tasks)


@app.command()
def check() -> None:
    """Check params.yaml, stages/*.yaml and the data they name, before anything is computed."""
    run_stage(_check)


@app.command()
def predict(
    image: Annotated[Path, typer.Option(help="a picture file")],
    question: Annotated[str, typer.Option(help="a question about it, in any language")],
    route: Annotated[str | None, typer.Option(help="intermediate task; else the one in params.yaml")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the route; else the one in params.yaml")] = None,
    target: Annotated[str | None, typer.Option(help="target task; else the first of the study")] = None,
) -> None:
    """Answer a question about a picture, and show the five likeliest answers."""
    run_stage(lambda: _predict(image, question, route, seed, target))


def _print_tasks() -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from xstilts.catalogue import list_tasks

    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("task", "kind", "modality", "languages", "source", "rows"):
        table.add_column(heading, no_wrap=True)
    for entry in list_tasks():
        rows = ", ".join(f"{split} {number}" for split, number in entry.rows.items()) or "-"
        languages = " ".join(entry.languages) or "-"
        table.add_row(entry.name, entry.kind, entry.modality, languages, entry.source, rows)
    Console(width=200).print(table)  # wider than any row: a line a task, also in a pipe


def _check() -> None:
    from xstilts.check import check_parameters

    check_parameters()
    print("ok")


def _predict(image: Path, question: str, route: str | None, seed: int | None, target: str | None) -> None:
    from xstilts.check import check_grid, choose_cell
    from xstilts.errors import DataError

    cell = choose_cell(check_grid(), route, seed, target)
    if not image.is_file():
        raise DataError(image, None, "no such file", "a picture", "give the path of one with --image")
    checkpoint = Path("data/target") / f"{cell.route}-s{cell.seed}" / cell.target
    if not checkpoint.is_dir():
        stage = f"stages/train/dvc.yaml:target@{cell.route}-{cell.seed}-{cell.target}"
        raise DataError(checkpoint, None, "no checkpoint", "a trained route", f"run `dvc repro {stage}`")
    _print_answers(image, question, checkpoint)


def _print_answers(image: Path, question: str, checkpoint: Path) -> None:
    from xstilts.predict import predict as answer

    ranked = answer(image, question, checkpoint, Path("data/public"))
    print(ranked[0][0])
    for text, probability in ranked[:5]:
        print(f"  {probability:6.1%}  {text}")
