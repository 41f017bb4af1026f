"""Captions with their image and with images that are hard to tell from it."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.encode.kinds.matching import LABELS
from xstilts.tasks import similar as matching
from xstilts.tasks.examples import MatchingExample
from xstilts.tasks.similar import similar_images

CAPTIONS = {
    "i0": "a brown dog runs through the grass",
    "i1": "a brown dog runs through the water",
    "i2": "two men in orange hats repair a roof",
    "i3": "two men in yellow hats repair a street",
    "i4": "a girl on a swing",
}
GERMAN = {
    "i0": "ein Hund im Gras",
    "i1": "ein Hund im Wasser",
    "i2": "zwei Männer",
    "i3": "zwei Leute",
    "i4": "Mädchen",
}
NEAREST = {"i0": "i1", "i1": "i0", "i2": "i3", "i3": "i2"}


def captions(texts: dict[str, str], language: str = "en") -> list[MatchingExample]:
    return [MatchingExample(f"{image}#{language}", language, text, image) for image, text in texts.items()]


def test_each_caption_has_its_image_and_the_one_most_like_it(encoded: Any) -> None:
    rows, columns = encoded("matching", captions(CAPTIONS), negatives=1)
    assert len(rows) == 10
    for own, other in zip(rows[::2], rows[1::2], strict=True):
        assert (own["label"], own["answer"], other["label"], other["answer"]) == (1, "match", 0, "no match")
        assert own["input_ids"] == other["input_ids"]
        assert other["id"] == f"{own['id']}#1"
        assert own["image_id"] == f"i{own['image']}" == own["id"].split("#")[0]
        assert other["image_id"] == f"i{other['image']}" == NEAREST.get(own["image_id"], other["image_id"])
        assert other["image_id"] != own["image_id"]
    assert columns.truncated == 0
    assert LABELS == ("no match", "match")


def test_several_negatives_are_distinct_and_ordered(encoded: Any) -> None:
    rows, _ = encoded("matching", captions(CAPTIONS), negatives=3)
    first = rows[:4]
    assert [row["id"] for row in first] == ["i0#en", "i0#en#1", "i0#en#2", "i0#en#3"]
    assert first[1]["image_id"] == "i1"
    assert len({row["image_id"] for row in first}) == 4


def test_all_languages_judge_the_same_pairs(encoded: Any) -> None:
    examples = captions(CAPTIONS) + captions(GERMAN, "de")
    rows, _ = encoded("matching", examples, split="test", negatives=2)
    pairs = {language: [row["image_id"] for row in rows if row["language"] == language] for language in ("en", "de")}
    assert pairs["en"] == pairs["de"]
    assert len(pairs["en"]) == 15


def test_an_image_without_a_caption_in_the_first_language_is_compared_in_its_own(encoded: Any) -> None:
    german = {**GERMAN, "i5": "ein roter Ball", "i6": "ein roter Ballon"}
    rows, _ = encoded("matching", captions(CAPTIONS) + captions(german, "de"), split="test")
    negatives = {row["id"]: row["image_id"] for row in rows if row["label"] == 0}
    assert (negatives["i5#de#1"], negatives["i6#de#1"]) == ("i6", "i5")


def test_captions_of_one_image_are_not_negatives_of_each_other() -> None:
    images = ["a", "a", "b", "b"]
    texts = ["a dog runs", "a dog runs fast", "a girl swings", "a dog sits"]
    assert similar_images(texts, images, 1) == [["b"], ["b"], ["a"], ["a"]]


def test_the_same_caption_of_another_image_would_match_and_is_never_chosen() -> None:
    texts = ["a dog runs", "A dog runs", "a dog sits", "a girl swings"]
    found = similar_images(texts, list("abcd"), 3)
    assert found[0] == ["c", "d"]
    assert found[1] == ["c", "d"]


def test_too_few_other_images_are_an_error(encoded: Any) -> None:
    two = {key: CAPTIONS[key] for key in ("i0", "i1")}
    with pytest.raises(DataError, match=r"row i0#en: found 1 other images with other captions, expected 2"):
        encoded("matching", captions(two), negatives=2)


def test_blocks_bound_the_work_and_keep_images_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{number % 7} dogs and {number % 11} cats beside {number} cards" for number in range(200)]
    images = [f"image{number // 2}" for number in range(200)]
    whole = similar_images(texts, images, 1)
    monkeypatch.setattr(matching, "BLOCK", 50)
    monkeypatch.setattr(matching, "ROWS", 7)
    cut = similar_images(texts, images, 1)
    assert [len(one) for one in cut] == [1] * 200
    assert all(found[0] != image for found, image in zip(cut, images, strict=True))
    assert cut != whole
    assert similar_images(texts, images, 1) == cut
    monkeypatch.setattr(matching, "BLOCK", 10_000)
    assert similar_images(texts, images, 1) == whole  # the rows at a time make no difference
