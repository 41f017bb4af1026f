"""Predictions beside gold answers: every question scored or refused, and points as for our own predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from few_questions import RIGHT, gqa
from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import open_rows, read_json
from xstilts.external.comparison import score_run, write_cell
from xstilts.external.gold import Gold, read_gold
from xstilts.external.kinds import SCORERS
from xstilts.external.predictions import Given
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import read_scores
from xstilts.tasks.schema import TaskSpec, load_task

WRONG = {**RIGHT, "1": "no", "4": "cat"}


def given(**answers: dict[str, Any]) -> dict[str, Given]:
    return {language: Given(Path(f"{language}.json"), own) for language, own in answers.items()}


def test_points_by_question(gold: Gold) -> None:
    scored = score_run(gold, given(de=WRONG, en=RIGHT)).scored
    assert scored.scores == {"accuracy": {"de": pytest.approx(4 / 6, abs=1e-6), "en": 1.0}}
    assert scored.rows == {"de": 6, "en": 6}
    german = [row for row in scored.predictions.to_pylist() if row["language"] == "de"]
    assert {row["id"]: row["score"] for row in german} == {"1": 0, "2": 1, "3": 1, "4": 0, "5": 1, "6": 1}
    assert [row["image_id"] for row in german] == ["n1", "n1", "n2", "n2", "n3", "n3"]
    assert scored.more["types"]["structural"]["de"] == pytest.approx({"query": 2 / 3, "verify": 2 / 3}, abs=1e-6)


def test_the_folder_is_that_of_a_cell(tmp_path: Path, gold: Gold, write: Any) -> None:
    path = Path(write("de.json", RIGHT))
    run = score_run(gold, {"de": Given(path, RIGHT)})
    write_cell(tmp_path / "cell", Cell("plain", "uc2", 0, "xgqa"), gold, run)
    scores = read_scores(tmp_path / "cell" / "scores.json")
    assert {key: scores[key] for key in ("route", "seed", "data", "kind", "metric", "rows")} == {
        "route": "uc2", "seed": 0, "data": "official", "kind": "vqa", "metric": "accuracy", "rows": {"de": 6},
    }  # fmt: skip
    assert scores["questions"] == {"scored": {"de": 6}, "of": {"de": 6}, "left_out": {}}
    kept = items(tmp_path / "cell" / "predictions.arrow")
    assert kept["score"].to_pylist() == [1.0] * 6
    assert kept["blind"].null_count == 6
    assert read_json(tmp_path / "cell" / "training.json") == {"intermediate": None, "target": None}
    assert list(read_json(tmp_path / "cell" / "provenance.json")["predictions"]) == [str(path)]
    assert open_rows(tmp_path / "cell" / "predictions.arrow")["gold"].to_pylist() == list(RIGHT.values())


def test_a_question_without_a_prediction(gold: Gold) -> None:
    answers = {name: answer for name, answer in RIGHT.items() if name not in "2356"}
    message = r"de\.json: found 4 of 6 questions in de without a prediction \(2, 3, 5, \.\.\.\), expected one"
    with pytest.raises(DataError, match=message):
        score_run(gold, given(en=RIGHT, de=answers))


def test_a_prediction_without_a_question(gold: Gold) -> None:
    message = r"found 1 of 7 predictions in de without a question in .*gold\.json \(7\)"
    with pytest.raises(DataError, match=message):
        score_run(gold, given(de={**RIGHT, "7": "yes"}))


def test_questions_that_are_left_out(write: Any) -> None:
    """Whether the gold file has them or the predictions, both or neither; they earn nothing."""
    asked = gqa()
    few = {**{name: asked[name] for name in "12"}, "7": asked["3"]}
    gold = read_gold(write("gold.json", asked), load_task("xgqa"), [write("few.json", few)])
    scored = score_run(gold, given(de={**WRONG, "7": "yes"})).scored
    assert scored.rows == {"de": 4}
    assert scored.scores["accuracy"] == {"de": 0.75}
    assert score_run(gold, given(de={name: WRONG[name] for name in "3456"})).scored.scores == scored.scores
    everything = read_gold(write("gold.json", asked), load_task("xgqa"), [write("all.json", asked)])
    with pytest.raises(DataError, match="no question in de that is not left out"):
        score_run(everything, given(de=RIGHT))


def made(write: Any, name: str, content: Any, task: str, language: str = "de") -> Gold:
    path = write(name.replace("{language}", language), content)
    fmt = {"xnli": "pairs:", "udpos": "columns:", "xcopa": "copa:"}.get(task, "")
    return read_gold(fmt + path.replace(f"-{language}.", "-{language}."), load_task(task))


def test_labels(write: Any) -> None:
    gold = made(write, "test-{language}.tsv", "a\tb\tneutral\nc\td\tentailment\n", "xnli")
    ids = list(gold.of("de"))
    scored = score_run(gold, given(de=dict(zip(ids, ["neutral", "neutral"], strict=True)))).scored
    assert scored.scores == {"accuracy": {"de": 0.5}}
    with pytest.raises(DataError, match="found the prediction 'contradictory', expected one of entailment, neu"):
        score_run(gold, given(de=dict.fromkeys(ids, "contradictory")))


def test_choices(write: Any) -> None:
    row = {"premise": "p", "question": "cause", "choice1": "one", "choice2": "two", "label": 1, "idx": 0}
    gold = made(write, "test-{language}.jsonl", json.dumps(row), "xcopa", "et")
    (name,) = gold.of("et")
    assert score_run(gold, given(et={name: "two"})).scored.scores == {"accuracy": {"et": 1.0}}
    with pytest.raises(DataError, match="found the prediction '1', expected one of one, two"):
        score_run(gold, given(et={name: "1"}))


def squad(context: str, answers: dict[str, str]) -> dict[str, Any]:
    asked = [
        {"id": name, "question": "?", "answers": [{"text": text, "answer_start": context.index(text)}]}
        for name, text in answers.items()
    ]
    return {"data": [{"paragraphs": [{"context": context, "qas": asked}]}]}


def test_spans(write: Any) -> None:
    """The questions of a paragraph are one cluster, in all languages."""
    write("xquad-en.json", squad("The red dog sleeps.", {"a": "red dog", "b": "sleeps"}))
    german = squad("Der rote Hund schläft.", {"a": "rote Hund", "b": "schläft"})
    gold = made(write, "xquad-{language}.json", german, "xquad")
    scored = score_run(gold, given(de={"a": "Hund", "b": "schläft"}, en={"a": "red dog", "b": ""})).scored
    assert scored.scores["f1"] == {"de": pytest.approx((2 / 3 + 1) / 2, abs=1e-6), "en": 0.5}
    assert scored.scores["exact_match"] == {"de": 0.5, "en": 0.5}
    assert len(set(scored.predictions["cluster"].to_pylist())) == 1


def test_tags(write: Any) -> None:
    gold = made(write, "test-{language}.tsv", "Die\tDET\nKatze\tNOUN\n\nJa\tINTJ\n\n", "udpos")
    first, second = gold.of("de")
    scored = score_run(gold, given(de={first: ["DET", "VERB"], second: ["INTJ"]})).scored
    assert scored.scores["accuracy"] == {"de": pytest.approx(2 / 3, abs=1e-6)}
    with pytest.raises(DataError, match="found 1 tags, expected 2, one per word"):
        score_run(gold, given(de={first: ["DET"], second: ["INTJ"]}))


def test_rankings_and_programs_are_refused(gold: Gold) -> None:
    refused = [kind for kind, scorer in SCORERS.items() if scorer is None]
    assert refused == ["layout", "matching", "retrieval"]
    for kind in refused:
        task = TaskSpec("some", kind, gold.task.encode)
        with pytest.raises(ParameterError, match=f"predictions of a {kind} task are not scored from files"):
            score_run(Gold("", task, gold.examples, True, {}, gold.origin), given(de=RIGHT))
