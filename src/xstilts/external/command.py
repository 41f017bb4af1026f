"""`xstilts score-predictions`: cells of other people's predictions, compared as the cells of a study are.

Slow imports are made when the command runs.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from xstilts.base.errors import ParameterError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")  # a folder is named after it

GoldPlace = Annotated[
    str,
    typer.Option(
        help="test questions with their answers: a folder like data/raw/xgqa, or a file such as test.json, "
        "lxmert:testdev.json (format:path) or xquad.{language}.json"
    ),
]
Predictions = Annotated[
    list[str],
    typer.Option(
        metavar="NAME=PATH",
        help="a system and its predictions, once per system and run: uc2=uc2/test_{language}.json ({language} stands "
        "for one file per language), a .jsonl or .arrow file with id, language and prediction, or the folder of an "
        "XTREME submission. A .json file is IGLUE's and GQA's list of questionId and prediction, or SQuAD's "
        "{id: answer}. The first system is the baseline of transfer.json",
    ),
]
Task = Annotated[str, typer.Option(help="task of the questions: a file of stages/tasks")]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(help="questions that are not scored, named as with --gold; may be given more than once"),
]
Out = Annotated[Path, typer.Option(help="folder to write, replaced as a whole")]


def score_predictions(
    gold: GoldPlace, predictions: Predictions, out: Out, task: Task = "xgqa", leave_out: LeaveOut = None
) -> None:
    """Score and compare predictions of other systems, with paired intervals."""
    systems = named(predictions)
    from xstilts.external.comparison import compare
    from xstilts.external.gold import read_gold
    from xstilts.external.kinds import scorer_of
    from xstilts.external.predictions import read_predictions
    from xstilts.external.table import print_comparison
    from xstilts.tasks.schema import load_task

    spec = load_task(task)
    scorer_of(spec)  # refuses a kind of task before anything is read
    questions = read_gold(gold, spec, leave_out or [])
    runs = {name: [read_predictions(place, questions) for place in places] for name, places in systems.items()}
    print_comparison(compare(questions, runs, out))
    print(f"{out}: study.json, cells.json, transfer.json, differences.json and the cells")


def named(predictions: Sequence[str]) -> dict[str, list[str]]:
    """{system: a path for each of its runs}.

    Raises:
        ParameterError: no name or no path, a name that no folder can have, or the same path twice.
    """
    systems: dict[str, list[str]] = {}
    for text in predictions:
        name, equals, path = text.partition("=")
        if not (equals and path and _NAME.fullmatch(name)):
            expected = "NAME=PATH, the name of letters, digits, '.', '_' and '-'"
            raise ParameterError(f"--predictions: found '{text}', expected {expected}")
        if path in (runs := systems.setdefault(name, [])):
            raise ParameterError(f"--predictions: '{text}' is given twice")
        runs.append(path)
    return systems
