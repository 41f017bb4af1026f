"""Captions and their images: Karpathy's splits, Flickr8k in many languages, xFlickrCO."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import MatchingExample
from xstilts.tasks.matching import NO_CAPTION, SAME_CAPTION

Read = Callable[..., Any]
Write = Callable[..., Path]


def karpathy(*images: tuple[str, str]) -> dict[str, Any]:
    listed = [
        {
            "filename": name,
            "split": split,
            "imgid": number,
            "sentences": [
                {"raw": f"Two dogs {number}.", "sentid": 10 * number},
                {"raw": "They run .", "sentid": 10 * number + 1},
            ],
        }
        for number, (name, split) in enumerate(images)
    ]
    return {"images": listed, "dataset": "coco"}


def test_restval_is_trained_on(write: Write, read: Read) -> None:
    names = ("COCO_train2014_000000000001.jpg", "COCO_val2014_000000000002.jpg", "3.jpg", "4.jpg")
    path = write(karpathy(*zip(names, ("train", "restval", "val", "test"), strict=True)))
    train = read("matching", "karpathy", path, split="train").examples
    assert train[0] == MatchingExample("0", "en", "Two dogs 0.", "COCO_train2014_000000000001")
    assert [one.id for one in train] == ["0", "1", "10", "11"]
    assert {one.image for one in read("matching", "karpathy", path, split="dev").examples} == {"3"}


def test_an_image_that_is_not_there_is_an_error(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match="row images 1: found image '1', expected one of the 1 images of the set"):
        read("matching", "karpathy", write(karpathy(("1.jpg", "train"))), split="train", images={"2"})


FLICKR8K = {
    "image": "1007129816_e794419615.jpg",
    "split": "test",
    "captions": {
        "en": [["flickr8k", "A man wears a hat ."], ["multi30k", "A man wears a hat."], ["xflickrco", "He has a hat."]],
        "zh": [["flickr8k-cn", "戴着帽子的男人。"], ["flickr8k-cn", "戴着帽子的男人。"], ["xflickrco", " "]],
    },
}


def test_a_caption_in_several_collections_is_read_once(write: Write, read: Read) -> None:
    path = write([FLICKR8K, {**FLICKR8K, "image": "2.jpg", "split": "train"}], "captions.jsonl")
    reading = read("matching", "flickr8k", path, split="test")
    image = "1007129816_e794419615"
    assert reading.examples == [
        MatchingExample(f"{image}#0", "en", "A man wears a hat .", image),
        MatchingExample(f"{image}#2", "en", "He has a hat.", image),
    ]
    assert reading.skipped == {SAME_CAPTION: 1}
    chinese = read("matching", "flickr8k", path, split="test", language="zh")
    assert (len(chinese.examples), chinese.skipped) == (1, {SAME_CAPTION: 1, NO_CAPTION: 1})


def test_a_language_without_captions_is_an_error(write: Write, read: Read) -> None:
    with pytest.raises(DataError, match="found no row of the split 'test' in 'sw'"):
        read("matching", "flickr8k", write([FLICKR8K], "captions.jsonl"), split="test", language="sw")


def xflickrco(image: str, *sentences: str) -> dict[str, Any]:
    return {"sentences": list(sentences), "id": image.split(".")[0], "img_path": image}


@pytest.mark.parametrize(
    ("language", "image", "said", "text"),
    [
        (
            "ja",
            "1007129816.jpg",
            "1男が、3メガネをかけて12帽子をかぶっている。",
            "男が、メガネをかけて帽子をかぶっている。",
        ),
        ("ja", "1007129816.jpg", "1１１人のグループと2５人。", "１１人のグループと５人。"),
        ("ja", "COCO_val2014_000000391895.jpg", "2頭のヤギ", "2頭のヤギ"),
        ("de", "1007129816.jpg", "2 Hunde", "2 Hunde"),
    ],
)
def test_the_numbers_of_entities_are_taken_off_japanese_captions_of_flickr30k(
    language: str, image: str, said: str, text: str, write: Write, read: Read
) -> None:
    path = write([xflickrco(image, said)], "test.jsonl")
    assert read("matching", "xflickrco", path, language=language).examples[0].text == text


def test_an_empty_caption_is_counted(write: Write, read: Read) -> None:
    path = write([xflickrco("1.jpg", ""), xflickrco("2.jpg", "a", "b")], "test.jsonl")
    reading = read("matching", "xflickrco", path)
    assert [(one.id, one.image) for one in reading.examples] == [("2#0", "2"), ("2#1", "2")]
    assert reading.skipped == {NO_CAPTION: 1}


def test_rows_are_a_caption_each(write: Write, read: Read) -> None:
    path = write([{"id": "7", "text": "a dog", "image": "1.png"}], "rows.jsonl")
    assert read("matching", "rows", path, images={"1"}).examples == [MatchingExample("7", "en", "a dog", "1")]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (
            "xflickrco",
            [xflickrco("1.jpg", "a"), xflickrco("1.jpg", "b")],
            "row 2: found id '1#0' again (first in row 1)",
        ),
        (
            "xflickrco",
            [{**xflickrco("1.jpg"), "sentences": "a"}],
            "row 1: found sentences 'a', expected a list of texts",
        ),
        ("flickr8k", [{**FLICKR8K, "split": "dev", "captions": []}], "row 1: found captions [], expected an object"),
        ("flickr8k", [{**FLICKR8K, "split": "dev", "captions": {"en": ["a"]}}], "row 1: found the caption 'a'"),
        ("karpathy", karpathy(("1.jpg", "valid")), "row images 1: found split 'valid', expected one of train, restval"),
        ("karpathy", {}, "found no list of objects under 'images'"),
        ("rows", [{"id": 1, "image": "1"}], "row 1: found no text"),
    ],
)
def test_a_bad_row_is_one_error_that_names_it(
    name: str, content: Any, complaint: str, write: Write, read: Read
) -> None:
    with pytest.raises(DataError) as error:
        read("matching", name, write(content, "f.jsonl" if isinstance(content, list) else "f"))
    assert complaint in str(error.value)
