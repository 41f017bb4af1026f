"""The command line: `xstilts tasks`, `check`, `predict`, `leaks`, `overall`, `submission`, `export`, `review`, `bench`.

Whatever takes long to import is imported inside the command that needs it, so that --help answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xstilts.base.errors import ParameterError, run_stage
from xstilts.bench.command import bench

if TYPE_CHECKING:
    from xstilts.check import Cell

app = typer.Typer(
    help="Which intermediate task helps zero-shot cross-lingual transfer? Run at the repository root.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command(no_args_is_help=True)(bench)


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


@app.command()
def leaks() -> None:
    """Report images and texts that intermediate and target tasks share, from the tokenised caches there are."""
    run_stage(_leaks)


@app.command()
def overall(
    benchmark: Annotated[str, typer.Option(help="xtreme or xtreme_r")] = "xtreme",
    seed: Annotated[int, typer.Option(help="of the routes that are shown")] = 0,
) -> None:
    """Print the overall scores of every route on XTREME or XTREME-R (published data only)."""
    run_stage(lambda: _overall(benchmark, seed))


@app.command()
def submission(
    out: Annotated[Path, typer.Option(help="folder to write, replaced as a whole")],
    route: Annotated[str | None, typer.Option(help="intermediate task; else the one in params.yaml")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the route; else the one in params.yaml")] = None,
) -> None:
    """Write the folder of predictions that XTREME's leaderboard takes."""
    run_stage(lambda: _submission(out, route, seed))


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="folder to write, replaced as a whole")],
    route: Annotated[str | None, typer.Option(help="intermediate task; else the one in params.yaml")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the route; else the one in params.yaml")] = None,
    target: Annotated[str | None, typer.Option(help="target task; else the first of the study")] = None,
) -> None:
    """Write a trained model as an ordinary Hugging Face folder."""
    run_stage(lambda: _export(out, route, seed, target))


@app.command()
def review(
    base: Annotated[str, typer.Option(help="revision that is compared with, such as main")],
    out: Annotated[Path, typer.Option(help="folder for comment.md and the pictures")],
    head: Annotated[str, typer.Option(help="revision that is compared")] = "HEAD",
    shrunken: Annotated[Path | None, typer.Option(help="clone with small runs on its branches base and head")] = None,
    link: Annotated[str, typer.Option(help="address where the pictures can be seen")] = "",
) -> None:
    """Write a comment for code review: what a change did to the committed metrics, as tables and pictures."""
    run_stage(lambda: _review(base, head, out, shrunken, link))


def _print_tasks() -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from xstilts.catalogue import list_tasks

    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("task", "kind", "modality", "languages", "metric", "rows", "source", "licence"):
        table.add_column(heading, no_wrap=True)
    for entry in list_tasks():
        rows = ", ".join(f"{split} {number}" for split, number in entry.rows.items()) or "-"
        languages, licence = _first_of(entry.languages), entry.licence or "-"
        cells = (entry.name, entry.kind, entry.modality, languages, entry.metric or "-", rows, entry.source, licence)
        table.add_row(*cells)
    Console(width=400).print(table)  # wider than any row: a line a task, also in a pipe


def _first_of(languages: list[str], shown: int = 8) -> str:
    """Some languages, and how many more there are."""
    more = len(languages) - shown
    return " ".join(languages[:shown]) + (f" +{more}" if more > 0 else "") or "-"


def _leaks() -> None:
    from xstilts.check import check_grid
    from xstilts.leaks import not_compared, overlaps, print_leaks

    universe = check_grid()
    compared = (Path("data/tokenized"), universe.intermediates, universe.targets)
    print_leaks(overlaps(*compared), not_compared(*compared))


def _overall(benchmark: str, seed: int) -> None:
    from xstilts.report.routes import official_scores
    from xstilts.report.xtreme import overall as overall_of
    from xstilts.report.xtreme import print_overall

    routes = official_scores(Path("data/scores"), seed)
    print_overall({route: overall_of(scores, benchmark) for route, scores in routes.items()})  # type: ignore[arg-type]


def _submission(out: Path, route: str | None, seed: int | None) -> None:
    from xstilts.check import check_grid, choose_cell
    from xstilts.report.routes import official_scores
    from xstilts.report.submission import write_submission

    cell = choose_cell(check_grid(), route, seed, None)
    if cell.route not in (routes := official_scores(Path("data/scores"), cell.seed)):
        raise ParameterError(f"route '{cell.route}' has no scores on published data; there are {', '.join(routes)}")
    missing = write_submission(Path("data/scores") / f"{cell.route}-s{cell.seed}", Path("data/tokenized"), out)
    print(f"{out}: " + (f"incomplete, missing {', '.join(missing)}" if missing else "complete"))


def _review(base: str, head: str, out: Path, shrunken: Path | None, link: str) -> None:
    from xstilts.report.review import write_review
    from xstilts.report.revisions import Revisions

    small = Revisions(shrunken, "base", "head") if shrunken else None
    print(write_review(Revisions(Path(), base, head), out, small, link))


def _check() -> None:
    from xstilts.check import check_parameters

    check_parameters()
    print("ok")


def _export(out: Path, route: str | None, seed: int | None, target: str | None) -> None:
    cell = _cell(route, seed, target)
    from xstilts.base.parameters import STAGES, read_yaml
    from xstilts.export import export_model
    from xstilts.report.model_card.facts import Places, read_facts
    from xstilts.report.model_card.text import model_card

    places = Places.of(cell.route, cell.seed, cell.target)
    if not places.intermediate.is_dir():  # of a target checkpoint that was pulled alone not everything is known
        export_model(places.target, places.public, out)
        print(f"{out}: {places.target}, without a model card, as there is no {places.intermediate}")
        return
    features = read_yaml(STAGES / "defaults.yaml").get("features") or {}
    card = model_card(read_facts(cell.route, cell.seed, cell.target, places, features))
    export_model(places.target, places.public, out, card)
    print(f"{out}: {places.target}")


def _predict(image: Path, question: str, route: str | None, seed: int | None, target: str | None) -> None:
    from xstilts.base.errors import DataError

    if not image.is_file():
        raise DataError(image, None, "no such file", "a picture", "give the path of one with --image")
    _print_answers(image, question, _checkpoint(route, seed, target))


def _checkpoint(route: str | None, seed: int | None, target: str | None) -> Path:
    """The target checkpoint asked for, what is None as in params.yaml."""
    cell = _cell(route, seed, target)
    return Path("data/target") / f"{cell.route}-s{cell.seed}" / cell.target


def _cell(route: str | None, seed: int | None, target: str | None) -> Cell:
    """The cell asked for, what is None as in params.yaml, whose target checkpoint is there."""
    from xstilts.base.errors import DataError
    from xstilts.check import check_grid, choose_cell

    cell = choose_cell(check_grid(), route, seed, target)
    checkpoint = Path("data/target") / f"{cell.route}-s{cell.seed}" / cell.target
    if not checkpoint.is_dir():
        stage = f"stages/train/dvc.yaml:target@{cell.route}-{cell.seed}-{cell.target}"
        raise DataError(checkpoint, None, "no checkpoint", "a trained route", f"run `dvc repro {stage}`")
    return cell


def _print_answers(image: Path, question: str, checkpoint: Path) -> None:
    from xstilts.predict import predict as answer

    ranked = answer(image, question, checkpoint, Path("data/public"))
    print(ranked[0][0])
    for text, probability in ranked[:5]:
        print(f"  {probability:6.1%}  {text}")
