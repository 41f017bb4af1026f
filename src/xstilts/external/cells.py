"""Predictions beside the gold answers, question by question, and the folder of a cell that scoring them gives.

The folder is that of `xstilts.score.target` (predictions.arrow, scores.json, training.json, provenance.json): whatever
reads cells reads it too. Every question is scored or an error, unless the user named a file of questions to leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import sha256_of, write_json, write_table
from xstilts.external.gold import Gold
from xstilts.external.kinds import Answered, scorer_of
from xstilts.external.predictions import Given
from xstilts.score.scoring import Scored

SHOWN = 3  # ids named in an error


@dataclass(frozen=True)
class Run:
    """One run of a system on the test questions: what it predicted by language, and what that earned."""

    given: Mapping[str, Given]
    scored: Scored


def score_run(gold: Gold, given: Mapping[str, Given]) -> Run:
    """Score what a system predicted, in all its languages.

    Raises:
        DataError: a question without a prediction or a prediction without a question, neither of them left out; a
            prediction that is no answer of the task (a label, a choice, a tag per word).
        ParameterError: a kind of task that is not scored from files of predictions.
    """
    languages = [language for language in gold.languages() if language in given]
    answered = [one for language in languages for one in join(gold, language, given[language])]
    return Run(given, scorer_of(gold.task)(answered, gold.task))


def join(gold: Gold, language: str, given: Given) -> list[Answered]:
    """Every question of a language that is scored with its prediction, in the order of the gold file.

    Raises:
        DataError: as of `score_run`.
    """
    examples, answers = gold.scored(language), given.answers
    if not examples:
        todo = "name fewer files with --leave-out"
        raise DataError(gold.place, None, f"no question in {language} that is not left out", "at least one", todo)
    missing = [name for name in examples if name not in answers]
    beside = [name for name in answers if name not in examples and not gold.is_left_out(name)]
    todo = "name a file with these questions with --leave-out, or give files of the same questions"
    for ids, of, what in (
        (missing, len(examples), f"questions in {language} without a prediction"),
        (beside, len(answers), f"predictions in {language} without a question in {gold.place}"),
    ):
        if ids:
            named = ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
            found = f"{len(ids):,} of {of:,} {what} ({named})"
            raise DataError(given.path, None, found, "one prediction per question", todo)
    return [Answered(language, example, answers[name], given.path) for name, example in examples.items()]


def write_cell(folder: Path, cell: Cell, gold: Gold, run: Run) -> None:
    """Write the four files of a cell into a folder.

    `training.json` is null for both phases: how an external system was trained is not known. `provenance.json` has the
    hashes of the files of predictions.
    """
    folder.mkdir(parents=True)
    about = {"target": cell.target, "recipe": cell.recipe, "route": cell.route, "seed": cell.seed}
    about |= {"data": gold.origin["data"], "kind": gold.task.kind, "metric": gold.task.encode.metric}
    scored = run.scored
    found = {"rows": scored.rows, "scores": scored.scores, "controls": scored.controls, **scored.more}
    write_table(folder / "predictions.arrow", scored.predictions)
    write_json(folder / "scores.json", {**about, **found, "questions": gold.counts(scored.rows)})
    write_json(folder / "training.json", {"intermediate": None, "target": None})
    hashes = {str(path): sha256_of(path) for path in dict.fromkeys(one.path for one in run.given.values())}
    write_json(folder / "provenance.json", {"gold": gold.place, "predictions": hashes})
