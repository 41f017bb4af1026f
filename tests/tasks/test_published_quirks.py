"""Published files after public bug reports: read, left out and counted, or refused; never passed over in silence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.tasks import read_split
from xstilts.tasks.rows import BLANK_LINE
from xstilts.tasks.schema import EncodeSection, TaskSpec, check_section
from xstilts.tasks.source import PLACEHOLDER_REASON
from xstilts.tasks.tagging import DOCUMENT_LINE, NO_TAG, NO_WORDS

Read = Callable[..., Any]
Write = Callable[..., Path]
NLI = ["entailment", "neutral", "contradiction"]
PARAPHRASE = ["different", "paraphrase"]


def conllu(*words: tuple[str, str]) -> str:
    lines = [f"{place}\t{word}\t_\t{tag}" + "\t_" * 6 for place, (word, tag) in enumerate(words, start=1)]
    return "\n".join(lines) + "\n\n"


def test_sentences_without_words_or_tags_are_left_out_and_a_lone_underscore_stays(write: Write, read: Read) -> None:
    given = conllu(("_", "DET"), ("_", "NOUN")) + conllu(("a", "DET"), ("_", "NOUN")) + conllu(("a", "DET"), ("b", "_"))
    reading = read("tagging", "conllu", write(given, "fr.conllu"), labels=["DET", "NOUN"])
    assert [(one.id, one.words) for one in reading.examples] == [("dev-2", ("a", "_"))]
    assert reading.skipped == {NO_WORDS: 1, NO_TAG: 1}


def test_a_language_whose_rows_are_all_left_out_is_refused(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match=r"1 left out: sentence whose words .* take the language out"):
        read("tagging", "conllu", write(conllu(("_", "DET")), "fr.conllu"), labels=["DET"])


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("classification", "pawsx", "A .\tB .\t0\nNS\tB .\t0\nA .\t NS \t1\n"),
        ("classification", "pairs", "A .\tB .\tneutral\nNS\tB .\tneutral\nA .\tNS\tneutral\n"),
        ("mlm", "lines", "A .\nNS\nNS\n"),
    ],
)
def test_placeholders_are_left_out_of_every_format(kind: str, name: str, text: str, write: Write, read: Read) -> None:
    reading = read(kind, name, write(text, "x.tsv"), labels=NLI if name == "pairs" else PARAPHRASE)
    assert (len(reading.examples), reading.skipped) == (1, {PLACEHOLDER_REASON: 2})


def test_xnli_s_translated_training_data_in_both_layouts(write: Write, read: Read) -> None:
    own = write("premise\thypo\tlabel\nA .\tB .\tcontradictory\nC .\tD .\tneutral\n", "own.tsv")
    assert [one.label for one in read("classification", "pairs", own, labels=NLI).examples] == [
        "contradiction",
        "neutral",
    ]
    xtreme = write("A .\tB .\tneutral\tE .\tF .\n", "xtreme.tsv")
    (example,) = read("classification", "pairs", xtreme, labels=NLI).examples
    assert (example.text, example.second, example.label) == ("A .", "B .", "neutral")
    pawsx = write("A .\tB .\t1\tE .\tF .\n", "pawsx.tsv")
    assert read("classification", "pawsx", pawsx, labels=PARAPHRASE).examples[0].second == "B ."


def test_a_few_shot_photograph_of_marvl_has_its_language_in_its_id(write: Write, read: Read) -> None:
    row = {"id": "tr-0", "caption": "x", "label": True, "left_img": "52-x/52-n-2.jpg", "right_img": "52-x/52-4.jpg"}
    path = write([row], "few-tr.jsonl")
    (example,) = read("classification", "marvl", path, language="tr", labels=["false", "true"]).examples
    assert example.images == ("tr-52-n-2", "tr-52-4")


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("classification", "pairs", "A .\tB .\tneutral\n"),
        ("classification", "nli", '{"pairID": 1, "gold_label": "neutral", "sentence1": "A .", "sentence2": "B ."}\n'),
        ("classification", "xnli", "language\tgold_label\tpairID\tsentence1\tsentence2\nen\tneutral\t1\tA .\tB .\n"),
        ("tagging", "columns", "en:a\tO\nen:b\tO\n"),
        ("tagging", "conllu", conllu(("a", "O"))),
        ("mlm", "lines", "A .\n"),
        ("choice", "cosmosqa", "id,context,question,answer0,answer1,answer2,answer3,label\n1,A .,B ?,a,b,c,d,1\n"),
        ("vqa", "gqa", '{"1": {"question": "A ?", "imageId": "b", "answer": "c"}}'),
    ],
)
def test_one_byte_order_mark_is_stripped(kind: str, name: str, content: str, write: Write, read: Read) -> None:
    labels = NLI if kind == "classification" else []
    features = "set" if kind == "vqa" else None
    marked = read(kind, name, write("\ufeff" + content, "x"), labels=labels, features=features).examples
    assert marked == read(kind, name, write(content, "x"), labels=labels, features=features).examples
    assert "\ufeff" not in str(marked)


def test_utf_16_is_named(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("A .\tB .\tneutral\n", encoding="utf-16")
    with pytest.raises(DataError, match="found UTF-16, expected UTF-8; save the file as UTF-8"):
        read("classification", "pairs", path, labels=NLI)


def test_a_line_without_the_prefix_that_the_others_have_is_named(write: Write, read: Read) -> None:
    path = write("zh:a\tO\nzh:b\tO\n\nzh-min-nan:x\tO\n", "zh.tsv")
    with pytest.raises(DataError, match="row 4: found token 'zh-min-nan:x', expected 'zh:' before every token"):
        read("tagging", "columns", path, language="zh")


def test_columns_between_spaces(write: Write, read: Read) -> None:
    conll = write("-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n", "train.txt")
    reading = read("tagging", "columns", conll, metric="f1")
    assert [(one.words, one.tags) for one in reading.examples] == [(("EU", "rejects"), ("B-ORG", "O"))]
    assert reading.skipped == {DOCUMENT_LINE: 1}
    masakhaner = write("Emir B-PER\nof I-PER\n\nA O\n", "yo.txt")
    assert [one.words for one in read("tagging", "columns", masakhaner).examples] == [("Emir", "of"), ("A",)]
    with pytest.raises(
        DataError, match="row 2: found 'b c O', expected a token and a tag, in as many columns as above"
    ):
        read("tagging", "columns", write("a O\nb c O\n", "x.txt"))


def squad(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"paragraphs": [{"context": "A cat .", "qas": list(questions)}]}]}


GOOD = {"id": "1", "question": "Who ?", "answers": [{"answer_start": 2, "text": "cat"}]}
BAD = [{**GOOD, "id": "2", "answers": []}, {**GOOD, "id": "3", "answers": [{"answer_start": 1, "text": "cat"}]}]


def test_bad_rows_of_train_are_skipped_where_the_task_says_so_and_counted_by_reason(write: Write, read: Read) -> None:
    path = write(squad(GOOD, *BAD, {**GOOD, "id": "1"}))
    reading = read("span", "squad", path, split="train", bad_rows="skip")
    assert [one.id for one in reading.examples] == ["1"]
    reasons = ("at least one answer", "the answer itself there", "ids used once")
    assert reading.skipped == {f"bad row, expected {reason}": 1 for reason in reasons}
    for split, rule in (("train", "error"), ("dev", "skip"), ("test", "skip")):
        with pytest.raises(DataError, match="row 2: found no answers") as error:
            read("span", "squad", path, split=split, bad_rows=rule)
        assert ("set encode.bad_rows: skip" in str(error.value)) == (split == "train")


@pytest.mark.parametrize("tag", ["ORGANIZATION", "B_PER", "L-PER", "U-PER", "B-"])
def test_f1_refuses_tags_whose_type_it_would_not_find(tag: str, write: Write, read: Read) -> None:
    path = write(f"a\t{tag}\n", "x.tsv")
    with pytest.raises(DataError, match="for the metric f1; write the tags so, or choose"):
        read("tagging", "columns", path, metric="f1")
    assert read("tagging", "columns", path, metric="accuracy").examples
    files: dict[str, str | list[str]] = {"train": "a", "dev": "b"}
    with pytest.raises(ParameterError, match=f"labels has '{tag}', expected O, or B-"):
        check_section(EncodeSection(["en"], "f1", files, labels=["O", tag]), "tagging", "here")


def test_json_lines_refuse_a_key_twice_and_count_blank_lines(write: Write, read: Read) -> None:
    row = '{"id": "1", "text": "A ."}'
    with pytest.raises(DataError, match="row 1: found key 'text' twice, expected keys used once"):
        read("mlm", "rows", write(row.replace("}", ', "text": "B ."}'), "x"))
    reading = read("mlm", "rows", write(f"\n{row}\n \n{row.replace('1', '2')}\n\n", "x"))
    assert (len(reading.examples), reading.skipped) == (2, {BLANK_LINE: 2})


@pytest.mark.parametrize("code", ["EN", " en", "eng"])
def test_a_language_that_is_no_code_is_refused_not_passed_over(code: str, write: Write, read: Read) -> None:
    rows = f"en\tneutral\t1\tA .\tB .\n{code}\tneutral\t2\tA .\tB .\n"
    path = write("language\tgold_label\tpairID\tsentence1\tsentence2\n" + rows, "xnli.tsv")
    with pytest.raises(DataError, match=f"row 3: found language '{code}', expected a code in small letters"):
        read("classification", "xnli", path, labels=NLI)
    captions = {"image": "a.jpg", "split": "dev", "captions": {"en": [["x", "A ."]], code: [["x", "B ."]]}}
    with pytest.raises(DataError, match=f"found language '{code}'"):
        read("matching", "flickr8k", write([captions], "x.jsonl"))


def test_a_backslash_in_an_image_s_name_is_explained(write: Write, read: Read) -> None:
    path = write([{"sentences": ["A dog ."], "id": "1", "img_path": "images\\1000.jpg"}], "x.jsonl")
    with pytest.raises(DataError, match="write the path with / in place of"):
        read("matching", "xflickrco", path, images={"1000"})


def copa(question: str, label: int, idx: int) -> str:
    row = {"premise": "A .", "question": question, "choice1": "b", "choice2": "c", "label": label, "idx": idx}
    return json.dumps(row) + "\n"


def test_the_languages_of_a_parallel_test_set_are_compared(write: Write, tmp_path: Path) -> None:
    write(copa("cause", 0, 0) + copa("effect", 1, 1) + copa("cause", 1, 2), "test-en.jsonl")
    write(copa("effect", 0, 0) + copa("effect", 0, 1) + copa("effect", 1, 3), "test-th.jsonl")
    files: dict[str, str | list[str]] = {"test": "test-{language}.jsonl"}
    task = TaskSpec("xcopa", "choice", EncodeSection(["en", "th"], "accuracy", files, format="copa"))
    reading = read_split(task, "test", tmp_path)
    assert len(reading.examples) == 6
    assert reading.notes == {
        "th: not in en": 1,
        "en: not in th": 1,
        "th: another question than en": 1,
        "th: another gold label than en": 1,
    }


def test_line_numbers_of_sentences_are_no_ids_to_compare_by(write: Write, tmp_path: Path) -> None:
    write("a\tO\n\nb\tO\n", "test-en.tsv")
    write("c\tO\n", "test-de.tsv")
    files: dict[str, str | list[str]] = {"test": "test-{language}.tsv"}
    task = TaskSpec("panx", "tagging", EncodeSection(["en", "de"], "f1", files))
    assert read_split(task, "test", tmp_path).notes == {}
    assert Counter(one.language for one in read_split(task, "test", tmp_path).examples) == {"en": 2, "de": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"id": "1", "text": "\\ud800"}', "half of a surrogate pair"),
        ('{"id": "1", "text": ' + "[" * 100_000 + "]" * 100_000 + "}", "JSON that is nested too deeply"),
        ('{"id": ' + "9" * 5000 + ', "text": "a"}', "a number of more than 4,300 digits"),
        ('{"id": ' + "9" * 100 + ', "text": "a"}', "id 999"),
    ],
)
def test_json_that_python_cannot_hold_is_a_sentence(text: str, found: str, write: Write, read: Read) -> None:
    with pytest.raises(DataError, match=f"row 1: found {found}") as error:
        read("mlm", "rows", write(text, "x.jsonl"))
    assert len(str(error.value)) < 1000
