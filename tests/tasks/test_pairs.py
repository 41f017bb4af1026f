"""XNLI, SICK, RTE, QQP and PAWS-X: pairs of texts in tab-separated files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.classification import BROKEN_LINE, NO_QUESTION
from xstilts.tasks.examples import ClassificationExample

Read = Callable[..., Any]
Write = Callable[..., Path]
NLI = ["entailment", "neutral", "contradiction"]
LABELS = {
    "pairs": NLI,
    "xnli": NLI,
    "sick": NLI,
    "rte": ["entailment", "not_entailment"],
    "qqp": ["not_duplicate", "duplicate"],
    "pawsx": ["different", "paraphrase"],
}
SICK = """pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\tSemEval_set
1\tA dog runs.\tA dog is running.\tENTAILMENT\t4.5\tTRAIN
2\tA dog runs.\tA cat runs.\tNEUTRAL\t2\tTRIAL
3\tA dog runs.\tNo dog runs.\tCONTRADICTION\t4\tTEST
"""
XNLI = """language\tgold_label\tsentence1\tsentence2\tpromptID\tpairID
ar\tneutral\tأ\tب\t1\t1
en\tneutral\tShe said "well.\tB\t1\t1
en\tcontradiction\tA\tC\t1\t2
"""
QQP = """id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate
133273\t213221\t213222\tWhat is "it?\tWhat is that?\t0
402555\t536040\t536041\tWhy?\tHow come?\t1
7\t1\t2\t\tHow?\t0
105780\t174363\t174364\tWhat is
a line?\tWhat is a break?\t0
"""


@pytest.fixture
def pairs(read: Read) -> Read:
    """Read a file in a format with its own labels."""
    return lambda name, path, **other: read("classification", name, path, labels=LABELS[name], features=None, **other)


def test_xtreme_s_xnli_is_named_by_its_lines(write: Write, pairs: Read) -> None:
    path = write('Er sagt "ja.\tEr sagt nein.\tcontradiction\r\nA\tB\tneutral\r\n', "test-de.tsv")
    assert pairs("pairs", path, language="de", split="test").examples == [
        ClassificationExample("test-1", "de", 'Er sagt "ja.', "contradiction", second="Er sagt nein."),
        ClassificationExample("test-2", "de", "A", "neutral", second="B"),
    ]


def test_xnli_1_0_holds_every_language(write: Write, pairs: Read) -> None:
    path = write(XNLI, "xnli.test.tsv")
    assert [(one.id, one.text) for one in pairs("xnli", path).examples] == [("1", 'She said "well.'), ("2", "A")]
    assert [one.id for one in pairs("xnli", path, language="ar").examples] == ["1"]
    with pytest.raises(DataError, match="found no row of the split 'dev' in 'sw'"):
        pairs("xnli", path, language="sw")


@pytest.mark.parametrize(
    ("split", "identifier", "label"), [("train", "1", NLI[0]), ("dev", "2", NLI[1]), ("test", "3", NLI[2])]
)
def test_sick_says_which_split_a_row_is_in(split: str, identifier: str, label: str, write: Write, pairs: Read) -> None:
    examples = pairs("sick", write(SICK, "SICK.txt"), split=split).examples
    assert [(one.id, one.label) for one in examples] == [(identifier, label)]


def test_an_unknown_split_is_an_error(write: Write, pairs: Read) -> None:
    with pytest.raises(DataError, match="row 4: found SemEval_set 'TESTING', expected one of TRAIN, TRIAL, TEST"):
        pairs("sick", write(SICK.replace("TEST\n", "TESTING\n"), "SICK.txt"))


def test_rte_s_index_is_its_own_in_every_split(write: Write, pairs: Read) -> None:
    path = write("index\tsentence1\tsentence2\tlabel\n0\tA\tB\tnot_entailment\n", "dev.tsv")
    assert [(one.id, one.label) for one in pairs("rte", path).examples] == [("dev-0", "not_entailment")]
    assert [one.id for one in pairs("rte", path, split="train", number=2).examples] == ["train2-0"]


def test_qqp_s_broken_lines_and_empty_questions_are_counted(write: Write, pairs: Read) -> None:
    reading = pairs("qqp", write(QQP, "train.tsv"))
    assert [(one.id, one.label) for one in reading.examples] == [("133273", "not_duplicate"), ("402555", "duplicate")]
    assert reading.examples[0].text == 'What is "it?'
    assert reading.skipped == {NO_QUESTION: 1, BROKEN_LINE: 2}


def test_another_header_of_qqp_is_an_error(write: Write, pairs: Read) -> None:
    with pytest.raises(DataError, match=r"row 1: found the header \['id'"):
        pairs("qqp", write(QQP.replace("is_duplicate", "label"), "train.tsv"))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("id\tsentence1\tsentence2\tlabel\n7\tA\tB\t1\n8\tA\tC\t0\n", ["dev-7", "dev-8"]),
        ("A\tB\t1\r\nA\tC\t0\r\n", ["dev-1", "dev-2"]),
    ],
    ids=["official", "xtreme"],
)
def test_pawsx_is_read_with_and_without_header(text: str, ids: list[str], write: Write, pairs: Read) -> None:
    examples = pairs("pawsx", write(text, "dev.tsv")).examples
    assert [(one.id, one.label) for one in examples] == list(zip(ids, ["paraphrase", "different"], strict=True))


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("pairs", "A\tB\n", "row 1: found 2 columns, expected 3: premise, hypothesis, label"),
        ("pairs", "A\tB\tneutrall\n", "row 1: found label 'neutrall'"),
        ("pairs", "A\t \tneutral\n", "row 1: found an empty hypothesis"),
        ("pairs", "", "found an empty file"),
        ("pawsx", "A\tB\t2\n", "row 1: found label '2', expected one of 0, 1"),
        (
            "rte",
            "index\tsentence1\tsentence2\tlabel\n0\tA\tB\tentailment\n0\tA\tC\tentailment\n",
            "row 3: found id 'dev-0' again",
        ),
        ("xnli", XNLI.replace("pairID", "pair"), "found no pairID"),
    ],
)
def test_a_bad_file_is_one_error_that_names_the_row(
    name: str, text: str, complaint: str, write: Write, pairs: Read
) -> None:
    with pytest.raises(DataError) as error:
        pairs(name, write(text, "file.tsv"))
    assert complaint in str(error.value)
