"""What a study keeps of a cell: its items, metrics and training, and its answers about the scenes that are shown."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, write_table
from xstilts.report.cells.collect import collect
from xstilts.report.cells.items import items, read_items
from xstilts.report.cells.metrics import read_scores, study_metrics

FILES = ["SHA256SUMS", "answers.arrow", "items.arrow", "metrics.json", "provenance.json", "training.json"]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two questions of the scenes in two languages."""
    path = tmp_path / "questions.arrow"
    write_table(path, pa.table({"id": ["q1", "q2", "q1", "q2"], "language": ["en", "en", "de", "de"]}))
    return path


def test_the_files_of_a_cell(scores: Path, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "cells" / "none-s2"
    collect(scores, questions, out)
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert read_json(out / "metrics.json") == study_metrics(read_scores(scores / "scores.json"))
    assert read_json(out / "training.json") == read_json(scores / "training.json")
    table, about = read_items(out / "items.arrow")
    assert table.equals(items(scores / "predictions.arrow", "vqa"))
    named = {"target": "xgqa", "recipe": "lora", "route": "none", "seed": 2, "data": "pictograms"}
    assert {key: about[key] for key in (*named, "kind", "metric")} == {**named, "kind": "vqa", "metric": "accuracy"}
    assert about["training"]["intermediate"] is None
    assert about["training"]["target"] == {
        "tasks": {"xgqa": "pictograms"}, "updates": 300, "examples": 900, "tokens": 9000, "english_dev": {"xgqa": 0.7},
    }  # fmt: skip


def test_the_second_time_gives_the_same_bytes(scores: Path, questions: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        collect(scores, questions, tmp_path / name)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_answers_are_those_to_the_scenes_with_their_points(scores: Path, questions: Path, tmp_path: Path) -> None:
    collect(scores, questions, tmp_path / "out")
    rows = open_rows(tmp_path / "out" / "answers.arrow").to_pylist()
    assert {row["probability"] for row in rows} == {None}  # none is given
    assert [tuple(row[key] for key in ("id", "language", "prediction", "score")) for row in rows] == [
        (name, code, "yes", score) for code in ("en", "de") for name, score in (("q1", 0), ("q2", 1))
    ]


def test_answers_have_the_probability_of_the_likeliest(scores: Path, questions: Path, tmp_path: Path) -> None:
    table = open_rows(scores / "predictions.arrow")
    chances = [[round(0.9 - 0.1 * row, 1), 0.01] for row in range(len(table))]
    kept = table.append_column("probability", pa.array(chances, pa.list_(pa.float32())))
    (scores / "predictions.arrow").unlink()
    write_table(scores / "predictions.arrow", kept)
    collect(scores, questions, tmp_path / "out")
    known = dict(zip(zip(kept["id"].to_pylist(), kept["language"].to_pylist(), strict=True), chances, strict=True))
    rows = open_rows(tmp_path / "out" / "answers.arrow").to_pylist()
    assert rows
    for row in rows:
        assert row["probability"] == pytest.approx(known[row["id"], row["language"]][0])


def test_scenes_without_questions_have_no_answers(scores: Path, questions: Path, tmp_path: Path) -> None:
    write_table(questions, pa.table({"id": pa.array([], pa.string())}))
    collect(scores, questions, tmp_path / "out")
    assert len(open_rows(tmp_path / "out" / "answers.arrow")) == 0


def test_a_question_without_an_answer_is_an_error_and_the_earlier_files_stay(
    scores: Path, questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cells" / "none-s2"
    collect(scores, questions, out)
    before = {name: (out / name).read_bytes() for name in FILES}
    some = open_rows(scores / "predictions.arrow").slice(0, 3)
    (scores / "predictions.arrow").unlink()
    write_table(scores / "predictions.arrow", some)
    with pytest.raises(DataError, match="found 2 answers to questions of the scenes, expected 4"):
        collect(scores, questions, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert list(out.parent.iterdir()) == [out]
