"""Sentences with one tag per word: PAN-X and UDPOS, CoNLL-U, supertags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import TaggingExample
from xstilts.tasks.tagging import OTHER_TAG, tags_of

Read = Callable[..., Any]
Write = Callable[..., Path]
COLUMNS = "Sioux\tB-ORG\nFalls\tI-ORG\n\n#\tO\n\n"
CONLLU = """# sent_id = 1
# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
3\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\t_
3.1\tvisto\tver\tVERB\t_\t_\t_\t_\t_\t_

1\tSí\tsí\tINTJ\t_\t_\t0\troot\t_\t_
"""


def test_a_sentence_ends_at_a_blank_line(write: Write, read: Read) -> None:
    examples = read("tagging", "columns", write(COLUMNS, "test-en.tsv"), split="test").examples
    assert examples == [
        TaggingExample("test-1", "en", ("Sioux", "Falls"), ("B-ORG", "I-ORG")),
        TaggingExample("test-2", "en", ("#",), ("O",)),
    ]
    assert (
        read("tagging", "columns", write(COLUMNS.rstrip("\n").replace("\n", "\r\n"), "f"), split="test").examples
        == examples
    )


def test_wikiann_s_prefix_is_taken_off_where_all_tokens_have_it(write: Write, read: Read) -> None:
    path = write("en:Sioux\tB-ORG\nen::\tO\n", "dev.tsv")
    assert read("tagging", "columns", path).examples[0].words == ("Sioux", ":")
    path = write("en:Sioux\tB-ORG\nFalls\tI-ORG\n", "dev.tsv")
    assert read("tagging", "columns", path).examples[0].words == ("en:Sioux", "Falls")


def test_conllu_s_words_are_the_parts_of_split_ones(write: Write, read: Read) -> None:
    examples = read("tagging", "conllu", write(CONLLU, "es.conllu"), language="es").examples
    assert [one.words for one in examples] == [("vamos", "nos", "mar"), ("Sí",)]
    assert [one.tags for one in examples] == [("VERB", "PRON", "NOUN"), ("INTJ",)]


def test_supertags_follow_the_last_bar(write: Write, read: Read) -> None:
    path = write("Vinken|NNP|N ,|,|, joins|VBZ|(S[dcl]\\NP)/NP\n|||:|:\n", "train.stagged")
    examples = read("tagging", "stagged", path, split="train").examples
    assert examples[0] == TaggingExample("train-1", "en", ("Vinken", ",", "joins"), ("N", ",", "(S[dcl]\\NP)/NP"))
    assert (examples[1].words, examples[1].tags) == (("||",), (":",))


def test_the_tags_of_training_come_by_frequency_and_leave_room_for_others() -> None:
    training = [TaggingExample("1", "en", ("a", "b", "c"), ("N", "V", "N")), TaggingExample("2", "en", ("d",), ("A",))]
    assert tags_of(training) == ["N", "A", "V", OTHER_TAG]


def test_rows_have_one_tag_per_word(write: Write, read: Read) -> None:
    row = {"id": "1", "words": ["a", "b"], "tags": ["O", "B"], "language": "de"}
    path = write([row], "rows.jsonl")
    assert read("tagging", "rows", path, language="de").examples == [TaggingExample("1", "de", ("a", "b"), ("O", "B"))]
    with pytest.raises(DataError, match="row 1: found 2 words and 1 tags, expected one tag per word"):
        read("tagging", "rows", write([{**row, "tags": ["O"]}], "rows.jsonl"), language="de")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("columns", "Sioux\tB-ORG\nFalls I-ORG\n", "row 2: found 'Falls I-ORG', expected a token, a tab and a tag"),
        ("columns", "Sioux\tB-ORG\tx\n", "row 1: found 'Sioux"),
        ("columns", "Sioux\tB-ORGG\n", "row 1: found tag 'B-ORGG', expected a tag of the task"),
        ("columns", "Sioux\tB-ORG\n \tO\n", "row 2: found token ' ' with tag 'O'"),
        ("columns", "", "found an empty file"),
        ("conllu", "1\tSí\tsí\tINTJ\n", "row 1: found 4 columns, expected CoNLL-U's ten"),
        ("stagged", "Vinken|N joins|VBZ|O\n", "row 1: found 'Vinken|N', expected word|POS|supertag"),
        ("stagged", "a|b|O\n\na|b|O\n", "row 2: found a blank line"),
    ],
)
def test_a_bad_line_is_one_error_that_names_it(name: str, text: str, complaint: str, write: Write, read: Read) -> None:
    with pytest.raises(DataError) as error:
        read("tagging", name, write(text, "file.tsv"), labels=["O", "B-ORG", "I-ORG"])
    assert complaint in str(error.value)
