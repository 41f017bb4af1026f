"""`xstilts predict`: an answer to a question about a picture, or from clues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xstilts.base.errors import DataError, ParameterError

if TYPE_CHECKING:
    from xstilts.base.cells import Cell
    from xstilts.predict.opened import Opened

Intermediate = Annotated[str | None, typer.Option(help="intermediate task; else the one in params.yaml")]
Recipe = Annotated[str | None, typer.Option(help="recipe of both phases; else the one in params.yaml")]
Seed = Annotated[int | None, typer.Option(help="seed of the route; else the one in params.yaml")]
Target = Annotated[str | None, typer.Option(help="target task; else the first of the study")]


def predict(
    question: Annotated[list[str], typer.Option(help="a question, in any language; may be given several times")],
    image: Annotated[Path | None, typer.Option(help="the picture file that it is about")] = None,
    clues: Annotated[str | None, typer.Option(help="in place of a picture, clues in English (xgqa_clues)")] = None,
    edit: Annotated[str | None, typer.Option(help="answer again with a word of the clues exchanged: red=blue")] = None,
    route: Intermediate = None,
    recipe: Recipe = None,
    seed: Seed = None,
    target: Target = None,
    model: Annotated[Path | None, typer.Option(help="an exported folder, instead of a route; works anywhere")] = None,
    trace: Annotated[bool, typer.Option("--trace", help="show the steps; of a recipe that answers by modules")] = False,
) -> None:
    """Answer questions about a picture or from clues, and show the five likeliest answers, or the steps of modules."""
    _check(question, image, clues, edit)
    if model is not None:
        _refuse_beside_model(route=route, recipe=recipe, seed=seed, target=target, trace=trace or None)
        from xstilts.predict.opened import open_export

        return _from_opened(open_export(model), question, image, clues, edit)
    asked, cell = trained_cell(route, recipe, seed, target)
    if _has_system(asked, trace):
        return _by_modules(image, question, asked, cell, trace)
    from xstilts.base.cells import PUBLIC
    from xstilts.predict.opened import open_checkpoint

    return _from_opened(open_checkpoint(cell.target_checkpoint, PUBLIC), question, image, clues, edit)


def _check(questions: list[str], image: Path | None, clues: str | None, edit: str | None) -> None:
    if (image is None) == (clues is None):
        raise ParameterError("give the questions' picture with --image, or their clues with --clues")
    if edit is not None and clues is None:
        raise ParameterError("--edit exchanges a word of clues; give them with --clues")
    if image is not None and not image.is_file():
        found = "a folder" if image.is_dir() else "no such file"
        raise DataError(image, None, found, "a picture file", "give the path of one with --image")
    if not all(question.strip() for question in questions):
        raise ParameterError("--question is blank; ask something")


def trained_cell(route: str | None, recipe: str | None, seed: int | None, target: str | None) -> tuple[Cell, Cell]:
    """The cell asked for, what is None as in params.yaml, and the one whose target checkpoint it uses, which is there.

    Raises:
        DataError: the checkpoint is not there.
    """
    from xstilts.check.choices import choose_cell
    from xstilts.check.grid import check_grid

    universe = check_grid()
    asked = choose_cell(universe, route, seed, target, recipe)
    cell = universe.trained(asked)
    if not cell.target_checkpoint.is_dir():
        todo = f"run `dvc repro {universe.target_stage(cell)}`"
        raise DataError(cell.target_checkpoint, None, "no checkpoint", "a trained route", todo)
    return asked, cell


def _has_system(asked: Cell, trace: bool) -> bool:
    from xstilts.base.parameters import recipe_file

    recipe = recipe_file(asked.recipe)
    system, score = recipe.get("system") or {}, recipe.get("score") or {}
    if system.get("kind", "modules") != "modules" or score.get("soup"):
        raise ParameterError(f"recipe '{asked.recipe}' scores a whole test set; take `--recipe modules` or plain")
    found = bool(system)
    if trace and not found:
        raise ParameterError(f"recipe '{asked.recipe}' has no steps to show; take `--recipe modules`, or leave --trace")
    return found


def _refuse_beside_model(**options: object) -> None:
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        raise ParameterError(f"--model names the model already; leave out {', '.join(given)}")


def _from_opened(opened: Opened, questions: list[str], image: Path | None, clues: str | None, edit: str | None) -> None:
    from xstilts.predict.answers import ClueModel, PictureModel, read_picture, versions

    if image is None:
        reader = ClueModel(opened)
        for version in versions(clues or "", edit):
            print(version)
            _print_answers(questions, reader.answer, version)
        return
    pixels = read_picture(image)
    model = PictureModel(opened)
    seen = model.look(pixels)
    _print_answers(questions, model.answer, seen)
    for doubt in model.doubts(pixels):
        print(f"note: {doubt}")


def _by_modules(image: Path | None, questions: list[str], asked: Cell, cell: Cell, trace: bool) -> None:
    from xstilts.base.cells import DATA, PUBLIC, tokenized
    from xstilts.base.parameters import task_settings
    from xstilts.predict.modules import ModuleSystem
    from xstilts.systems.settings import SystemSettings

    if image is None:
        raise ParameterError(f"recipe '{asked.recipe}' answers from a picture; give it with --image")
    settings = task_settings(SystemSettings, asked.target, "system", asked.recipe)
    places = (cell.target_checkpoint, PUBLIC, tokenized(cell.target), DATA / "raw/names")
    system = ModuleSystem(*places, settings)
    scene = system.look(image)
    for question in questions:
        solved = system.answer(question, scene)
        print(solved.answer(settings.fallback) or "no answer: no layout runs on this picture")
        if trace:
            place = f"layout {solved.rank + 1}" if settings.answer == "first" or not solved.rank else "another layout"
            print(f"  {place} of the parser, {solved.probability:.1%}: {solved.layout}")
            for row in solved.outcome.trace:
                print(f"  {row}")


def _print_answers(questions: list[str], answer: Callable[[str, Any], list[tuple[str, float]]], about: Any) -> None:
    from xstilts.predict.answers import UNSURE

    for question in questions:
        if len(questions) > 1:
            print(question)
        (best, probability), *_ = ranked = answer(question, about)
        print(best)
        for text, chance in ranked[:5]:
            print(f"  {chance:6.1%}  {text}")
        if probability < UNSURE:
            print(f"note: the model is unsure, its likeliest answer has {probability:.0%}")
