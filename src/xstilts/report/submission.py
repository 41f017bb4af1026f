"""The folder that XTREME's evaluation script and leaderboard take: one file of predictions per task and language.

`<task>/test-<language>.tsv`, or `.json` for question answering, in the order of the test files
(google-research/xtreme, README and evaluate.py):

- xnli, pawsx: one label per line.
- udpos, panx: one tag per line, an empty line after every sentence.
- xquad, mlqa, tydiqa: {question id: answer text}.
- bucc2018: the mined pairs, `<language>-<number>`, tab, `en-<number>`.
- tatoeba: for each English sentence, the number (from 0) of the line that its translation stands in. The English
  sentences are the queries, in the order of XTREME's own files, which are sorted by text.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, own_directory
from xstilts.report.benchmarks import BENCHMARKS

TASKS = BENCHMARKS["xtreme"]
_LABELS = {"xnli": {"entailment", "neutral", "contradiction"}, "pawsx": {"0", "1"}}
_SHOWN = 3  # ids named in an error


@dataclass(frozen=True)
class Language:
    """The test rows of one language, and what was predicted for them.

    Attributes:
        path: of the predictions, for errors.
        rows: {id: gold answers} in the order of the test file; of retrieval, the queries alone.
        candidates: of retrieval, the ids of the candidates in the order of their file.
        predictions: {id: prediction}, for exactly the ids in `rows`.
    """

    path: Path
    language: str
    rows: Mapping[str, list[str]]
    candidates: list[str]
    predictions: Mapping[str, Any]


def write_submission(scores: Path, tokenized: Path, out: Path) -> list[str]:
    """Write an XTREME submission into `out` from the predictions of one route and seed.

    An earlier submission there is replaced as a whole, and nothing else (`own_directory`).

    Args:
        scores: the route's scores, with `<task>/predictions.arrow` for each XTREME task that was scored.
        tokenized: the caches, with `<task>/test/test.arrow`: they say which rows there are, and in which order.

    Returns:
        What a complete submission lacks: `bucc2018`, or `xnli: sw th`. The evaluation script gives no overall score
        without a task, and stops at a task without all of its languages.

    Raises:
        DataError: `out` holds something that is no submission; no task was scored; a test row without a prediction,
            a prediction without a test row, two for one row, or one that the format cannot hold.
    """
    missing = []
    with own_directory(out) as draft:
        for task, part in TASKS.items():
            path = scores / task / "predictions.arrow"
            if not path.exists():
                missing.append(task)
                continue
            languages = _languages(path, tokenized / task / "test" / "test.arrow")
            lacking = [code for code in part.languages if code not in languages]
            if lacking:
                missing.append(f"{task}: {' '.join(lacking)}")
            _write_task(draft / task, task, [languages[code] for code in part.languages if code in languages])
        if len(missing) == len(TASKS) and not any(draft.iterdir()):
            raise DataError(scores, None, "no predictions of an XTREME task", ", ".join(TASKS), "score some targets")
    return missing


def _write_task(folder: Path, task: str, languages: list[Language]) -> None:
    folder.mkdir()
    kind = "json" if TASKS[task].group == "qa" else "tsv"
    for language in languages:
        text = _FORMATS.get(task, _answers)(task, language)
        (folder / f"test-{language.language}.{kind}").write_text(text, encoding="utf-8")


def _labels(task: str, language: Language) -> str:
    for one, label in language.predictions.items():
        if label not in _LABELS[task]:
            raise _wrong(language, one, f"the label '{label}'", " or ".join(sorted(_LABELS[task])))
    return "".join(f"{language.predictions[one]}\n" for one in language.rows)


def _tags(task: str, language: Language) -> str:
    for one, gold in language.rows.items():
        found = len(language.predictions[one])
        if found != len(gold):
            raise _wrong(language, one, f"{found} tags", f"{len(gold)}, one per word")
    return "".join("".join(f"{tag}\n" for tag in language.predictions[one]) + "\n" for one in language.rows)


def _answers(task: str, language: Language) -> str:
    ordered = {one: language.predictions[one] for one in language.rows}
    return json.dumps(ordered, ensure_ascii=False, indent=1) + "\n"


def _mined_pairs(task: str, language: Language) -> str:
    """The pairs, the English sentence second; a query without a prediction was not paired."""
    pairs = [(query, found) for query in language.rows if (found := language.predictions[query])]
    english_last = [sorted(pair, key=lambda one: one.startswith("en-")) for pair in pairs]
    for (query, _), (first, second) in zip(pairs, english_last, strict=True):
        if not (first.startswith(f"{language.language}-") and second.startswith("en-")):
            expected = f"{language.language}-<number> and en-<number>"
            raise _wrong(language, query, f"the pair {first} and {second}", expected)
    return "".join(f"{first}\t{second}\n" for first, second in english_last)


def _translations(task: str, language: Language) -> str:
    lines = {candidate: line for line, candidate in enumerate(language.candidates)}
    for query, found in language.predictions.items():
        if found not in lines:
            raise _wrong(language, query, f"the translation '{found}'", "the id of a candidate")
    golds = [[lines.get(gold) for gold in gold_ids] for gold_ids in language.rows.values()]
    if len(golds) > 1 and golds == [[line] for line in range(len(golds))]:
        found, expected = (
            f"queries of {language.language} in the order of their candidates",
            "English ones, sorted by text",
        )
        raise DataError(language.path, None, found, expected, "XTREME's label files are for that order alone")
    return "".join(f"{lines[language.predictions[query]]}\n" for query in language.rows)


_FORMATS: Mapping[str, Callable[[str, Language], str]] = {
    "xnli": _labels,
    "pawsx": _labels,
    "udpos": _tags,
    "panx": _tags,
    "bucc2018": _mined_pairs,
    "tatoeba": _translations,
}


def _languages(path: Path, test: Path) -> dict[str, Language]:
    """Test rows and predictions by language."""
    expected = open_rows(test).select(["id", "language", "structural", "answers"]).to_pylist()
    found = open_rows(path).select(["id", "language", "prediction"]).to_pylist()
    languages = {}
    for code in dict.fromkeys(row["language"] for row in expected):
        own = [row for row in expected if row["language"] == code]
        rows = _joined([row for row in own if row["structural"] != "candidate"])
        candidates = [row["id"] for row in own if row["structural"] == "candidate"]
        predictions = _by_id(path, code, [row for row in found if row["language"] == code])
        _check_ids(path, code, rows, predictions)
        languages[code] = Language(path, code, rows, candidates, predictions)
    return languages


def _joined(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """{id: gold answers}, those of the windows of one example one after the other."""
    joined: dict[str, list[str]] = {}
    for row in rows:
        joined.setdefault(row["id"], []).extend(row["answers"])
    return joined


def _by_id(path: Path, language: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    predictions = {row["id"]: row["prediction"] for row in rows}
    if len(predictions) < len(rows):
        found = f"{len(rows)} predictions for {len(predictions)} ids in {language}"
        raise DataError(path, None, found, "one per id", "run `dvc repro` to score the target again")
    return predictions


def _check_ids(path: Path, language: str, rows: Mapping[str, Any], predictions: Mapping[str, Any]) -> None:
    for one, other, what in ((rows, predictions, "no prediction for"), (predictions, rows, "predictions beside")):
        alone = [name for name in one if name not in other]
        if alone:
            named = ", ".join(alone[:_SHOWN]) + (", ..." if len(alone) > _SHOWN else "")
            found = f"{what} {len(alone)} of the {len(rows)} test rows in {language} ({named})"
            raise DataError(path, None, found, "one per test row", "run `dvc repro` to score the target again")


def _wrong(language: Language, row: str, found: str, expected: str) -> DataError:
    place = f"{row} ({language.language})"
    return DataError(language.path, place, found, expected, "look at the task file and score the target again")
