"""`xstilts demo`: a page on which trained routes are asked about a scene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xstilts.base.errors import DataError, ParameterError
from xstilts.predict.command import Seed, Target

if TYPE_CHECKING:
    from xstilts.base.cells import Cell

ASSETS = Path("data/raw/assets")
MOST = 8  # routes side by side: each takes half a gigabyte
Routes = Annotated[list[str] | None, typer.Option(help="a route, such as gqa or longer/none; else the study's")]


def demo(
    route: Routes = None,
    seed: Seed = None,
    target: Target = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the page; 0: a free one")] = 8000,
    browser: Annotated[bool, typer.Option(help="open the page in a browser")] = True,
) -> None:
    """Open a page to lay a scene of cards, ask in any language, and see the routes' answers side by side."""
    cells = trained_cells(route or [], seed, target)
    from xstilts.base.cells import PUBLIC
    from xstilts.demo.answering import Demo
    from xstilts.demo.server import DemoServer
    from xstilts.predict.answers import PictureModel
    from xstilts.predict.opened import open_checkpoint

    models = {}
    for name, cell in cells.items():
        print(f"opening {cell}", flush=True)
        models[name] = PictureModel(open_checkpoint(cell.target_checkpoint, PUBLIC))
    try:
        server = DemoServer(Demo(models, ASSETS), port)
    except OSError as error:
        raise ParameterError(f"--port {port}: {error.strerror}; name another, or 0 for a free one") from None
    print(f"{server.url} (Ctrl-C ends it)", flush=True)
    if browser:
        import webbrowser

        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def trained_cells(routes: list[str], seed: int | None, target: str | None) -> dict[str, Cell]:
    """The cells asked for by route; without routes, those of the study in params.yaml that have been trained.

    Raises:
        DataError: none has been, or one that was named has not.
        ParameterError: more routes than fit side by side, one that does not exist, or one whose recipe changes scoring
            alone: the demo answers by a checkpoint's own head.
    """
    from xstilts.base.cells import Route, Study
    from xstilts.base.parameters import build
    from xstilts.check.choices import check_choices, choose_cell
    from xstilts.check.grid import check_grid

    universe = check_grid()
    study = build(Study, check_choices(universe).study, "params.yaml: study")
    named = [Route.parse(one) for one in routes] or study.routes()
    cells = {str(one): choose_cell(universe, one.task, seed, target, one.recipe) for one in named}
    if scored := [name for name, cell in cells.items() if routes and universe.trained(cell) != cell]:
        todo = "name a route of a recipe that trains, such as plain"
        raise ParameterError(f"{scored[0]} has no checkpoint of its own, and the demo asks checkpoints; {todo}")
    there = {name: cell for name, cell in cells.items() if cell.target_checkpoint.is_dir()}
    missing = [name for name in cells if name not in there]
    if missing and (routes or not there):
        todo = "run `make repro`, or name trained routes with --route"
        raise DataError(cells[missing[0]].target_checkpoint, None, "no checkpoint", "a trained route", todo)
    if len(there) > MOST:
        raise ParameterError(f"{len(there)} routes, expected at most {MOST}; name some with --route")
    return there
