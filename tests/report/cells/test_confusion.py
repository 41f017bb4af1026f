"""Kinds of answers: which kind is given where which is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.files import write_json, write_table
from xstilts.report.cells.confusion import WORDS, answer_kind, confusion_rows


def write_scores(folder: Path, kind: str, answers: list[tuple[str, str, str]]) -> None:
    """A cell's folder of scores with these (language, right answer, given one)."""
    languages = {language: 0.5 for language, _, _ in answers}
    about: dict[str, Any] = {
        "target": "xgqa",
        "recipe": "plain",
        "route": "none",
        "seed": 0,
        "data": "pictograms",
        "kind": kind,
    }
    scores = {"metric": "accuracy", "rows": languages, "scores": {"accuracy": languages}, "controls": {}}
    write_json(folder / "scores.json", about | scores)
    columns = zip(*answers, strict=True)
    write_table(
        folder / "predictions.arrow", pa.table(dict(zip(("language", "gold", "prediction"), columns, strict=True)))
    )


def test_kinds_by_their_words() -> None:
    expected = {
        "no": "yes or no",
        "3": "number",
        "three": "number",
        "green": "colour",
        "left": "place",
        "large": "size",
    }
    assert {answer: answer_kind(answer) for answer in expected} == expected
    assert answer_kind("yellow bus") == answer_kind("cat") == answer_kind("") == "name"
    words = [word for own in WORDS.values() for word in own]
    assert len(words) == len(set(words)) > 0


def test_shares_of_each_right_kind(tmp_path: Path) -> None:
    """Zero-shot is the unweighted mean over the other languages, whatever number of questions each has."""
    german = [("de", "yes", "yes"), ("de", "no", "yes"), ("de", "no", "cat"), ("de", "yes", "red")]
    korean = [("ko", "yes", "dog")] * 2 + [("ko", "2", "2")]
    write_scores(tmp_path, "vqa", [("en", "yes", "no"), ("en", "red", "blue"), *german, *korean])
    rows = {(row["where"], row["right"], row["given"]): row["share"] for row in confusion_rows(tmp_path)}
    assert rows == {
        ("English", "colour", "colour"): 1.0,
        ("English", "yes or no", "yes or no"): 1.0,
        ("zero-shot", "number", "number"): 1.0,  # Korean alone asks for one
        ("zero-shot", "yes or no", "colour"): 0.125,
        ("zero-shot", "yes or no", "name"): 0.625,
        ("zero-shot", "yes or no", "yes or no"): 0.25,
    }


def test_labels_are_their_own_kinds(tmp_path: Path) -> None:
    write_scores(tmp_path, "classification", [("en", "neutral", "entailment"), ("en", "neutral", "neutral")])
    assert confusion_rows(tmp_path) == [
        {"where": "English", "right": "neutral", "given": "entailment", "share": 0.5},
        {"where": "English", "right": "neutral", "given": "neutral", "share": 0.5},
    ]


@pytest.mark.parametrize("kind", ["choice", "matching", "span", "tagging", "retrieval"])
def test_other_tasks_have_no_rows(tmp_path: Path, kind: str) -> None:
    write_scores(tmp_path, kind, [("en", "yes", "no")])
    assert confusion_rows(tmp_path) == []
