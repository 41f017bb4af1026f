"""The command line: `xstilts tasks`, `check`, `data`, `grid`, `predict`, `leaks`, `overall`, `export`, and so on.

Slow imports are inside the commands that need them, so that --help answers at once.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from xstilts.base.errors import ParameterError, run_stage
from xstilts.bench.command import bench
from xstilts.boxes.command import boxes
from xstilts.demo.command import demo
from xstilts.external.command import score_predictions
from xstilts.grid.command import grid
from xstilts.predict.command import Intermediate, Recipe, Seed, Target, predict, trained_cell

ABOUT = "Which intermediate task helps zero-shot cross-lingual transfer? Run at the root of a project."


class Commands(TyperGroup):
    """All commands; a user's mistake in any of them is one line on stderr and exit code 1 (`run_stage`)."""

    def invoke(self, ctx: Any) -> None:
        """Run the command that was asked for."""
        run_stage(lambda: super(Commands, self).invoke(ctx))


app = typer.Typer(cls=Commands, help=ABOUT, no_args_is_help=True, pretty_exceptions_show_locals=False)
app.command(no_args_is_help=True, epilog="Example: xstilts bench train --quick")(bench)
app.command(
    no_args_is_help=True,
    epilog="Example: xstilts score-predictions --gold data/raw/xgqa --predictions mine=answers.jsonl --out compared",
)(score_predictions)
app.command(
    no_args_is_help=True,
    epilog='Example: xstilts predict --image photo.jpg --question "Ist da ein Hund?" --route gqa',
)(predict)
app.command(epilog="Example: xstilts boxes testdev.tsv --out features/gqa")(boxes)
app.command(epilog="Example: xstilts demo --route none --route gqa")(demo)
app.add_typer(grid, name="grid")
data = typer.Typer(help="Show where a study's data come from, and fetch what the hub has.", invoke_without_command=True)
app.add_typer(data, name="data")


Benchmark = Literal["xtreme", "xtreme_r"]
Out = Annotated[Path, typer.Option(help="folder to write, replaced as a whole")]


def _print_version(asked: bool) -> None:
    if asked:
        from xstilts import __version__

        print(f"xstilts {__version__}")
        raise typer.Exit


@app.callback(help=ABOUT)
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="show the version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command(epilog="Example: xstilts new my-study")
def new(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Lay out a project of your own: parameters, stages, grid and the code that runs, under git and DVC."""
    from xstilts.new import new as lay_out

    lay_out(folder)
    print(f"{folder}: made; next: cd {folder} && git commit -m start && xstilts grid run")


@app.command(epilog="Example: xstilts tasks")
def tasks() -> None:
    """List tasks, mixtures and recipes: kind, modality, languages, source and, once made, rows."""
    from xstilts.catalogue import print_catalogue

    print_catalogue()


@app.command(epilog="Example: xstilts check")
def check() -> None:
    """Check params.yaml, stages/*.yaml, the data they name, and whether the hub has the models they name."""
    from xstilts.check.files import check_parameters
    from xstilts.check.hub import ask_hub

    check_parameters()
    for note in ask_hub():
        print(note)
    print("ok")


Tasks = Annotated[list[str] | None, typer.Argument(help="tasks or mixtures; else those of the study in params.yaml")]


@data.callback()
def show_data(context: typer.Context) -> None:
    """Show what the study in params.yaml reads: where from, how large, what is there, under which licence."""
    if context.invoked_subcommand is None:
        show_data_of()


@data.command("show", epilog="Example: xstilts data show panx xquad")
def show_data_of(tasks: Tasks = None) -> None:
    """Show the same for the tasks that you name."""
    from xstilts.sources import print_needs

    print_needs(tasks or [])


@data.command("fetch", epilog="Example: xstilts data fetch xnli")
def fetch_data(tasks: Tasks = None) -> None:
    """Download what is missing from the hub; an interrupted download is resumed."""
    from xstilts.sources import fetch, study_datasets

    fetch(study_datasets(tasks or []))


@app.command(epilog="Example: xstilts show full")
def show(
    study: Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")] = None,
    everything: Annotated[bool, typer.Option("--all", help="every table, difference, interval and control")] = False,
) -> None:
    """Show a study's table and its answer, from the metrics in git: needs no data and no run."""
    from xstilts.show import show as print_result

    print_result(study, everything)


@app.command(epilog="Example: xstilts recommend --target xgqa --languages bn,de")
def recommend(
    study: Annotated[
        str | None, typer.Argument(help="a study of stages/, . for that of params.yaml; else that with the most seeds")
    ] = None,
    target: Annotated[str | None, typer.Option(help="target task; else the first of the study")] = None,
    languages: Annotated[str, typer.Option(help="codes with commas, such as bn,de; else all but English")] = "",
) -> None:
    """Rank the intermediate tasks for a target and some languages, from what git holds of a study."""
    from xstilts.report.recommend_command import recommend as print_ranking

    print_ranking(study, target, [code for code in languages.split(",") if code])


@app.command(epilog="Example: xstilts pictures full --out docs/pictures")
def pictures(
    out: Annotated[Path, typer.Option(help="folder; other files in it stay")],
    study: Annotated[str | None, typer.Argument(help="a study of stages/; else the default one")] = None,
) -> None:
    """Draw a study's result, and one question in every language, in light and in dark, for a README."""
    from xstilts.pictures import draw

    for path in draw(out, study):
        print(path)


@app.command(epilog="Example: xstilts settings > docs/reference/settings.md")
def settings() -> None:
    """Print every setting of task files and recipes as Markdown: its values, its default and what it says."""
    from xstilts.reference import settings_page

    print(settings_page(), end="")


@app.command(epilog="Example: xstilts leaks")
def leaks() -> None:
    """Report images and texts that intermediate and target tasks share, from the tokenised caches there are."""
    from xstilts.check.grid import check_grid
    from xstilts.leaks import not_compared, overlaps, print_leaks

    universe = check_grid()
    compared = (Path("data/tokenized"), universe.intermediates, universe.targets)
    print_leaks(overlaps(*compared), not_compared(*compared))


@app.command(epilog="Example: xstilts overall --benchmark xtreme_r")
def overall(
    benchmark: Annotated[Benchmark, typer.Option(help="which benchmark's tasks and weights")] = "xtreme",
    seed: Annotated[int, typer.Option(help="of the routes that are shown")] = 0,
) -> None:
    """Print the overall scores of every route on XTREME or XTREME-R (published data only)."""
    from xstilts.report.xtreme import official_scores, print_overall
    from xstilts.report.xtreme import overall as overall_of

    routes = official_scores(seed)
    print_overall({route: overall_of(scores, benchmark) for route, scores in routes.items()})


@app.command(epilog="Example: xstilts submission --route gqa --out submission")
def submission(out: Out, route: Intermediate = None, recipe: Recipe = None, seed: Seed = None) -> None:
    """Write the folder of predictions that XTREME's leaderboard takes."""
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


@app.command(epilog="Example: xstilts export --route gqa --out model")
def export(
    out: Out,
    route: Intermediate = None,
    recipe: Recipe = None,
    seed: Seed = None,
    target: Target = None,
    push: Annotated[str | None, typer.Option(help="also upload it to the Hugging Face hub, as owner/name")] = None,
    public: Annotated[bool, typer.Option("--public", help="a repository that --push makes can be seen by all")] = False,
) -> None:
    """Write a trained model as an ordinary Hugging Face folder with its model card."""
    if public and push is None:
        raise ParameterError("--public is about the repository of --push; give that too")
    _, cell = trained_cell(route, recipe, seed, target)
    from xstilts.export import export_cell

    export_cell(cell, out)
    print(f"{out}: {cell.target_checkpoint}")
    if push is not None:
        from xstilts.export import push_to_hub

        print(push_to_hub(out, push, private=not public))


@app.command(epilog="Example: xstilts review --base main --out review")
def review(
    base: Annotated[str, typer.Option(help="revision that is compared with, such as main")],
    out: Annotated[Path, typer.Option(help="folder for comment.md and the pictures")],
    head: Annotated[str, typer.Option(help="revision that is compared")] = "HEAD",
    shrunken: Annotated[Path | None, typer.Option(help="clone with small runs on its branches base and head")] = None,
    link: Annotated[str, typer.Option(help="address where the pictures can be found by name")] = "",
    pictures: Annotated[str, typer.Option(help="address of a folder that serves them, to show them")] = "",
) -> None:
    """Write a comment for code review: what a change did to the committed metrics, as tables and pictures."""
    from xstilts.report.review import Revisions, write_review

    small = Revisions(shrunken, "base", "head") if shrunken else None
    print(write_review(Revisions(Path(), base, head), out, small, link, pictures))
