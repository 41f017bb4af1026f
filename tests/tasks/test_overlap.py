"""Training rows that are also in the test split: refused, or left out and counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks import check_disjoint, drop_overlap, read_split
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    Example,
    MatchingExample,
    Reading,
    SpanExample,
    VqaExample,
)
from xstilts.tasks.overlap import OVERLAP, images_of
from xstilts.tasks.schema import EncodeSection, TaskSpec


def spec(overlap: Any = "error") -> TaskSpec:
    files: dict[str, str | list[str]] = {"train": "a.json", "dev": "b.json", "test": "test/{language}.json"}
    return TaskSpec("sample", "vqa", EncodeSection(["en"], "accuracy", files, features="set", overlap=overlap))


def asked(*pairs: tuple[str, str]) -> Reading[Example]:
    return Reading([VqaExample(identifier, "en", "?", image, "yes") for identifier, image in pairs], {"bad": 2})


DISJOINT = {"train": asked(("1", "a"), ("2", "b")), "dev": asked(("3", "c")), "test": asked(("4", "d"))}


@pytest.mark.parametrize("overlap", ["error", "skip"])
def test_disjoint_splits_stay_as_they_are(overlap: str) -> None:
    check_disjoint(spec(), DISJOINT)
    assert drop_overlap(spec(overlap), DISJOINT) == DISJOINT


@pytest.mark.parametrize(
    ("split", "row", "shared"), [("train", ("4", "b"), "id '4'"), ("dev", ("2", "d"), "image 'd'")]
)
def test_a_shared_id_or_image_is_an_error_that_names_it(split: str, row: tuple[str, str], shared: str) -> None:
    readings = {**DISJOINT, split: asked(("1", "a"), row)}
    with pytest.raises(DataError) as error:
        drop_overlap(spec(), readings)
    assert f"data/raw/sample, {split}, row {row[0]}: found {shared}, which is also in the test split" in str(
        error.value
    )


def test_skipped_rows_are_counted_beside_the_others() -> None:
    readings = {**DISJOINT, "train": asked(("1", "a"), ("4", "x"), ("5", "d"))}
    kept = drop_overlap(spec("skip"), readings)
    assert [one.id for one in kept["train"].examples] == ["1"]
    assert kept["train"].skipped == {"bad": 2, OVERLAP: 2}
    assert kept["dev"] == DISJOINT["dev"]
    assert kept["test"] == DISJOINT["test"]


def test_a_split_that_is_wholly_in_test_is_an_error() -> None:
    with pytest.raises(DataError, match="found every row of dev in the test split"):
        drop_overlap(spec("skip"), {**DISJOINT, "dev": asked(("4", "d"))})


@pytest.mark.parametrize("overlap", ["error", "skip"])
def test_a_task_without_test_split_shares_nothing(overlap: str) -> None:
    readings = {split: DISJOINT[split] for split in ("train", "dev")}
    assert drop_overlap(spec(overlap), readings) == readings


@pytest.mark.parametrize(
    ("kind", "example", "images"),
    [
        ("classification", ClassificationExample("1", "en", "a", "yes", images=("l", "r")), ("l", "r")),
        ("vqa", VqaExample("1", "en", "?", "i", "yes"), ("i",)),
        ("matching", MatchingExample("1", "en", "a", "i"), ("i",)),
        ("choice", ChoiceExample("1", "en", "a", ("x", "y"), 0, "i"), ("i",)),
        ("choice", ChoiceExample("1", "en", "a", ("x", "y"), 0), ()),
        ("span", SpanExample("1", "en", "?", "a", 0, "a"), ()),
    ],
)
def test_every_kind_says_which_images_it_is_about(kind: str, example: Example, images: Sequence[str]) -> None:
    assert images_of(kind, example) == tuple(images)


@pytest.mark.parametrize(("split", "rows"), [("train", 1490), ("dev", 1422)])
def test_a_few_shot_model_is_not_scored_on_test_dev(split: str, rows: int, shared_data: Path, tmp_path: Path) -> None:
    """xGQA's few-shot questions were taken out of GQA's test-dev, which is its zero-shot test."""
    few, whole = shared_data / "xgqa" / "few_shot" / "en", shared_data / "gqa_text" / "testdev.json"
    name = {"train": "train_48.json", "dev": "dev.json"}[split]
    for source, target in ((few / name, name), (whole, "testdev.json")):
        (tmp_path / target).write_bytes(source.read_bytes())
    files: dict[str, str | list[str]] = {split: name, "test": "lxmert:testdev.json"}
    section = EncodeSection(["en"], "accuracy", files, features="xgqa")
    task = TaskSpec("xgqa_few_shot", "vqa", section)
    readings = {one: read_split(task, one, tmp_path) for one in files}
    assert len(readings[split].examples) == rows
    assert len({one.id for one in readings[split].examples} & {one.id for one in readings["test"].examples}) == rows
    with pytest.raises(
        DataError, match=r"which is also in the test split .*; score it on other .*few_shot/\*/test\.json"
    ):
        drop_overlap(task, readings)


def test_the_few_shot_files_themselves_share_nothing(shared_data: Path) -> None:
    folder = shared_data / "xgqa" / "few_shot" / "de"
    train, dev = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("train_48.json", "dev.json"))
    assert not train.keys() & dev.keys()
    assert not {one["imageId"] for one in train.values()} & {one["imageId"] for one in dev.values()}
