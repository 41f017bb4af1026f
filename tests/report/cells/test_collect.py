"""What the page shows of a cell: its curves as the checkpoints have them, its answers as they were predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from xstilts.report.cells.details import details_path, write_details

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, write_json, write_table

LANGUAGES = ("en", "de")
CURVE = [{"update": 150, "loss": 0.5, "dev": 0.6}, {"update": 300, "loss": 0.2, "dev": 0.7}]
COST = {"updates": 300, "examples": 900, "tokens": 9000}


def predictions() -> pa.Table:
    rows = [(f"q{n}", code, "yes", ("yes", "no")[n % 2]) for code in LANGUAGES for n in range(6)]
    names = ("id", "language", "gold", "prediction")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """A cell of twelve answers, two questions of the scenes, a phase that was trained and one that was not."""
    metrics: dict[str, Any] = {"accuracy": dict.fromkeys(LANGUAGES, 0.5)}
    about = {"target": "xgqa", "route": "none", "seed": 0, "data": "pictograms", "kind": "vqa", "metric": "accuracy"}
    write_json(
        tmp_path / "scores.json", about | {"rows": dict.fromkeys(LANGUAGES, 6), "scores": metrics, "controls": {}}
    )
    write_table(tmp_path / "predictions.arrow", predictions())
    asked = {"id": ["q1", "q2", "q1", "q2"], "language": ["en", "en", "de", "de"]}
    write_table(tmp_path / "questions.arrow", pa.table(asked))
    write_json(tmp_path / "passed.json", {"tasks": {}})
    tasks = {"xgqa": {"data": "pictograms"}}
    write_json(tmp_path / "trained.json", {"tasks": tasks, "training": {**COST, "english_dev": {}, "curve": CURVE}})
    return tmp_path


def write(cell: Path) -> Path:
    out = details_path(cell / "details", "xgqa", "none", 0)
    write_details(cell, cell / "passed.json", cell / "trained.json", cell / "questions.arrow", out)
    return out


def test_training_is_that_of_the_checkpoints(cell: Path) -> None:
    training = read_json(write(cell) / "training.json")
    assert training["intermediate"] is None
    assert training["target"] == {"tasks": {"xgqa": "pictograms"}, **COST, "english_dev": {}, "curve": CURVE}


def test_answers_are_those_to_the_scenes_with_their_points(cell: Path) -> None:
    rows = open_rows(write(cell) / "answers.arrow").to_pylist()
    assert [(row["id"], row["language"], row["prediction"], row["score"]) for row in rows] == [
        (name, code, answer, score) for code in LANGUAGES for name, answer, score in (("q1", "no", 0), ("q2", "yes", 1))
    ]


def test_scenes_without_questions_have_no_answers(cell: Path) -> None:
    write_table(cell / "questions.arrow", pa.table({"id": pa.array([], pa.string())}))
    assert len(open_rows(write(cell) / "answers.arrow")) == 0


def test_a_question_without_an_answer_is_an_error_and_the_earlier_file_stays(cell: Path) -> None:
    out = write(cell)
    before = (out / "answers.arrow").read_bytes()
    write_table(cell / "questions.arrow", pa.table({"id": ["q1", "q9"]}))
    write_table(cell / "predictions.arrow", predictions().slice(0, 1))
    with pytest.raises(DataError, match="found 0 answers to questions of the scenes, expected 2"):
        write(cell)
    assert (out / "answers.arrow").read_bytes() == before
