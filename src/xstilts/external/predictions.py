"""Files of predictions: IGLUE's, GQA's, SQuAD's, XTREME's submission, and our own rows.

| file | content |
|---|---|
| `.json`, a list | `[{"questionId": ..., "prediction": ...}]`, as GQA's evaluation script and IGLUE have it |
| `.json`, an object | `{id: answer}`, as SQuAD's evaluation script and XTREME's submission have it |
| `.jsonl` | a row per line: `id`, `prediction`, and `language` where the file's name does not say it |
| `.arrow` | predictions.arrow of a cell, or any file with these columns |
| `.tsv` | of XTREME's submission: a label per line, or a tag per line with an empty line after every sentence |
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.external.gold import Gold, check_language, language_files
from xstilts.tasks.rows import Row, json_content, lines
from xstilts.tasks.schema import LANGUAGE
from xstilts.tasks.streams import json_lines

COLUMNS = ("id", "language", "prediction")
ANOTHER = "give the predictions in one of the formats of `xstilts score-predictions --help`"
Prediction = str | list[str]  # a list of a tagging task, one tag per word


@dataclass(frozen=True)
class Given:
    """What was predicted in one language: {question id: prediction}, and where it was read."""

    path: Path
    answers: dict[str, Prediction] = field(default_factory=dict)


def read_predictions(place: str, gold: Gold) -> dict[str, Given]:
    """Read one run of a system, by language.

    Args:
        place: a file of rows that name their language; a path with `{language}`, which stands for one file per
            language; or the folder of an XTREME submission, where the task's own folder is read.

    Raises:
        DataError: a missing or broken file, an unknown language, a prediction that is no text, or two for a question.
    """
    found: dict[str, Given] = {}
    for language, path in _files(place, gold):
        for own, row in _rows(path, language, gold):
            check_language(own, gold.languages(), path, row.place)
            _add(found.setdefault(own, Given(path)), own, row, gold.task.kind)
    return found


def _files(place: str, gold: Gold) -> list[tuple[str | None, Path]]:
    if Path(place).is_dir():
        kinds = {path.suffix for path in Path(place, gold.task.name).glob("test-*")} & {".json", ".tsv"}
        if len(kinds) != 1:
            todo = f"for other folders name the files, such as {place}/test_{LANGUAGE}.json"
            expected = f"XTREME's submission, with {gold.task.name}/test-<language>.json or .tsv"
            raise DataError(place, None, "no such files" if not kinds else "both .json and .tsv", expected, todo)
        place = f"{place}/{gold.task.name}/test-{LANGUAGE}{kinds.pop()}"
    if LANGUAGE not in place:
        return [(None, Path(place))]
    return list(language_files(place, gold.languages()).items())


def _rows(path: Path, language: str | None, gold: Gold) -> Iterator[tuple[str, Row]]:
    """Every row with its language."""
    if path.suffix in (".arrow", ".jsonl"):
        for row in _arrow_rows(path) if path.suffix == ".arrow" else json_lines(path):
            if language is not None:
                row.check_language(language)
            yield language or row.text("language"), row
        return
    if path.suffix not in (".json", ".tsv"):
        raise DataError(path, None, f"a file '{path.suffix}'", ".json, .jsonl, .arrow or .tsv", ANOTHER)
    if language is None:
        todo = f"put {LANGUAGE} into the path in place of the language"
        raise DataError(path, None, "predictions that do not say their language", f"a path with {LANGUAGE}", todo)
    for row in _json_rows(path) if path.suffix == ".json" else _line_rows(path, language, gold):
        yield language, row


def _arrow_rows(path: Path) -> Iterator[Row]:
    table = open_rows(path)
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise DataError(path, None, f"no column {', '.join(missing)}", f"the columns {', '.join(COLUMNS)}", ANOTHER)
    for number, content in enumerate(table.select(list(COLUMNS)).to_pylist(), start=1):
        yield Row(path, number, content)


def _json_rows(path: Path) -> Iterator[Row]:
    content = json_content(path)
    if isinstance(content, dict):
        yield from (Row(path, name, {"id": name, "prediction": answer}) for name, answer in content.items())
    elif isinstance(content, list) and content:
        for number, one in enumerate(content, start=1):
            if not isinstance(one, dict) or "questionId" not in one:
                raise DataError(path, number, f"{one!r}"[:80], "an object with questionId and prediction", ANOTHER)
            yield Row(path, number, {"id": one["questionId"], "prediction": one.get("prediction")})
    else:
        raise DataError(path, None, "no predictions", "a list or an object of predictions", ANOTHER)


def _line_rows(path: Path, language: str, gold: Gold) -> Iterator[Row]:
    """The predictions of a file without ids, which are in the order of the test file."""
    labels = [text for _, text in lines(path)]
    found: list[Any] = list(_sentences(labels)) if gold.task.kind == "tagging" else labels
    ids = list(gold.of(language))
    if len(found) != len(ids):
        todo = "give a prediction per row of the test file, in its order"
        raise DataError(path, None, f"{len(found)} predictions", f"{len(ids)} as {gold.place} has in {language}", todo)
    for number, (name, prediction) in enumerate(zip(ids, found, strict=True), start=1):
        yield Row(path, number, {"id": name, "prediction": prediction})


def _sentences(tags: list[str]) -> Iterator[list[str]]:
    own: list[str] = []
    for tag in [*tags, ""]:
        if tag:
            own.append(tag)
        elif own:
            yield own
            own = []


def _add(given: Given, language: str, row: Row, kind: str) -> None:
    name = row.key("id")
    prediction: Any = row.content.get("prediction")
    expected = "a list of tags" if kind == "tagging" else "a text"
    words = prediction if isinstance(prediction, list) and kind == "tagging" else [prediction]
    if isinstance(prediction, list) != (kind == "tagging") or not all(isinstance(word, str) for word in words):
        raise row.error(f"the prediction {prediction!r} for question {name}", expected, "correct the row")
    if name in given.answers:
        raise row.error(f"question {name} again in {language}", "one prediction per question", "take one of them out")
    given.answers[name] = prediction
