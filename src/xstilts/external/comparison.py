"""Systems side by side: a study whose routes are other people's systems, with the statistics of every study.

A study is known by its name, below which its files lie (`xstilts.base.cells`); an absolute path is a name as well. So a
comparison is a folder anywhere, laid out as the report and the page read a study:

- `study.yaml`: its systems (as `intermediates`), runs (`seeds`) and target;
- `scores/plain/<system>-s<run>/<target>`: what was scored, as `xstilts.score.target` writes it; `cells/...`: what is
  kept of it. Every question is scored or an error, unless the user named a file of questions to leave out;
- `cells.json`, `study.json`, `transfer.json`: as in metrics/. The baseline of transfer.json is the first system;
- `differences.json`: every pair of systems, and how many questions are scored;
- `answer.json`, `claims.json`: the question that the page asks, and that a comparison of systems tests no claim;
- `scenes/<target>`: no pictures, and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from xstilts.base.cells import DATA, PLAIN, Cell, Study
from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import own_directory, refuse_foreign, sha256_of, write_compact, write_json, write_table
from xstilts.external.gold import Gold
from xstilts.external.kinds import Answered, scorer_of
from xstilts.external.predictions import Given
from xstilts.report.cells.collect import collect
from xstilts.report.claims import SCORES
from xstilts.report.differences import about, facts, family, languages, types
from xstilts.report.paired import Paired
from xstilts.report.side_by_side import read_paired
from xstilts.report.study import read_cells, study_tables, with_intervals
from xstilts.scenes import PICTURES, QUESTIONS
from xstilts.score.scoring import Scored

SHOWN = 3  # ids named in an error
FILES = ("cells", "study", "transfer", "differences", "answer", "claims")
Record = dict[str, Any]
Systems = Mapping[str, Sequence[Mapping[str, Given]]]  # name -> its runs, each by language


@dataclass(frozen=True)
class Run:
    """One run of a system on the test questions: what it predicted by language, and what that earned."""

    given: Mapping[str, Given]
    scored: Scored


def compare(gold: Gold, systems: Systems, out: Path) -> dict[str, Any]:
    """Score every run of every system, and write the comparison into `out`, replaced as a whole.

    Returns:
        The content of each of `FILES`.

    Raises:
        DataError: `out` holds something else, or predictions and questions do not fit (`score_run`).
        XstiltsError: systems that differ in languages or in the number of runs.
    """
    refuse_foreign(out)
    _check_alike(systems)
    runs = {name: [score_run(gold, one) for one in own] for name, own in systems.items()}
    study = Study([PLAIN], list(runs), [], list(range(len(next(iter(runs.values()))))), [gold.task.name])
    with own_directory(out) as draft:
        _write_scenes(draft / "scenes" / gold.task.name, gold)
        for name, own in runs.items():
            for seed, run in enumerate(own):
                _write_run(draft, Cell(PLAIN, name, seed, gold.task.name), gold, run)
        (draft / "study.yaml").write_text(yaml.safe_dump({"study": vars(study)}, sort_keys=False), encoding="utf-8")
        files = _statistics(study, str(draft.resolve()), counts(gold, runs))
        for name in FILES:
            write_compact(draft / f"{name}.json", files[name])
    return files


def counts(gold: Gold, runs: Mapping[str, Sequence[Run]]) -> Record:
    """How many questions are scored and why not all, by language, and how many predictions each run has of them."""
    rows = next(iter(runs.values()))[0].scored.rows
    predicted = [language for language in gold.languages() if language in rows]
    return {
        "questions": gold.counts(predicted),
        "not_predicted": [language for language in gold.languages() if language not in predicted],
        "predictions": {
            name: [{language: len(run.given[language].answers) for language in predicted} for run in own]
            for name, own in runs.items()
        },
    }


def _check_alike(systems: Systems) -> None:
    """Refuse systems that cannot stand in one table."""
    first, *others = systems
    for name in others:
        runs, expected = len(systems[name]), len(systems[first])
        if runs != expected:
            found = f"{expected} runs of {first} and {runs} of {name}"
            raise XstiltsError(f"--predictions: found {found}, expected equally many of every system")
    spoken = [(name, set(run)) for name, own in systems.items() for run in own]
    for name, codes in spoken:
        if codes != spoken[0][1]:
            differing = ", ".join(sorted(codes ^ spoken[0][1]))
            found = f"predictions of {name} and {first} in other languages ({differing})"
            raise XstiltsError(f"--predictions: found {found}, expected the same languages of every system")


def _write_scenes(folder: Path, gold: Gold) -> None:
    """Write files that say why no pictures are shown."""
    folder.mkdir(parents=True)
    write_table(folder / "questions.arrow", QUESTIONS.empty_table())
    write_table(folder / "pictures.arrow", PICTURES.empty_table())
    why = "predictions of other systems come without pictures"
    write_json(folder / "about.json", {"target": gold.task.name, **gold.origin, "scenes": 0, "why_none": why})


def _write_run(draft: Path, cell: Cell, gold: Gold, run: Run) -> None:
    """Write the cell of a run, and what a study keeps of it."""
    folder = draft / cell.scores.relative_to(DATA)
    write_cell(folder, cell, gold, run)
    collect(folder, draft / "scenes" / cell.target / "questions.arrow", cell.collected(str(draft.resolve())))


def _statistics(study: Study, name: str, counts: Record) -> dict[str, Any]:
    """The content of each of `FILES`; `name` is the folder of the study."""
    paired, cells = read_paired(study, name), read_cells(study, name)
    (target,), head = study.targets, about(paired)
    pairs = differences(paired, target)
    baseline = study.intermediates[0]
    unknown = {"shared_data": "not checked", "shared": [], "in_averages": False}
    against = [{**pair, **unknown} for pair in pairs if pair["baseline"] == baseline]
    return {
        "cells": cells,
        "study": with_intervals(study_tables(cells), paired),
        "transfer": {**head, "baseline": baseline, "cells": against, "averages": []},
        "differences": {**head, **counts, "differences": pairs},
        "answer": {**head, "question": _question(study), "answers": [], "missing": []},
        "claims": {**head, "data": paired.fact(target, "data"), "scores": SCORES, "claims": []},
    }


def _question(study: Study) -> str:
    """What the page of a comparison asks."""
    *names, last = study.intermediates
    listed = f"{', '.join(names)} and {last}" if names else last
    return f"How well do {listed} answer {study.targets[0]} in languages without labels?"


def differences(paired: Paired, target: str) -> list[Record]:
    """Every system minus each one named before it, as the cells of metrics/transfer.json have it.

    In English, in the mean over the other languages and in the gap Holm's p-values are over the pairs; those of
    languages and question types are over the languages and types of one pair.
    """
    pairs = list(combinations(paired.routes, 2))
    means = {
        where: family({str(pair): paired.difference(*pair[::-1], mix) for pair in pairs})
        for where, mix in paired.means(target).items()
    }
    return [
        {"target": target, "route": route, "baseline": baseline, **facts(paired, target)}
        | {where: own[str((baseline, route))] for where, own in means.items()}
        | {"languages": languages(paired, route, baseline, target), "types": types(paired, route, baseline, target)}
        for baseline, route in pairs
    ]


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
    """Every question of a language that is scored with its prediction, in the order of the gold file."""
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
