"""The questions that are scored: where they come from, in which languages, and which are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from few_questions import RIGHT, gqa
from xstilts.base.errors import DataError, ParameterError
from xstilts.external.gold import Gold, language_files, read_gold
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import load_task

XGQA = "en de pt ru id bn ko zh".split()


def answers(gold: Gold, language: str) -> dict[str, str]:
    return {name: one.answer for name, one in gold.of(language).items() if isinstance(one, VqaExample)}


def test_answers_about_pictures_hold_in_every_language(gold: Gold) -> None:
    assert gold.languages() == XGQA
    assert answers(gold, "en") == answers(gold, "ko") == RIGHT
    assert gold.origin["data"] == "official"
    assert "Pfeiffer" in gold.origin["source"]


def test_a_format_is_named_as_in_a_task_file(write: Any) -> None:
    rows = [
        {"question_id": name, "sent": "?", "img_id": "n1", "label": {answer: 1.0}} for name, answer in RIGHT.items()
    ]
    path = write("testdev.json", rows)
    assert answers(read_gold(f"lxmert:{path}", load_task("xgqa")), "de") == RIGHT
    with pytest.raises(DataError, match="name the format lxmert"):
        read_gold(path, load_task("xgqa"))
    with pytest.raises(ParameterError, match=r"unknown format 'lxmrt' of a vqa task\. Did you mean 'lxmert'"):
        read_gold(f"lxmrt:{path}", load_task("xgqa"))
    with pytest.raises(ParameterError, match="a format of several files 'vqav2'"):
        read_gold(f"vqav2:{path}", load_task("xgqa"))


def test_a_file_per_language(write: Any) -> None:
    places = [write(f"{language}/test.json", gqa(language)) for language in ("de", "en", "ko")]
    gold = read_gold(places[0].replace("/de/", "/{language}/"), load_task("xgqa"))
    assert gold.languages() == ["en", "de", "ko"]
    question = gold.of("ko")["1"]
    assert isinstance(question, VqaExample)
    assert question.question == "1 in ko?"


def test_a_raw_set_says_what_its_data_are(tmp_path: Path, write: Any) -> None:
    """Those of the embedded world never become published ones."""
    for language in ("en", "de"):
        write(f"test/{language}.json", gqa(language))
    about = {"data": "pictograms", "licence": "CC BY-SA 4.0", "source": "made here"}
    write("manifest.json", {**about, "languages": ["en", "de"]})
    gold = read_gold(str(tmp_path), load_task("xgqa"))
    assert gold.languages() == ["en", "de"]
    assert gold.origin == about
    assert read_gold(str(tmp_path / "test" / "en.json"), load_task("xgqa")).origin == about


def test_a_task_without_test_files_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"gqa\.yaml: no files of the split test; name a gold file"):
        read_gold(str(tmp_path), load_task("gqa"))


def test_questions_are_left_out_and_counted(write: Any) -> None:
    """A question in two files counts once; one that the gold file lacks still belongs to the set."""
    asked = gqa()
    dev = write("dev.json", {name: asked[name] for name in "12"})
    train = write("train.json", {name: asked[name] for name in "23"})
    gold = read_gold(write("gold.json", {name: asked[name] for name in "1456"}), load_task("xgqa"), [dev, train])
    assert list(gold.scored("de")) == ["4", "5", "6"]
    counts = gold.counts(["en", "de"])
    assert counts == {"scored": {"en": 3, "de": 3}, "of": {"en": 6, "de": 6}, "left_out": {dev: 2, train: 1}}


def test_a_pattern_names_files_by_language(tmp_path: Path, write: Any) -> None:
    for name in ("test_de_0_result.json", "test_en_0_result.json", "other.json", "test_de_1_result.json"):
        write(f"odd [name]/{name}", "{}")
    folder = tmp_path / "odd [name]"
    found = language_files(f"{folder}/test_{{language}}_0_result.json", XGQA)
    assert found == {code: folder / f"test_{code}_0_result.json" for code in ("de", "en")}
    with pytest.raises(DataError, match="found unknown language 'de_0', expected one of en, de"):
        language_files(f"{folder}/test_{{language}}_result.json", XGQA)
    with pytest.raises(DataError, match="found no such file, expected one per language"):
        language_files(f"{folder}/dev_{{language}}.json", XGQA)


def test_a_language_that_the_task_does_not_have(write: Any) -> None:
    path = write("test_fr.json", gqa("fr"))
    with pytest.raises(DataError, match="found language 'fr', expected one of en, de"):
        read_gold(path.replace("_fr", "_{language}"), load_task("xgqa"))
