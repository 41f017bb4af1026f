"""MultiNLI's and SNLI-VE's files: what is read, what is left out, and what is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.tasks.classification import NO_CONSENSUS_REASON, read_classification
from xstilts.tasks.examples import ClassificationExample
from xstilts.tasks.schema import EncodeSection, TaskSpec

LABELS = ["entailment", "neutral", "contradiction"]


PAIRS = TaskSpec("mnli", "classification", EncodeSection(["en"], "accuracy", {}, labels=LABELS))
ON_IMAGES = TaskSpec("snli_ve", "classification", EncodeSection(["en"], "accuracy", {}, labels=LABELS, features="gqa"))
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


def test_official_pairs_are_read_and_rows_without_consensus_counted(write: Callable[..., Path]) -> None:
    reading = read_classification(write(MNLI, "dev.jsonl"), "en", PAIRS)
    assert reading.examples == [
        ClassificationExample("1n", "en", "A cat sleeps.", "neutral", second="A cat dreams."),
        ClassificationExample("1e", "en", "A cat sleeps.", "entailment", second="A cat rests."),
    ]
    assert reading.skipped == {NO_CONSENSUS_REASON: 1}


def test_official_hypotheses_on_images_are_read(write: Callable[..., Path]) -> None:
    reading = read_classification(write(SNLI_VE, "dev.jsonl"), "en", ON_IMAGES, {"4705552913"})
    text = "The people are friends."
    assert reading.examples == [ClassificationExample("4705552913.jpg#2r1n", "en", text, "neutral", image="4705552913")]
    assert not reading.skipped


def test_a_number_is_an_id(write: Callable[..., Path]) -> None:
    path = write([{**SNLI_VE[0], "Flickr30K_ID": 4705552913, "pairID": 7}], "dev.jsonl")
    example = read_classification(path, "en", ON_IMAGES, {"4705552913"}).examples[0]
    assert (example.id, example.image) == ("7", "4705552913")


def with_second(**fields: Any) -> list[dict[str, Any]]:
    """The pairs with fields of the second row changed; None takes the field away."""
    second = {**MNLI[1], "gold_label": "neutral", **fields}
    return [MNLI[0], {key: value for key, value in second.items() if value is not None}, MNLI[2]]


BAD = {
    "empty file": ("\n", None, "an empty file"),
    "half a row": ('{"gold_label": "-"}\n{"pairID": \n', 2, "broken JSON"),
    "a blank line between rows": ('{"gold_label": "-"}\n\n{"gold_label": "-"}\n', 2, "broken JSON"),
    "a row that is no object": ("[1, 2]\n", 1, "a list"),
    "unknown label": (with_second(gold_label="neutrall"), 2, "label 'neutrall'"),
    "no label": (with_second(gold_label=None), 2, "no gold_label"),
    "empty label": (with_second(gold_label=""), 2, "an empty gold_label"),
    "no premise": (with_second(sentence1=None), 2, "no sentence1"),
    "empty hypothesis": (with_second(sentence2=" "), 2, "an empty sentence2"),
    "an id twice": (with_second(pairID="1n"), 2, "id '1n' again (first in row 1)"),
    "no id": (with_second(pairID=None), 2, "no pairID"),
    "another language": (with_second(language="ru"), 2, "language 'ru'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Callable[..., Path]) -> None:
    content, row, found = BAD[case]
    path = write(content, "train.jsonl")
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read_classification(path, "en", PAIRS)


def test_an_unknown_label_suggests_the_right_one(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="Did you mean 'neutral'"):
        read_classification(write(with_second(gold_label="neutrall"), "train.jsonl"), "en", PAIRS)


def test_an_unknown_image_is_an_error(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="row 1: found image '4705552913', expected one of the 1 images"):
        read_classification(write(SNLI_VE, "dev.jsonl"), "en", ON_IMAGES, {"1"})


def test_a_task_with_images_needs_an_image_in_every_row(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="row 1: found no Flickr30K_ID"):
        read_classification(write([MNLI[0]], "dev.jsonl"), "en", ON_IMAGES, {"1"})
