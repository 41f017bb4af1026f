"""A split in all its languages: which files it is made of, and what they must agree on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.base.kinds import KINDS
from xstilts.tasks import READERS, SplitFile, read_split, split_files, with_raw_languages
from xstilts.tasks.formats import FORMATS
from xstilts.tasks.schema import EncodeSection, TaskSpec

Write = Callable[..., Path]
FILES: dict[str, str | list[str]] = {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"}
XGQA = TaskSpec("xgqa", "vqa", EncodeSection(["en", "de"], "accuracy", FILES, features="xgqa"))


def task(kind: str, files: dict[str, Any], languages: list[str], **other: Any) -> TaskSpec:
    return TaskSpec("sample", kind, EncodeSection(languages, KINDS[kind].metrics[0], files, **other))


def question(text: str, answer: str = "yes") -> dict[str, Any]:
    return {"question": text, "imageId": "n1", "answer": answer}


def test_every_format_of_every_kind_has_a_reader() -> None:
    assert READERS.keys() == KINDS.keys() == FORMATS.keys()
    assert all(list(READERS[kind]) == list(FORMATS[kind]) for kind in FORMATS)
    assert all("rows" in formats for formats in FORMATS.values())


def test_languages_follow_each_other(write: Write, tmp_path: Path) -> None:
    write({"1": question("Is it?"), "2": question("Is she?")}, "test/en.json")
    write({"1": question("Ist es?"), "2": question("Ist sie?")}, "test/de.json")
    examples = read_split(XGQA, "test", tmp_path, {"n1"}).examples
    assert [(one.id, one.language) for one in examples] == [("1", "en"), ("2", "en"), ("1", "de"), ("2", "de")]


def test_a_file_without_language_in_its_name_is_in_the_first(write: Write, tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "train/en.json")
    assert [one.language for one in read_split(XGQA, "train", tmp_path).examples] == ["en"]


def test_only_training_and_test_are_read_in_other_languages(tmp_path: Path) -> None:
    files = {split: f"{split}/{{language}}_{{shots}}.json" for split in ("train", "dev", "test")}
    spec = task("vqa", files, ["en", "de", "pt"], train_languages=["de", "pt"], shots=5)
    read = {
        split: [one.path.relative_to(tmp_path).as_posix() for one in split_files(spec, split, tmp_path)]
        for split in files
    }
    assert read == {
        "train": ["train/de_5.json", "train/pt_5.json"],
        "dev": ["dev/en_5.json"],
        "test": ["test/en_5.json", "test/de_5.json", "test/pt_5.json"],
    }


def test_a_file_may_be_in_another_format_than_the_task_s(tmp_path: Path) -> None:
    files = {"train": ["a.jsonl", "anli:R1/a.jsonl"], "dev": "pairs:dev-{language}.tsv"}
    spec = task("classification", files, ["en", "de"])
    assert split_files(spec, "train", tmp_path) == [
        SplitFile("en", "nli", tmp_path / "a.jsonl"),
        SplitFile("en", "anli", tmp_path / "R1/a.jsonl"),
    ]
    assert split_files(spec, "dev", tmp_path) == [SplitFile("en", "pairs", tmp_path / "dev-en.tsv")]


def test_a_file_that_holds_all_languages_is_read_in_each(tmp_path: Path) -> None:
    spec = task("vqa", {"test": "havqa:pairs.jsonl"}, ["en", "ha"])
    assert [(one.language, one.path.name) for one in split_files(spec, "test", tmp_path)] == [
        ("en", "pairs.jsonl"),
        ("ha", "pairs.jsonl"),
    ]


def test_three_letters_name_tatoeba_s_files(write: Write, tmp_path: Path) -> None:
    for name, text in {
        "t.deu-eng.deu": "Ja.",
        "t.deu-eng.eng": "Yes.",
        "t.pes-eng.pes": "بله",
        "t.pes-eng.eng": "Yes.",
    }.items():
        write(text, name)
    files = {"test": ["t.{language3}-eng.{language3}", "t.{language3}-eng.eng"]}
    examples = read_split(task("retrieval", files, ["de", "fa"]), "test", tmp_path).examples
    assert [(one.language, one.id) for one in examples] == [
        ("de", "de-en-1"),
        ("de", "de-1"),
        ("fa", "fa-en-1"),
        ("fa", "fa-1"),
    ]


def test_the_manifest_s_format_goes_before_the_task_s(write: Write, tmp_path: Path) -> None:
    write([{"id": "1", "text": "a", "second": "b", "label": "yes"}], "train.jsonl")
    write({"files": {"train.jsonl": {"format": "rows"}, "dev.jsonl": {"format": "cvs"}}}, "manifest.json")
    files = {"train": "train.jsonl", "dev": "dev.jsonl"}
    spec = task("classification", files, ["en"], labels=["no", "yes"])
    assert [one.label for one in read_split(spec, "train", tmp_path).examples] == ["yes"]
    with pytest.raises(DataError, match=r"manifest\.json, row dev\.jsonl: found format 'cvs', expected one of nli"):
        read_split(spec, "dev", tmp_path)


def test_the_manifest_says_which_languages_a_raw_set_has(write: Write, tmp_path: Path) -> None:
    assert with_raw_languages(XGQA, tmp_path) is XGQA
    write({"files": {}, "languages": ["en", "ko"]}, "manifest.json")
    section = with_raw_languages(XGQA, tmp_path).encode
    assert (section.languages, XGQA.encode.languages) == (["en", "ko"], ["en", "de"])
    spoken = task("mlm", {"train": "{language}.txt"}, ["en", "de", "ko"], train_languages=["en", "de", "ko"])
    assert with_raw_languages(spoken, tmp_path).encode.train_languages == ["en", "ko"]


@pytest.mark.parametrize("languages", [[], ["en", "xx"], ["en", "en"], "en", ["de", "en"], ["de"]])
def test_a_manifest_without_english_or_with_unknown_languages_is_an_error(
    languages: Any, write: Write, tmp_path: Path
) -> None:
    write({"files": {}, "languages": languages}, "manifest.json")
    with pytest.raises(DataError, match=r"manifest\.json, row languages: found"):
        with_raw_languages(XGQA, tmp_path)


def test_a_missing_language_is_an_error(write: Write, tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "test/en.json")
    with pytest.raises(DataError, match=r"test/de\.json: found no such file"):
        read_split(XGQA, "test", tmp_path)


def test_an_unlisted_language_is_an_error(write: Write, tmp_path: Path) -> None:
    for language in ("en", "de", "xx"):
        write({"1": question("?")}, f"test/{language}.json")
    with pytest.raises(DataError, match=r"test/xx\.json: found language 'xx', expected one of en, de; "):
        split_files(XGQA, "test", tmp_path)


def test_a_language_twice_in_a_name_is_the_same(write: Write, tmp_path: Path) -> None:
    spec = task("span", {"test": "context-{language}-question-{language}.json"}, ["en"])
    write("{}", "context-en-question-de.json")
    assert [one.path.name for one in split_files(spec, "test", tmp_path)] == ["context-en-question-en.json"]
    write("{}", "context-de-question-de.json")
    with pytest.raises(DataError, match="found language 'de'"):
        split_files(spec, "test", tmp_path)


def test_languages_with_different_answers_are_an_error(write: Write, tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "test/en.json")
    write({"1": question("Ist es?", "ja")}, "test/de.json")
    with pytest.raises(DataError, match=r"test/de\.json, row 1: found answer 'ja', expected 'yes'"):
        read_split(XGQA, "test", tmp_path)


def test_rows_of_several_files_have_ids_of_their_own(write: Write, tmp_path: Path) -> None:
    for name in ("a.tsv", "b.tsv"):
        write("premise\thypothesis\tneutral\n", name)
    spec = task("classification", {"train": ["a.tsv", "b.tsv"]}, ["en"], format="pairs", labels=["neutral", "other"])
    assert [one.id for one in read_split(spec, "train", tmp_path).examples] == ["train1-1", "train2-1"]


def test_an_id_in_two_files_is_an_error(write: Write, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write({"7": question("Is it?")}, name)
    spec = task("vqa", {"train": ["a.json", "b.json"]}, ["en"], features="xgqa")
    with pytest.raises(
        DataError, match=r"b\.json, row 7: found an id that is also in .*a\.json, expected ids used once"
    ):
        read_split(spec, "train", tmp_path)


def test_what_is_left_out_is_added_up(write: Write, tmp_path: Path) -> None:
    row = {"gold_label": "-", "sentence1": "a", "sentence2": "b", "pairID": "1"}
    for name in ("a.jsonl", "b.jsonl"):
        write([row, {**row, "gold_label": "neutral", "pairID": name}], name)
    spec = task("classification", {"train": ["a.jsonl", "b.jsonl"]}, ["en"], labels=["neutral", "other"])
    reading = read_split(spec, "train", tmp_path)
    assert ([one.id for one in reading.examples], list(reading.skipped.values())) == (["a.jsonl", "b.jsonl"], [2])


def test_a_question_of_lareqa_is_answered_in_every_language(write: Write, tmp_path: Path) -> None:
    for language, context in (("en", "Yes it is."), ("de", "Ja so ist es.")):
        asked = {"id": "q", "question": "?", "answers": [{"answer_start": 0, "text": context[:2]}]}
        paragraph = {"context": context, "sentence_breaks": [[0, len(context)]], "qas": [asked]}
        write({"data": [{"paragraphs": [paragraph]}]}, f"{language}.json")
    write({"files": {}}, "manifest.json")  # of the raw set, not of a language called `manifest`
    spec = task("retrieval", {"test": "{language}.json"}, ["en", "de"], format="lareqa")
    examples = read_split(spec, "test", tmp_path).examples
    assert [one.gold for one in examples if one.side == "query"] == [("en-1-1", "de-1-1")] * 2


def test_a_candidate_may_be_in_another_language_s_file_but_must_be_there(write: Write, tmp_path: Path) -> None:
    spec = task("retrieval", {"test": "{language}.jsonl"}, ["en", "de"], format="rows")
    query = {"id": "q", "text": "a", "side": "query", "gold": ["c"]}
    write([query], "en.jsonl")
    write([{"id": "c", "text": "b", "side": "candidate"}], "de.jsonl")
    assert [one.id for one in read_split(spec, "test", tmp_path).examples] == ["q", "c"]
    write([{"id": "d", "text": "b", "side": "candidate"}], "de.jsonl")
    with pytest.raises(DataError, match="row q: found gold 'c', expected the id of a candidate"):
        read_split(spec, "test", tmp_path)


def test_a_carriage_return_within_a_text_does_not_end_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"one\rtwo\tB\tneutral\r\n")
    spec = task("classification", {"train": "pairs:a.tsv"}, ["en"], labels=["neutral", "other"])
    assert [one.text for one in read_split(spec, "train", tmp_path).examples] == ["one\rtwo"]
