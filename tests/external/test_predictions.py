"""Files of predictions, each format read to the same answers; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from few_questions import RIGHT, iglue
from xstilts.base.errors import DataError
from xstilts.base.files import write_table
from xstilts.external.gold import Gold, read_gold
from xstilts.external.predictions import read_predictions
from xstilts.tasks.schema import load_task


def rows(*languages: str) -> list[dict[str, Any]]:
    """Our own rows."""
    return [
        {"id": name, "language": language, "prediction": answer}
        for language in languages
        for name, answer in RIGHT.items()
    ]


def lines(content: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in content)


def read(place: str, gold: Gold) -> dict[str, Any]:
    return {language: given.answers for language, given in read_predictions(place, gold).items()}


@pytest.mark.parametrize("content", [iglue(RIGHT), RIGHT], ids=["iglue", "squad"])
def test_a_json_file_per_language(write: Any, gold: Gold, content: Any) -> None:
    for language in ("de", "en"):
        path = write(f"test_{language}.json", content)
    assert read(path.replace("_en", "_{language}"), gold) == {"de": RIGHT, "en": RIGHT}


def test_own_rows_name_their_language(tmp_path: Path, write: Any, gold: Gold) -> None:
    table = pa.Table.from_pylist(rows("de", "en"))
    write_table(tmp_path / "predictions.arrow", table.append_column("gold", table["prediction"]))
    for place in (write("rows.jsonl", lines(rows("de", "en"))), str(tmp_path / "predictions.arrow")):
        assert read(place, gold) == {"de": RIGHT, "en": RIGHT}


def test_ids_may_be_numbers(write: Any, gold: Gold) -> None:
    path = write("test_de.json", [{"questionId": 1, "prediction": "yes"}])
    assert read(path.replace("_de", "_{language}"), gold) == {"de": {"1": "yes"}}


def test_a_submission_to_xtreme(tmp_path: Path, write: Any) -> None:
    for language in ("en", "de"):
        pairs = "".join(f"{n}\tpremise\thypothesis\tneutral\n".split("\t", 1)[1] for n in range(3))
        path = write(f"gold/test-{language}.tsv", pairs)
        write(f"submission/xnli/test-{language}.tsv", "neutral\nentailment\ncontradiction\n")
    gold = read_gold("pairs:" + path.replace("-de", "-{language}"), load_task("xnli"))
    found = read(str(tmp_path / "submission"), gold)
    assert set(found) == {"en", "de"}
    assert list(found["de"].values()) == ["neutral", "entailment", "contradiction"]
    assert list(found["de"]) == list(gold.of("de"))
    write("submission/xnli/test-de.tsv", "neutral\nentailment\n")
    with pytest.raises(DataError, match=r"test-de\.tsv: found 2 predictions, expected 3 as .* has in de"):
        read(str(tmp_path / "submission"), gold)


def test_a_tag_per_line(tmp_path: Path, write: Any) -> None:
    path = write("gold/test-de.tsv", "Die\tDET\nKatze\tNOUN\n\nJa\tINTJ\n\n")
    gold = read_gold("columns:" + path.replace("-de", "-{language}"), load_task("udpos"))
    write("submission/udpos/test-de.tsv", "DET\nVERB\n\nX\n\n")
    assert list(read(str(tmp_path / "submission"), gold)["de"].values()) == [["DET", "VERB"], ["X"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("test_{language}.json", [*iglue(RIGHT), *iglue({"1": "no"})], "row 7: found question 1 again in de"),
        ("test_{language}.json", '{"1": "yes", "1": "no"}', "found id '1' again"),
        ("test_{language}.json", [{"question_id": "1", "answer": "yes"}], "row 1: .* an object with questionId"),
        (
            "test_{language}.json",
            [{"questionId": "1"}],
            "row 1: found the prediction None for question 1, expected",
        ),
        ("test_{language}.json", [], "found no predictions"),
        ("test_{language}.txt", "yes", "found a file '.txt', expected .json, .jsonl, .arrow or .tsv"),
        ("test_{language}.jsonl", lines(rows("en")), "row 1: found language 'en', expected 'de'"),
        ("rows.jsonl", lines([{"id": "1", "prediction": "yes"}]), "row 1: found no language"),
        ("rows.jsonl", lines(rows("xx")), "row 1: found unknown language 'xx', expected one of en, de"),
        ("rows.jsonl", lines(rows("fr")), "row 1: found language 'fr', expected one of en, de"),
        ("test_de.json", iglue(RIGHT), "predictions that do not say their language, expected a path with {language}"),
    ],
)
def test_what_is_refused(write: Any, gold: Gold, name: str, content: Any, message: str) -> None:
    place = write(name.replace("{language}", "de"), content).replace("_de.", "_{language}." if "{" in name else "_de.")
    with pytest.raises(DataError, match=message):
        read_predictions(place, gold)


def test_a_folder_that_is_no_submission(tmp_path: Path, write: Any, gold: Gold) -> None:
    write("uc2/test_de.json", iglue(RIGHT))
    with pytest.raises(DataError, match=r"uc2: found no such files, .*name the files, such as .*test_\{language\}"):
        read_predictions(str(tmp_path / "uc2"), gold)


def test_other_columns_are_refused(tmp_path: Path, gold: Gold) -> None:
    write_table(tmp_path / "some.arrow", pa.table({"id": ["1"], "answer": ["yes"]}))
    with pytest.raises(DataError, match="found no column language, prediction"):
        read_predictions(str(tmp_path / "some.arrow"), gold)
