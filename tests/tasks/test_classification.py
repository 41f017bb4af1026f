"""NLI in JSON lines, of texts and of texts about an image: what is read, what is left out, and what is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.classification import NO_CONSENSUS_REASON
from xstilts.tasks.examples import ClassificationExample

LABELS = ["entailment", "neutral", "contradiction"]
MNLI = [
    {"gold_label": "neutral", "sentence1": "A cat sleeps.", "sentence2": "A cat dreams.", "pairID": "1n"},
    {"gold_label": "-", "sentence1": "A cat sleeps.", "sentence2": "It is late.", "pairID": "1x"},
    {"gold_label": "entailment", "sentence1": "A cat sleeps.", "sentence2": "A cat rests.", "pairID": "1e"},
]
SNLI_VE = [
    {
        "Flickr30K_ID": "4705552913",
        "captionID": "4705552913.jpg#2",
        "gold_label": "neutral",
        "pairID": "4705552913.jpg#2r1n",
        "sentence1": "Two women are embracing.",
        "sentence2": "The people are friends.",
    },
]
Read = Callable[..., Any]
Write = Callable[..., Path]


@pytest.fixture
def nli(read: Read) -> Read:
    """Read a file in the format `nli`, without images unless `features` says so."""
    return lambda path, **other: read("classification", "nli", path, labels=LABELS, **{"features": None, **other})


def test_official_pairs_are_read_and_rows_without_consensus_counted(write: Write, nli: Read) -> None:
    reading = nli(write(MNLI, "dev.jsonl"))
    assert reading.examples == [
        ClassificationExample("1n", "en", "A cat sleeps.", "neutral", second="A cat dreams."),
        ClassificationExample("1e", "en", "A cat sleeps.", "entailment", second="A cat rests."),
    ]
    assert reading.skipped == {NO_CONSENSUS_REASON: 1}


def test_official_hypotheses_on_images_are_read(write: Write, nli: Read) -> None:
    reading = nli(write(SNLI_VE, "dev.jsonl"), features="gqa", images={"4705552913"})
    text = "The people are friends."
    expected = ClassificationExample("4705552913.jpg#2r1n", "en", text, "neutral", images=("4705552913",))
    assert reading.examples == [expected]
    assert not reading.skipped


def test_xvnli_has_its_own_key_for_the_image(write: Write, read: Read) -> None:
    row = {**SNLI_VE[0], "Flikr30kID": "4705552913", "Flickr30K_ID": "another"}
    path = write([row, {**row, "gold_label": "-", "pairID": "x"}], "test.jsonl")
    reading = read("classification", "xvnli", path, labels=LABELS, images={"4705552913"}, language="ar")
    assert [(one.language, one.images) for one in reading.examples] == [("ar", ("4705552913",))]
    assert reading.skipped == {NO_CONSENSUS_REASON: 1}


def test_a_number_is_an_id(write: Write, nli: Read) -> None:
    path = write([{**SNLI_VE[0], "Flickr30K_ID": 4705552913, "pairID": 7}], "dev.jsonl")
    example = nli(path, features="gqa", images={"4705552913"}).examples[0]
    assert (example.id, example.images) == ("7", ("4705552913",))


def test_the_letters_of_anli_are_the_classes(write: Write, read: Read) -> None:
    rows = [
        {"uid": f"u{letter}", "context": "A.", "hypothesis": f"B {letter}.", "label": letter, "reason": ""}
        for letter in "enc"
    ]
    examples = read("classification", "anli", write(rows, "dev.jsonl"), labels=LABELS, features=None).examples
    assert [one.label for one in examples] == LABELS
    assert examples[0] == ClassificationExample("ue", "en", "A.", "entailment", second="B e.")
    with pytest.raises(DataError, match="row 1: found label 'x', expected one of e, n, c"):
        read("classification", "anli", write([{**rows[0], "label": "x"}], "dev.jsonl"), labels=LABELS)


def test_rows_have_one_or_two_texts_and_up_to_two_images(write: Write, read: Read) -> None:
    rows = [
        {"id": "1", "text": "a", "label": "yes", "image": "1.jpg", "second_image": "2.jpg"},
        {"id": "2", "text": "a", "second": "b", "label": "no", "image": "1"},
    ]
    examples = read("classification", "rows", write(rows, "rows.jsonl"), labels=["no", "yes"], images="12").examples
    assert examples == [
        ClassificationExample("1", "en", "a", "yes", images=("1", "2")),
        ClassificationExample("2", "en", "a", "no", second="b", images=("1",)),
    ]


def with_second(**fields: Any) -> list[dict[str, Any]]:
    """The pairs with fields of the second row changed; None takes the field away."""
    second = {**MNLI[1], "gold_label": "neutral", **fields}
    return [MNLI[0], {key: value for key, value in second.items() if value is not None}, MNLI[2]]


BAD = {
    "empty file": ("\n", None, "an empty file"),
    "half a row": ('{"gold_label": "-"}\n{"pairID": \n', 2, "broken JSON"),
    "a row that is not an object": ("[1, 2]\n", 1, "a list"),
    "unknown label": (with_second(gold_label="neutrall"), 2, "label 'neutrall'"),
    "no label": (with_second(gold_label=None), 2, "no gold_label"),
    "empty label": (with_second(gold_label=""), 2, "an empty gold_label"),
    "no premise": (with_second(sentence1=None), 2, "no sentence1"),
    "empty hypothesis": (with_second(sentence2=" "), 2, "an empty sentence2"),
    "an id twice": (with_second(pairID="1n"), 2, "id '1n' again (first in row 1)"),
    "no id": (with_second(pairID=None), 2, "no pairID"),
    "another language": (with_second(language="ru"), 2, "language 'ru'"),
    "nothing but '-'": ([MNLI[1]], None, "no row of the split 'dev' in 'en', 1 left out: gold label '-'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Write, nli: Read) -> None:
    content, row, found = BAD[case]
    path = write(content, "train.jsonl")
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        nli(path)


def test_an_unknown_label_suggests_the_right_one(write: Write, nli: Read) -> None:
    with pytest.raises(DataError, match="Did you mean 'neutral'"):
        nli(write(with_second(gold_label="neutrall"), "train.jsonl"))


def test_an_unknown_image_is_an_error(write: Write, nli: Read) -> None:
    with pytest.raises(DataError, match="row 1: found image '4705552913', expected one of the 1 images"):
        nli(write(SNLI_VE, "dev.jsonl"), features="gqa", images={"1"})


def test_a_task_with_images_needs_an_image_in_every_row(write: Write, nli: Read) -> None:
    with pytest.raises(DataError, match="row 1: found no Flickr30K_ID"):
        nli(write([MNLI[0]], "dev.jsonl"), features="gqa", images={"1"})
