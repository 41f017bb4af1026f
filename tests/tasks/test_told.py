"""The text-only twin of matching: the same captions and negatives, each photograph told by another caption."""

from __future__ import annotations

import json
from pathlib import Path

from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.source import Source
from xstilts.tasks.told import read_flickr8k_told

CAPTIONS = {
    "a.jpg": ["A dog runs.", "A brown dog runs on grass.", "The dog is fast."],
    "b.jpg": ["A dog runs on sand.", "A dog at the sea."],
    "c.jpg": ["Two children play.", "Children with a ball."],
    "d.jpg": ["A car."],
}


def source(tmp_path: Path, part: tuple[float, float] = (0.0, 1.0)) -> Source:
    rows = [
        {"image": image, "split": "train", "captions": {"en": [["flickr8k", text] for text in texts]}}
        for image, texts in CAPTIONS.items()
    ]
    (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    section = EncodeSection(["en"], "accuracy", {"train": "captions.jsonl"}, part=list(part))
    task = TaskSpec("flickr8k_told", "classification", section)
    return Source((tmp_path / "captions.jsonl",), "en", "train", task)


def test_every_caption_is_asked_of_its_own_photograph_and_of_the_most_similar_one(tmp_path: Path) -> None:
    reading = read_flickr8k_told(source(tmp_path))
    asked = {one.id: one for one in reading.examples}
    assert len(asked) == 2 * 7
    assert reading.skipped == {"only caption of its image": 1}
    own = asked["a#0"]
    assert (own.text, own.second, own.label) == ("A brown dog runs on grass.", "A dog runs.", "match")
    assert asked["a#2"].text == "A dog runs."  # the caption after the last is the first
    other = asked["a#0#1"]
    assert (other.text in CAPTIONS["b.jpg"], other.second, other.label) == (True, "A dog runs.", "no match")


def test_no_photograph_is_told_by_the_caption_that_is_asked(tmp_path: Path) -> None:
    examples = read_flickr8k_told(source(tmp_path)).examples
    assert examples
    assert all(one.text != one.second for one in examples)


def test_two_parts_share_no_image_and_leave_none_out(tmp_path: Path) -> None:
    halves = [source(tmp_path, part) for part in ((0.0, 0.5), (0.5, 1.0))]
    images = [f"{number}.jpg" for number in range(1000)]
    first, second = ({one for one in images if half.in_part(one)} for half in halves)
    assert not first & second
    assert len(first) + len(second) == len(images)
    assert 400 < len(first) < 600
