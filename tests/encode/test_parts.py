"""Which caches a task has, and what their cards say, kind by kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xstilts.base.cache import ROW
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json
from xstilts.encode.members import MixtureSpec, Sampling
from xstilts.encode.mixture import make_mixture
from xstilts.encode.task import Places, encode_task
from xstilts.tasks.overlap import OVERLAP
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.tagging import OTHER_TAG

Rows = list[dict[str, Any]]
SIDES: Rows = [
    {"id": "q", "text": "the cat", "side": "query", "gold": ["c"]},
    {"id": "c", "text": "a cat", "side": "candidate"},
]


def write(places: Places, name: str, **splits: Rows) -> None:
    """A raw set in the canonical row format."""
    folder = places.raw / name
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    manifest = {"files": {}, "data": "official", "licence": "CC0", "source": "tests"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def task(name: str, kind: str, splits: str, **section: Any) -> TaskSpec:
    files: dict[str, Any] = {split: f"{split}.jsonl" for split in splits.split()}
    return TaskSpec(name, kind, EncodeSection(["en"], "accuracy", files, format="rows", **section))


def card_and_rows(places: Places, name: str, part: str, split: str) -> tuple[dict[str, Any], Rows]:
    folder = places.tokenized / name / part
    return read_json(folder / "card.json"), open_rows(folder / f"{split}.arrow").to_pylist()


def test_retrieval_has_an_empty_learning_part(places: Places) -> None:
    write(places, "pairs", test=SIDES)
    encode_task(task("pairs", "retrieval", "test"), places)
    card, train = card_and_rows(places, "pairs", "learn", "train")
    assert (card["tasks"], card["rows"], train) == ({}, {"train": 0, "dev": 0}, [])
    assert open_rows(places.tokenized / "pairs" / "learn" / "dev.arrow").schema == ROW
    card, test = card_and_rows(places, "pairs", "test", "test")
    assert (card["tasks"]["pairs"]["rows"], card["tasks"]["pairs"]["labels"]) == ({"test": 2}, [])
    assert [row["structural"] for row in test] == ["query", "candidate"]


def test_tags_that_the_file_does_not_list_are_those_of_training(places: Places) -> None:
    def sentence(tags: str) -> Rows:
        return [{"id": "s", "words": ["the", "cat"], "tags": tags.split()}]

    write(places, "tags", train=sentence("DET NOUN"), dev=sentence("DET VERB"))
    encode_task(task("tags", "tagging", "train dev"), places)
    card, (dev,) = card_and_rows(places, "tags", "learn", "dev")
    labels = card["tasks"]["tags"]["labels"]
    assert labels == ["DET", "NOUN", OTHER_TAG]
    assert [labels[label] for label in dev["labels"] if label >= 0] == ["DET", OTHER_TAG]
    assert dev["answers"] == ["DET", "VERB"]


def test_captions_become_pairs_and_the_card_names_both_labels(places: Places) -> None:
    rows = [{"id": f"c{number}", "text": f"the cat {number}", "image": f"x{number}"} for number in (1, 2)]
    write(places, "captions", train=rows, dev=rows)
    encode_task(task("captions", "matching", "train dev", features="xgqa"), places)
    card, train = card_and_rows(places, "captions", "learn", "train")
    entry = card["tasks"]["captions"]
    assert (entry["labels"], entry["features"]["dim"]) == (["no match", "match"], 4)
    assert (entry["rows"]["train"], card["rows"]["train"]) == (4, 4)
    assert [(row["id"], row["image_id"], row["label"]) for row in train] == [
        ("c1", "x1", 1),
        ("c1#1", "x2", 0),
        ("c2", "x2", 1),
        ("c2#1", "x1", 0),
    ]


def test_examples_are_counted_apart_from_their_windows(places: Places) -> None:
    context = "the cat sleeps on the red card where the dog rests beside the cat"
    answers = {"text": ["dog"], "answer_start": [context.index("dog")]}
    rows = [{"id": "s", "question": "where?", "context": context, "answers": answers}]
    rows.append({"id": "n", "question": "what?", "context": context, "answers": {"text": [], "answer_start": []}})
    write(places, "spans", train=rows, dev=rows)
    encode_task(task("spans", "span", "train dev", max_length=16, stride=4), places)
    card, dev = card_and_rows(places, "spans", "learn", "dev")
    entry = card["tasks"]["spans"]
    assert entry["examples"] == {"train": 2, "dev": 2}
    assert entry["rows"]["dev"] == len(dev) > 2


def test_training_rows_on_test_images_are_left_out_of_the_cache_and_its_fingerprints(places: Places) -> None:
    def about(*images: str) -> Rows:
        return [{"id": f"{i}{len(images)}", "text": "the cat is on a card", "label": "a", "image": i} for i in images]

    dev, test = {**about("x1")[0], "id": "d"}, {**about("x2")[0], "id": "t"}
    write(places, "seen", train=about("x1", "x2"), dev=[dev], test=[test])
    spec = task("seen", "classification", "train dev test", labels=["a", "b"], features="xgqa", overlap="skip")
    encode_task(spec, places)
    card, train = card_and_rows(places, "seen", "learn", "train")
    assert [row["image_id"] for row in train] == ["x1"]
    assert card["tasks"]["seen"]["skipped"]["train"] == {OVERLAP: 1}
    prints = open_rows(places.tokenized / "seen" / "learn" / "fingerprints.arrow").to_pylist()
    assert len([row for row in prints if row["split"] == "train" and row["what"] == "image"]) == 1


def test_retrieval_cannot_be_a_member_of_a_mixture(places: Places) -> None:
    write(places, "pairs", test=SIDES)
    encode_task(task("pairs", "retrieval", "test"), places)
    with pytest.raises(DataError, match=r"pairs/learn/train\.arrow: found no rows"):
        make_mixture(MixtureSpec("both", ("pairs",), Sampling()), places.tokenized)
