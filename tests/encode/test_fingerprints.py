"""The hashes that the leak report compares: equal for the same text or image, different for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xstilts.base.kinds import KINDS
from xstilts.encode.fingerprints import SCHEMA, fields_of, fingerprints, image_name, is_telling, key, normalised
from xstilts.encode.images import open_images
from xstilts.encode.task import Places
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    LayoutExample,
    MatchingExample,
    RetrievalExample,
    SpanExample,
    TaggingExample,
    TextExample,
    VqaExample,
)

LONG = "a man in an orange hat"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A man in an orange hat starring at something .", "a man in an orange hat starring at something."),
        ("  the  cat ", "the cat"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("ＡＢＣ１２", "abc12"),
        ("戴着 帽子的男人。", "戴着帽子的男人"),
        ("«the cat» – it’s", "the cat its"),
    ],
)
def test_case_width_spaces_and_punctuation_make_no_difference(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert key(normalised(one)) == key(normalised(other))


@pytest.mark.parametrize(("one", "other"), [("cat", "cats"), ("किताब", "कताब"), ("পানি", "পানী"), ("2 cats", "3 cats")])
def test_letters_marks_and_digits_do(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("is it overcast?", False),
        ("is it very overcast?", True),
        ("internationalisation", False),
        ("戴着帽子的男人", False),
        ("戴着帽子的男人们", True),
        ("ผู้ชายใส่หมวก", True),
        ("남자가 웃는다", False),
        ("", False),
    ],
)
def test_short_texts_recur_honestly(text: str, telling: bool) -> None:
    assert is_telling(text) == telling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1007129816_e794419615", "1007129816"),
        ("COCO_val2014_000000413120", "COCO_train2017_000000413120"),
        ("COCO_val2014_000000413120", "000000413120"),
        ("N123", "n123"),
    ],
)
def test_names_of_one_image_meet(one: str, other: str) -> None:
    assert image_name(one) == image_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("COCO_val2014_000000413120", "413120"),  # a number of COCO and one of Visual Genome
        ("gqa-train-0001", "gqa-train-0011"),
        ("train-1_0", "train-1_1"),
        ("n123", "123"),
    ],
)
def test_names_of_two_images_do_not(one: str, other: str) -> None:
    assert image_name(one) != image_name(other)


EXAMPLES: dict[str, Any] = {
    "vqa": VqaExample("1", "en", "is it overcast?", "x1", "yes"),
    "layout": LayoutExample("1", "en", "is it overcast?", "select[]>exist[0] | cloud", "yes", "x1"),
    "classification": ClassificationExample("1", "en", LONG, "a", second="the man has a hat"),
    "span": SpanExample("1", "en", "who has a hat?", f"{LONG} sleeps", 0, "a man"),
    "tagging": TaggingExample("1", "en", tuple(LONG.split()), ("X",) * 6),
    "choice": ChoiceExample("1", "en", LONG, ("sleeps", "rests"), 0),
    "matching": MatchingExample("1", "en", LONG, "x1"),
    "retrieval": RetrievalExample("1", "en", LONG, "query"),
    "mlm": TextExample("1", "en", LONG),
}
FIELDS = {
    "vqa": {"question on image"},
    "layout": {"question on image"},
    "classification": {"premise", "hypothesis", "pair"},
    "span": {"context", "question on context"},
    "tagging": {"sentence"},
    "choice": {"text", "text and choices"},
    "matching": {"caption"},
    "retrieval": {"sentence"},
    "mlm": {"sentence"},
}


def test_every_kind_says_what_it_shows() -> None:
    assert set(FIELDS) == set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_fields_have_a_key_each_and_one_sentence_has_the_same_in_all(kind: str) -> None:
    table = fingerprints(kind, {"train": [EXAMPLES[kind]]})
    assert table.schema == SCHEMA
    rows = [row for row in table.to_pylist() if row["what"] == "text"]
    assert {row["field"] for row in rows} == FIELDS[kind]
    same = {"caption", "sentence", "premise", "text"} & FIELDS[kind]
    assert {row["key"] for row in rows if row["field"] in same} == ({key(normalised(LONG))} if same else set())


def test_a_question_counts_with_its_image_alone() -> None:
    def asked(image: str, question: str = "Is it overcast?") -> set[int]:
        table = fingerprints("vqa", {"train": [VqaExample("1", "en", question, image, "yes")]})
        return {row["key"] for row in table.to_pylist() if row["what"] == "text"}

    assert asked("1007129816_e794419615") == asked("1007129816", "is it overcast")
    assert asked("1007129816") != asked("1007129817")


def test_a_pair_is_one_in_either_order_and_images_are_both_counted() -> None:
    first, second = ClassificationExample("1", "en", LONG, "a", second="the man has a hat"), "the man has a hat"
    swapped = ClassificationExample("2", "en", second, "a", second=LONG)
    pairs = [
        {row["key"] for row in fingerprints("classification", {"train": [one]}).to_pylist() if row["field"] == "pair"}
        for one in (first, swapped)
    ]
    assert pairs[0] == pairs[1] != set()
    seen = ClassificationExample("1", "en", LONG, "a", images=("l", "r"))
    assert set(fields_of("classification", seen)) == {"sentence", "sentence on image"}
    rows = fingerprints("classification", {"train": [seen]}).to_pylist()
    assert {row["key"] for row in rows if row["what"] == "image"} == {key("l"), key("r")}


def test_keys_are_counted_split_by_split_in_a_fixed_order() -> None:
    texts = [TextExample(str(number), "en", f"{LONG} {number % 3}") for number in range(9)]
    table = fingerprints("mlm", {"train": texts, "dev": texts[:2]})
    assert table == fingerprints("mlm", {"train": texts[::-1], "dev": texts[:2]})
    assert [(row["split"], row["examples"]) for row in table.to_pylist()] == [
        *[("train", 3)] * 3,
        *[("dev", 1)] * 2,
    ]
    assert fingerprints("mlm", {}).schema == SCHEMA


def test_one_picture_under_two_names_has_one_content(places: Places) -> None:
    folder = places.features / "xgqa"
    vectors = np.load(folder / "features.npy").copy()
    vectors[2:4] = vectors[0:2]  # image x1 looks like x2
    np.save(folder / "features.npy", vectors)
    contents = open_images(folder).contents(["x1", "x2", "x3"])
    assert contents["x1"] == contents["x2"] != contents["x3"]
    boxes = np.load(folder / "boxes.npy").copy()
    boxes[2] += 0.25  # the same things at other places
    np.save(folder / "boxes.npy", boxes)
    contents = open_images(folder).contents(["x1", "x2"])
    assert contents["x1"] != contents["x2"]


def test_an_image_without_regions_has_no_content(places: Places) -> None:
    folder = places.features / "xgqa"
    np.save(folder / "offsets.npy", np.array([0, 2, 2, 6]))
    assert set(open_images(folder).contents(["x1", "x2", "x3"])) == {"x2", "x3"}
