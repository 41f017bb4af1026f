"""The command line: `xstilts tasks`, `check`, `grid`, `predict`, `leaks`, `overall`, `submission`, `export`, and so on.

Whatever takes long to import is imported inside the command that needs it, so that --help answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xstilts.base.errors import ParameterError, run_stage
from xstilts.bench.command import bench
from xstilts.external.command import score_predictions
from xstilts.grid.command import grid

if TYPE_CHECKING:
    from rich.table import Table

    from xstilts.base.cells import Cell

app = typer.Typer(
    help="Which intermediate task helps zero-shot cross-lingual transfer? Run at the repository root.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command(no_args_is_help=True)(bench)
app.command(no_args_is_help=True)(score_predictions)
app.add_typer(grid, name="grid")


Intermediate = Annotated[str | None, typer.Option(help="intermediate task; else the one in params.yaml")]
Recipe = Annotated[str | None, typer.Option(help="recipe of both phases; else the one in params.yaml")]
Seed = Annotated[int | None, typer.Option(help="seed of the route; else the one in params.yaml")]
Target = Annotated[str | None, typer.Option(help="target task; else the first of the study")]
Out = Annotated[Path, typer.Option(help="folder to write, replaced as a whole")]


@app.command()
def tasks() -> None:
    """List tasks, mixtures and recipes: kind, modality, languages, source and, once made, rows."""
    run_stage(_print_tasks)


@app.command()
def check() -> None:
    """Check params.yaml, stages/*.yaml and the data they name, before anything is computed."""
    run_stage(_check)


@app.command()
def predict(
    image: Annotated[Path, typer.Option(help="a picture file")],
    question: Annotated[str, typer.Option(help="a question about it, in any language")],
    route: Intermediate = None,
    recipe: Recipe = None,
    seed: Seed = None,
    target: Target = None,
    trace: Annotated[bool, typer.Option("--trace", help="show the steps; of a recipe that answers by modules")] = False,
) -> None:
    """Answer a question about a picture, and show the five likeliest answers, or the steps of modules."""
    run_stage(lambda: _predict(image, question, (route, recipe, seed, target), trace))


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
def submission(out: Out, route: Intermediate = None, recipe: Recipe = None, seed: Seed = None) -> None:
    """Write the folder of predictions that XTREME's leaderboard takes."""
    run_stage(lambda: _submission(out, route, recipe, seed))


@app.command()
def export(
    out: Out, route: Intermediate = None, recipe: Recipe = None, seed: Seed = None, target: Target = None
) -> None:
    """Write a trained model as an ordinary Hugging Face folder."""
    run_stage(lambda: _export(out, route, recipe, seed, target))


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
    from rich.console import Console

    from xstilts.catalogue import list_recipes, list_tasks

    console = Console(width=400)  # wider than any row: one line per task, also in a pipe
    table = _table("task", "kind", "modality", "languages", "metric", "rows", "source", "licence")
    for entry in list_tasks():
        rows = ", ".join(f"{split} {number}" for split, number in entry.rows.items()) or "-"
        languages, licence = _first_of(entry.languages), entry.licence or "-"
        cells = (entry.name, entry.kind, entry.modality, languages, entry.metric or "-", rows, entry.source, licence)
        table.add_row(*cells)
    console.print(table)
    recipes = _table("recipe", "changes", "ranges over")
    for recipe in list_recipes():
        recipes.add_row(recipe.name, recipe.changes, recipe.cells)
    console.print(recipes)


def _table(*headings: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _first_of(languages: list[str], shown: int = 8) -> str:
    """Some languages, and how many more there are."""
    more = len(languages) - shown
    return " ".join(languages[:shown]) + (f" +{more}" if more > 0 else "") or "-"


def _leaks() -> None:
    from xstilts.check.grid import check_grid
    from xstilts.leaks import not_compared, overlaps, print_leaks

    universe = check_grid()
    compared = (Path("data/tokenized"), universe.intermediates, universe.targets)
    print_leaks(overlaps(*compared), not_compared(*compared))


def _overall(benchmark: str, seed: int) -> None:
    from xstilts.report.xtreme import official_scores, print_overall
    from xstilts.report.xtreme import overall as overall_of

    routes = official_scores(seed)
    print_overall({route: overall_of(scores, benchmark) for route, scores in routes.items()})  # type: ignore[arg-type]


def _submission(out: Path, route: str | None, recipe: str | None, seed: int | None) -> None:
    from xstilts.base.cells import DATA, Route, scores_folder
    from xstilts.check.choices import choose_cell
    from xstilts.check.grid import check_grid
    from xstilts.report.submission import write_submission
    from xstilts.report.xtreme import official_scores

    cell = choose_cell(check_grid(), route, seed, None, recipe)
    name = str(Route(cell.route, cell.recipe))
    if name not in (routes := official_scores(cell.seed)):
        raise ParameterError(f"route '{name}' has no scores on published data; there are {', '.join(routes)}")
    missing = write_submission(scores_folder(cell.recipe, cell.route, cell.seed), DATA / "tokenized", out)
    print(f"{out}: " + (f"incomplete, missing {', '.join(missing)}" if missing else "complete"))


def _review(base: str, head: str, out: Path, shrunken: Path | None, link: str) -> None:
    from xstilts.report.review import Revisions, write_review

    small = Revisions(shrunken, "base", "head") if shrunken else None
    print(write_review(Revisions(Path(), base, head), out, small, link))


def _check() -> None:
    from xstilts.check.files import check_parameters

    check_parameters()
    print("ok")


def _export(out: Path, route: str | None, recipe: str | None, seed: int | None, target: str | None) -> None:
    _, cell = _cells(route, recipe, seed, target)
    from xstilts.export import export_cell

    export_cell(cell, out)
    print(f"{out}: {cell.target_checkpoint}")


def _predict(
    image: Path, question: str, named: tuple[str | None, str | None, int | None, str | None], trace: bool
) -> None:
    """Answer in the way of a recipe; `named` are route, recipe, seed and target, as `_cells` takes them."""
    from xstilts.base.cells import PUBLIC
    from xstilts.base.errors import DataError
    from xstilts.base.parameters import recipe_file

    if not image.is_file():
        raise DataError(image, None, "no such file", "a picture", "give the path of one with --image")
    asked, cell = _cells(*named)
    if recipe_file(asked.recipe).get("system"):
        _predict_by_modules(image, question, asked, cell, trace)
        return
    if trace:
        raise ParameterError(f"recipe '{asked.recipe}' has no steps to show; take `--recipe modules`, or leave --trace")
    from xstilts.predict import predict as answer

    ranked = answer(image, question, cell.target_checkpoint, PUBLIC)
    print(ranked[0][0])
    for text, probability in ranked[:5]:
        print(f"  {probability:6.1%}  {text}")


def _predict_by_modules(image: Path, question: str, asked: Cell, cell: Cell, trace: bool) -> None:
    from xstilts.base.cells import DATA, PUBLIC, tokenized
    from xstilts.base.parameters import task_settings
    from xstilts.predict import predict_by_modules
    from xstilts.systems.settings import SystemSettings

    settings = task_settings(SystemSettings, asked.target, "system", asked.recipe)
    places = (cell.target_checkpoint, PUBLIC, tokenized(cell.target), DATA / "raw/names")
    solved = predict_by_modules(image, question, *places, settings)
    print(solved.answer(settings.fallback) or "no answer: no layout runs on this picture")
    if trace:
        print(f"  layout {solved.rank + 1} of the parser, {solved.probability:.1%}: {solved.layout}")
        for row in solved.outcome.trace:
            print(f"  {row}")


def _cells(route: str | None, recipe: str | None, seed: int | None, target: str | None) -> tuple[Cell, Cell]:
    """The cell asked for, what is None as in params.yaml, and the one whose target checkpoint it uses."""
    from xstilts.base.errors import DataError
    from xstilts.check.choices import choose_cell
    from xstilts.check.grid import check_grid

    universe = check_grid()
    asked = choose_cell(universe, route, seed, target, recipe)
    cell = universe.trained(asked)
    if not cell.target_checkpoint.is_dir():
        todo = f"run `dvc repro {universe.target_stage(cell)}`"
        raise DataError(cell.target_checkpoint, None, "no checkpoint", "a trained route", todo)
    return asked, cell
