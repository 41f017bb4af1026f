"""The command line: `xstilts tasks`, `check`, `data`, `grid`, `predict`, `leaks`, `overall`, `export`, and so on.

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
from xstilts.predict.command import Intermediate, Recipe, Seed, Target, predict, trained_cell

if TYPE_CHECKING:
    from rich.table import Table


app = typer.Typer(
    help="Which intermediate task helps zero-shot cross-lingual transfer? Run at the repository root.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command(no_args_is_help=True)(bench)
app.command(no_args_is_help=True)(score_predictions)
app.command(no_args_is_help=True)(predict)
app.add_typer(grid, name="grid")
data = typer.Typer(help="Show where a study's data come from, and fetch what the hub has.", invoke_without_command=True)
app.add_typer(data, name="data")


Out = Annotated[Path, typer.Option(help="folder to write, replaced as a whole")]


def _print_version(asked: bool) -> None:
    if asked:
        from xstilts import __version__

        print(f"xstilts {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="show the version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Which intermediate task helps zero-shot cross-lingual transfer? Run at the repository root."""


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Lay out a project of your own: parameters, stages, grid and the code that runs, under git and DVC."""
    run_stage(lambda: _new(folder))


@app.command()
def tasks() -> None:
    """List tasks, mixtures and recipes: kind, modality, languages, source and, once made, rows."""
    run_stage(_print_tasks)


@app.command()
def check() -> None:
    """Check params.yaml, stages/*.yaml and the data they name, before anything is computed."""
    run_stage(_check)


Tasks = Annotated[list[str] | None, typer.Argument(help="tasks or mixtures; else those of the study in params.yaml")]


@data.callback()
def show_data(context: typer.Context) -> None:
    """Show what the study in params.yaml reads: where from, how large, what is there, under which licence."""
    if context.invoked_subcommand is None:
        run_stage(lambda: _print_data([]))


@data.command("show")
def show_data_of(tasks: Tasks = None) -> None:
    """The same for tasks that are named."""
    run_stage(lambda: _print_data(tasks or []))


@data.command("fetch")
def fetch_data(tasks: Tasks = None) -> None:
    """Download from the hub what is not there yet; a download that broke off goes on where it did."""
    run_stage(lambda: _fetch(tasks or []))


@app.command()
def show(study: Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")] = None) -> None:
    """Show a study's table and answer, from what git holds of them."""
    run_stage(lambda: _show(study))


@app.command()
def recommend(
    study: Annotated[
        str | None, typer.Argument(help="a study of stages/, . for that of params.yaml; else that with the most seeds")
    ] = None,
    target: Annotated[str | None, typer.Option(help="target task; else the first of the study")] = None,
    languages: Annotated[str, typer.Option(help="codes with commas, such as bn,de; else all but English")] = "",
) -> None:
    """Rank the intermediate tasks for a target and some languages, from what git holds of a study.

    Example: xstilts recommend --target xgqa --languages bn,de
    """
    run_stage(lambda: _recommend(study, target, [code for code in languages.split(",") if code]))


@app.command()
def settings() -> None:
    """Print every setting of task files and recipes as Markdown: its values, its default and what it says."""
    run_stage(_print_settings)


@app.command()
def leaks() -> None:
    """Report images and texts that intermediate and target tasks share, from the tokenised caches there are."""
    run_stage(_leaks)


@app.command()
def boxes(
    file: Annotated[Path, typer.Argument(help="bottom-up attention's or LXMERT's tab-separated file")], out: Out
) -> None:
    """Convert a detector's boxes and vectors into the arrays that a task's `data.official.vectors` names."""
    run_stage(lambda: _boxes(file, out))


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
    link: Annotated[str, typer.Option(help="address where the pictures can be found by name")] = "",
    pictures: Annotated[str, typer.Option(help="address of a folder that serves them, to show them")] = "",
) -> None:
    """Write a comment for code review: what a change did to the committed metrics, as tables and pictures."""
    run_stage(lambda: _review(base, head, out, shrunken, link, pictures))


def _new(folder: Path) -> None:
    from xstilts.new import new as lay_out

    lay_out(folder)
    print(f"{folder}: made; next: cd {folder} && git commit -m start && xstilts grid run")


def _print_tasks() -> None:
    from rich.console import Console

    from xstilts.catalogue import list_recipes, list_tasks

    console = Console(width=1000)  # wider than any row: one line for each, also in a pipe
    table = _table("task", "kind", "modality", "languages", "metric", "rows", "source", "licence")
    for entry in list_tasks():
        rows = ", ".join(f"{split} {number}" for split, number in entry.rows.items()) or "-"
        languages, licence = _first_of(entry.languages), entry.licence or "-"
        cells = (entry.name, entry.kind, entry.modality, languages, entry.metric or "-", rows, entry.source, licence)
        table.add_row(*cells)
    console.print(table)
    recipes = _table("recipe", "ranges over", "changes")
    for recipe in list_recipes():
        recipes.add_row(recipe.name, recipe.cells, recipe.changes)
    console.print(recipes)


def _print_settings() -> None:
    from xstilts.reference import settings_page

    print(settings_page(), end="")


def _print_data(tasks: list[str]) -> None:
    from rich.console import Console

    from xstilts.sources import human, needs, size_of, study_datasets, to_fetch

    found = needs(study_datasets(tasks))
    table = _table("set", "from", "splits", "size", "there", "raw set", "licence")
    for need in found:
        share = "-" if not need.bytes else f"{need.there / need.bytes:.0%}"
        made = "written" if need.made else "-"
        place, size = need.place or "cannot be read", human(need.bytes) if need.bytes is not None else "-"
        table.add_row(need.dataset, place, need.splits or "-", size, share, made, need.licence or "-")
    Console(width=400).print(table)
    for problem in dict.fromkeys(need.problem for need in found if need.problem):
        print(problem)
    missing = size_of(to_fetch(dict.fromkeys(need.dataset for need in found if not need.problem)))
    if missing:
        print(f"{human(missing)} to download: `xstilts data fetch`, or let the raw stages do it")


def _fetch(tasks: list[str]) -> None:
    from xstilts.sources import fetch, study_datasets

    fetch(study_datasets(tasks))


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


def _review(base: str, head: str, out: Path, shrunken: Path | None, link: str, pictures: str) -> None:
    from xstilts.report.review import Revisions, write_review

    small = Revisions(shrunken, "base", "head") if shrunken else None
    print(write_review(Revisions(Path(), base, head), out, small, link, pictures))


def _show(study: str | None) -> None:
    from xstilts.show import show as print_result

    print_result(study)


def _recommend(study: str | None, target: str | None, languages: list[str]) -> None:
    from xstilts.report.recommend_command import recommend as print_ranking

    print_ranking(study, target, languages)


def _boxes(file: Path, out: Path) -> None:
    from xstilts.data.detections import convert

    images, count = convert(file, out)
    print(f"{out}: {count:,} boxes of {images:,} images")
    print("data.official: {vectors: {file: features.npy, ids: ids.json, boxes: boxes.npy}}")


def _check() -> None:
    from xstilts.check.files import check_parameters

    check_parameters()
    print("ok")


def _export(out: Path, route: str | None, recipe: str | None, seed: int | None, target: str | None) -> None:
    _, cell = trained_cell(route, recipe, seed, target)
    from xstilts.export import export_cell

    export_cell(cell, out)
    print(f"{out}: {cell.target_checkpoint}")
