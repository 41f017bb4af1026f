"""The XTREME submission: its files, read back as XTREME's evaluation script reads them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.cache import ROW, write_rows
from xstilts.base.errors import DataError
from xstilts.base.files import write_table
from xstilts.report.benchmarks import BENCHMARKS
from xstilts.report.submission import write_submission

TASKS = BENCHMARKS["xtreme"]
Rows = list[dict[str, Any]]
Write = Callable[..., None]


def row(id: str, answers: list[str], prediction: Any, structural: str = "") -> dict[str, Any]:
    """A test row and what was predicted for it; None: no prediction is made for such a row."""
    return {"id": id, "answers": answers, "prediction": prediction, "structural": structural}


def example(task: str, language: str) -> Rows:
    """The test rows of a task in one language."""
    match task:
        case "xnli":
            return [row("1", ["neutral"], "entailment"), row("0", ["neutral"], "neutral")]
        case "pawsx":
            return [row("0", ["1"], "1"), row("1", ["1"], "0")]
        case "udpos":
            return [row("0", ["NOUN", "VERB"], ["NOUN", "NOUN"]), row("1", ["X"], ["X"])]
        case "panx":
            return [row("0", ["B-PER"], ["O"]), row("1", ["O", "B-LOC"], ["B-LOC", "I-LOC"])]
        case "bucc2018":
            mined = {"en-1": f"{language}-8", "en-2": "", "en-3": f"{language}-7"}
            english = [row(query, [], found, "query") for query, found in mined.items()]
            return [*english, *as_candidates([row(f"{language}-{number}", [], None) for number in (7, 8)])]
        case "tatoeba":
            english = [row("a", ["y"], "z", "query"), row("b", ["x"], "x", "query"), row("c", ["z"], "z", "query")]
            return [*english, *as_candidates([row(name, [], None) for name in "xyz"])]
    return [row("q1", ["Köln"], f"in {language}"), row("q0", ["7"], "")]


def as_candidates(rows: Rows) -> Rows:
    return [{**one, "structural": "candidate"} for one in rows]


# What the evaluation script's readers make of the files: one line each, or a dictionary.
EXPECTED = {
    "xnli": ["entailment", "neutral"],
    "pawsx": ["1", "0"],
    "udpos": ["NOUN", "NOUN", "", "X", ""],
    "panx": ["O", "", "B-LOC", "I-LOC", ""],
    "xquad": {"q1": "in de", "q0": ""},
    "bucc2018": ["de-8\ten-1", "de-7\ten-3"],
    "tatoeba": ["2", "0", "2"],
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write test rows and predictions of a task as its cache and its scores; predictions stand in another order."""

    def write_task(task: str, by_language: dict[str, Rows]) -> None:
        rows = [{"language": language, **one} for language, own in by_language.items() for one in own]
        cache, scores = tmp_path / "tokenized" / task / "test", tmp_path / "scores" / task
        for folder in (cache, scores):
            folder.mkdir(parents=True, exist_ok=True)
        empty = {field.name: [] if pa.types.is_list(field.type) else "" for field in ROW}
        columns = {name: [one.get(name, empty[name]) for one in rows] for name in ROW.names}
        for field in ROW:
            if pa.types.is_int32(field.type):
                columns[field.name] = [0] * len(rows)
        write_rows(cache / "test.arrow", columns)
        found = {(one["language"], one["id"]): one for one in reversed(rows) if one["prediction"] is not None}
        names = ("id", "language", "prediction")
        table = pa.Table.from_pylist([{name: one[name] for name in names} for one in found.values()])
        write_table(scores / "predictions.arrow", table)

    return write_task


def write_all(tmp_path: Path) -> list[str]:
    return write_submission(tmp_path / "scores", tmp_path / "tokenized", tmp_path / "out")


def test_a_complete_submission(tmp_path: Path, write: Write) -> None:
    for task, part in TASKS.items():
        write(task, {language: example(task, language) for language in part.languages})
    assert write_all(tmp_path) == []
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("test-*")}
    expected = {
        f"{task}/test-{language}.{'json' if part.group == 'qa' else 'tsv'}"
        for task, part in TASKS.items()
        for language in part.languages
    }
    assert names == expected
    assert len(names) == 162


@pytest.mark.parametrize("task", EXPECTED)
def test_the_files_of_a_task(tmp_path: Path, write: Write, task: str) -> None:
    write(task, {"de": example(task, "de")})
    write_all(tmp_path)
    (path,) = (tmp_path / "out" / task).iterdir()
    text = path.read_text(encoding="utf-8")
    assert (json.loads(text) if path.suffix == ".json" else text.removesuffix("\n").split("\n")) == EXPECTED[task]


def test_windows_of_one_example_are_one_row(tmp_path: Path, write: Write) -> None:
    windows = [row("0", ["DET", "NOUN"], ["DET", "NOUN", "VERB"]), row("0", ["VERB"], ["DET", "NOUN", "VERB"])]
    write("udpos", {"de": [*windows, row("1", ["X"], ["SYM"])]})
    write_all(tmp_path)
    assert (tmp_path / "out/udpos/test-de.tsv").read_text() == "DET\nNOUN\nVERB\n\nSYM\n\n"


def test_what_a_submission_lacks(tmp_path: Path, write: Write) -> None:
    write("xnli", {language: example("xnli", language) for language in TASKS["xnli"].languages if language != "sw"})
    write("bucc2018", {language: example("bucc2018", language) for language in ("de", "fr", "pl")})
    expected = ["xnli: sw", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018: ru zh", "tatoeba"]
    assert write_all(tmp_path) == expected
    assert not (tmp_path / "out/bucc2018/test-pl.tsv").exists()  # not a language of the benchmark


@pytest.mark.parametrize(
    ("task", "wrong", "message"),
    [
        ("xnli", [row("7", ["neutral"], None)], "no prediction for 1 of the 3 test rows in de (7), expected one p"),
        ("xnli", [row("7", ["neutral"], "not")], "row 7 (de): found the label 'not', expected contradiction or ent"),
        ("panx", [row("7", ["O"], ["O", "O"])], "row 7 (de): found 2 tags, expected 1, one per word"),
        ("bucc2018", [row("en-9", [], "fr-1", "query")], "found the pair fr-1 and en-9, expected de-<number> and en-"),
        ("tatoeba", [row("d", ["x"], "w", "query")], "row d (de): found the translation 'w', expected the id of a"),
    ],
)
def test_refusals(tmp_path: Path, write: Write, task: str, wrong: Rows, message: str) -> None:
    write(task, {"de": example(task, "de")})
    write_all(tmp_path)
    earlier = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.tsv")}
    assert earlier
    write(task, {"de": [*example(task, "de"), *wrong]})
    with pytest.raises(DataError) as error:
        write_all(tmp_path)
    assert message in str(error.value)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.tsv")} == earlier


def test_predictions_of_other_rows_are_refused(tmp_path: Path, write: Write) -> None:
    write("pawsx", {"de": example("pawsx", "de")})
    path = tmp_path / "scores/pawsx/predictions.arrow"
    rows = [{"id": id, "language": "de", "prediction": "1"} for id in ("0", "1", "2", "3")]
    write_table(path, pa.Table.from_pylist(rows))
    with pytest.raises(DataError, match=r"predictions beside 2 of the 2 test rows in de \(2, 3\)"):
        write_all(tmp_path)
    write_table(path, pa.Table.from_pylist([rows[0], rows[1], rows[1]]))
    with pytest.raises(DataError, match="3 predictions for 2 ids in de"):
        write_all(tmp_path)


def test_english_sentences_in_the_order_of_their_translations_are_refused(tmp_path: Path, write: Write) -> None:
    """XTREME numbers its sorted English sentences; predictions in another order would be scored against others."""
    queries = [row(f"en-{name}", [name], "x", "query") for name in "xyz"]
    write("tatoeba", {"de": [*queries, *as_candidates([row(name, [], None) for name in "xyz"])]})
    with pytest.raises(
        DataError, match="queries of de in the order of their candidates, expected English ones, sorted"
    ):
        write_all(tmp_path)


def test_nothing_to_submit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no predictions of an XTREME task"):
        write_all(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_the_user_s_is_never_replaced(tmp_path: Path, write: Write) -> None:
    write("xnli", {"en": example("xnli", "en")})
    (tmp_path / "out" / ".git").mkdir(parents=True)
    (tmp_path / "out" / ".git" / "HEAD").write_text("ref")
    with pytest.raises(DataError, match=r"found \.git/HEAD, which was not written there.*nothing was deleted"):
        write_all(tmp_path)
    assert (tmp_path / "out" / ".git" / "HEAD").is_file()
