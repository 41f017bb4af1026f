"""NLVR, NLVR2 and MaRVL: sentences that are true or false of one picture or of two photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import ClassificationExample

Read = Callable[..., Any]
Write = Callable[..., Path]
TRUTH = ["false", "true"]
NLVR2 = {
    "validation": {"1": "True"},
    "identifier": "train-10171-0-1",
    "sentence": "An image shows one leather pencil case.",
    "label": "False",
    "left_url": "https://images/a.jpg",
}
MARVL = {
    "concept": "39-Panci",
    "language": "id",
    "caption": "Panci di salah satu foto.",
    "left_img": "39-0.jpg",
    "right_img": "39-11.jpg",
    "id": "id-0",
    "label": True,
}


@pytest.fixture
def truth(read: Read) -> Read:
    """Read a file of a classification format with the labels true and false."""
    return lambda name, path, **other: read("classification", name, path, labels=TRUTH, **other)


def test_nlvr_shows_the_first_permutation(write: Write, truth: Read) -> None:
    row = {"sentence": "There is a box.", "label": "true", "identifier": "1572-0", "directory": "2", "evals": {}}
    reading = truth("nlvr", write([row], "dev.jsonl"), images={"dev-1572-0-0"})
    assert reading.examples == [
        ClassificationExample("dev-1572-0", "en", "There is a box.", "true", images=("dev-1572-0-0",))
    ]


def test_the_pictures_of_nlvr_s_page_are_permutations_of_an_example(write: Write, truth: Read) -> None:
    path = write("52\ttrain-2321-0-4\tThere is 1 tower.\ttrue\n25\ttrain-463-0-4\tThere is 1 box.\tfalse\n", "t.tsv")
    examples = truth("nlvr_html", path, images={"train-2321-0-0", "train-463-0-0"}).examples
    assert [(one.id, one.images, one.label) for one in examples] == [
        ("train-2321-0", ("train-2321-0-0",), "true"),
        ("train-463-0", ("train-463-0-0",), "false"),
    ]


def test_nlvr2_shows_the_left_and_the_right_photograph(write: Write, truth: Read) -> None:
    images = ("train-10171-0-img0", "train-10171-0-img1")
    example = truth("nlvr2", write([NLVR2], "train.jsonl"), images=images).examples[0]
    assert (example.id, example.label, example.images) == ("train-10171-0-1", "false", images)
    assert example.text == NLVR2["sentence"]


def test_nlvr2_s_photographs_may_be_named_in_the_row(write: Write, truth: Read) -> None:
    row = {**NLVR2, "left_img": "b.png", "right_img": "a.png"}
    assert truth("nlvr2", write([row], "train.jsonl"), images="ab").examples[0].images == ("b", "a")


def test_a_missing_second_photograph_is_an_error(write: Write, truth: Read) -> None:
    with pytest.raises(DataError, match="row 1: found image 'train-10171-0-img1', expected one of the 1 images"):
        truth("nlvr2", write([NLVR2], "train.jsonl"), images={"train-10171-0-img0"})


def test_marvl_s_photographs_have_the_language_before_their_number(write: Write, truth: Read) -> None:
    """It numbers them anew in every language: 4,913 photographs share 1,548 names."""
    path, images = write([MARVL], "m.jsonl"), ("id-39-0", "id-39-11")
    example = truth("marvl", path, language="id", images=images).examples[0]
    assert example == ClassificationExample("id-0", "id", MARVL["caption"], "true", images=images)
    with pytest.raises(DataError, match="row 1: found image 'id-39-0', expected one of the 2 images"):
        truth("marvl", path, language="id", images={"39-0", "39-11"})


def test_other_names_of_photographs_stay(write: Write, truth: Read) -> None:
    row = {**MARVL, "left_img": "test-1-0-img0.png", "right_img": "test-1-0-img1.png"}
    example = truth("marvl", write([row], "m.jsonl"), language="id").examples[0]
    assert example.images == ("test-1-0-img0", "test-1-0-img1")


def test_english_rows_of_marvl_are_nlvr2_s(write: Write, truth: Read) -> None:
    example = truth("marvl", write([NLVR2], "marvl-en.jsonl")).examples[0]
    assert (example.id, example.images) == ("train-10171-0-1", ("train-10171-0-img0", "train-10171-0-img1"))


def test_a_marvl_row_in_another_language_is_an_error(write: Write, truth: Read) -> None:
    with pytest.raises(DataError, match="row 1: found language 'id', expected 'sw'"):
        truth("marvl", write([MARVL], "m.jsonl"), language="sw")


def test_without_features_there_is_only_the_sentence(write: Write, truth: Read) -> None:
    assert truth("nlvr2", write([NLVR2], "train.jsonl"), features=None, images=()).examples[0].images == ()


def test_a_label_that_is_neither_true_nor_false_is_an_error(write: Write, truth: Read) -> None:
    with pytest.raises(DataError, match="row 1: found label 'maybe', expected one of true, false"):
        truth("nlvr2", write([{**NLVR2, "label": "maybe"}], "train.jsonl"))
