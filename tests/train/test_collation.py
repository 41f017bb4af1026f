"""Batches are put together array by array: the same bytes as one row, one image and one answer at a time."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tiny_files import TinyFiles
from xstilts.base.cache import open_features
from xstilts.train.examples import Examples, open_examples
from xstilts.train.lists import Lists
from xstilts.train.masking import Masking, read_masking

TASKS = TinyFiles.TRAINED
OF_A_BATCH = ("features", "boxes", "region_mask", "targets")  # padded, or counted, through the whole batch
DRAWN = st.lists(st.integers(0, 23), min_size=1, max_size=20)  # rows of a task, some of them twice


@pytest.fixture(scope="module")
def masking(public: Path) -> Masking:
    return read_masking(public / "encoder", 0)


@pytest.fixture(scope="module")
def everything(every_kind: Path, masking: Masking) -> Examples:
    return open_examples(every_kind, "train", masking=masking)


def padded(lists: list[Any], filler: float, *tail: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists filled up to the longest, and where they are."""
    longest = max(len(one) for one in lists)
    found, mask = np.full((len(lists), longest, *tail), filler), np.zeros((len(lists), longest), bool)
    for i, one in enumerate(lists):
        found[i, : len(one)], mask[i, : len(one)] = one, True
    return found, mask


def texts(row: dict[str, Any], most: int) -> list[list[int]]:
    """A row's sequences; of a choice that it lacks the first token."""
    tokens, lengths = row["input_ids"], row["lengths"] or [len(row["input_ids"])]
    begins = np.cumsum([0, *lengths])
    own = [tokens[begin : begin + length] for begin, length in zip(begins, lengths, strict=False)]
    return [*own, *[tokens[:1]] * (most - len(own))]


def picture(row: dict[str, Any], directory: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and boxes of a row's images, read for this row."""
    features = open_features(Path(directory))
    images = [image for image in (row["image"], row["second_image"]) if image >= 0]
    where = [features.regions(image) for image in images]
    boxes = [np.array(features.boxes[one]) for one in where]
    if len(images) == 2:
        for side, own in enumerate(boxes):
            own *= np.array([0.5, 1, 0.5, 1, 0.5, 1, 0.5], np.float32)
            own[:, [0, 2]] += np.float32(0.5 * side)
    dim = features.vectors.shape[1]
    return np.concatenate([np.zeros((0, dim)), *(features.vectors[one] for one in where)]), np.concatenate(
        [np.zeros((0, 7)), *boxes]
    )


def one_at_a_time(
    examples: Examples, rows: list[dict[str, Any]], directory: str, choices: int
) -> dict[str, np.ndarray]:
    """Texts and pictures of a batch, row by row."""
    sequences = [text for row in rows for text in texts(row, choices)]
    shown = [picture(row, directory) for row in rows for _ in range(choices)]
    input_ids, text_mask = padded(sequences, 0)
    dim = shown[0][0].shape[1] if any(len(vectors) for vectors, _ in shown) else 1
    features, region_mask = padded([vectors if len(vectors) else np.zeros((0, dim)) for vectors, _ in shown], 0.0, dim)
    boxes, _ = padded([own for _, own in shown], 0.0, 7)
    return {
        "input_ids": input_ids.astype(np.int64),
        "text_mask": text_mask,
        "features": features.astype(np.float32),
        "boxes": boxes.astype(np.float32),
        "region_mask": region_mask,
    }


@given(drawn=DRAWN, task=st.sampled_from([task for task in TASKS if task != "fills"]))
def test_texts_and_pictures(drawn: list[int], task: str, everything: Examples, tiny_features: dict[str, str]) -> None:
    chosen = np.flatnonzero(everything.tasks == task)[drawn]
    written, batch = everything.table.take(chosen).to_pylist(), everything.batch(chosen)
    assert batch.choices == max(1, max(len(row["lengths"]) for row in written))
    for name, expected in one_at_a_time(everything, written, tiny_features["path"], batch.choices).items():
        found = getattr(batch, name).numpy()
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), name
        assert found.tobytes() == expected.tobytes(), name


@given(drawn=DRAWN)
def test_soft_scores(drawn: list[int], everything: Examples) -> None:
    chosen = np.flatnonzero(everything.tasks == "votes")[drawn]
    batch = everything.batch(chosen)
    expected = np.zeros((len(chosen), 4), np.float32)
    for i, row in enumerate(everything.table.take(chosen).to_pylist()):
        pairs = zip(row["labels"], row["scores"], strict=True) if row["scores"] else [(row["label"], 1)]
        for label, score in pairs:
            if label >= 0:
                expected[i, label] = score
    assert batch.soft is not None
    assert batch.soft.numpy().tobytes() == expected.tobytes()


@given(drawn=DRAWN, task=st.sampled_from(["finds", "doubts"]))
def test_where_an_answer_may_be(drawn: list[int], task: str, everything: Examples) -> None:
    chosen = np.flatnonzero(everything.tasks == task)[drawn]
    batch = everything.batch(chosen)
    expected = batch.text_mask.numpy().copy()
    for i, row in enumerate(everything.table.take(chosen).to_pylist()):
        begins = row["offsets"][::2]
        expected[i, : len(begins)] = np.array(begins) >= 0
    assert batch.context_mask is not None
    assert (batch.context_mask.numpy() == expected).all()
    assert task == "finds" or not expected.all()


@given(drawn=DRAWN, task=st.sampled_from(TASKS))
def test_targets_are_where_labels_are(drawn: list[int], task: str, everything: Examples) -> None:
    batch = everything.batch(np.flatnonzero(everything.tasks == task)[drawn], update=3)
    if batch.labels is None:
        assert batch.targets is None
    else:
        assert batch.targets is not None
        assert batch.targets.tolist() == np.flatnonzero(batch.labels.numpy().ravel() >= 0).tolist()


@given(drawn=DRAWN, task=st.sampled_from(TASKS))
def test_an_example_is_the_same_in_every_batch(drawn: list[int], task: str, everything: Examples) -> None:
    """Padding aside, whatever kind of task it is of, masks of an mlm task included."""
    chosen = np.flatnonzero(everything.tasks == task)[drawn]
    batch = everything.batch(chosen, update=3)
    for i, row in enumerate(chosen):
        alone = everything.batch(np.array([row]), update=3)
        for one in fields(batch):
            whole, own = getattr(batch, one.name), getattr(alone, one.name)
            if isinstance(own, Tensor) and own.ndim and one.name not in OF_A_BATCH:
                per = len(whole) // len(chosen)
                part = whole[i * per : i * per + len(own)]
                assert part[(slice(None), *(slice(0, size) for size in own.shape[1:]))].equal(own), one.name


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=8), st.data())
def test_lists_are_gathered_as_lists(lists: list[list[int]], data: st.DataObject) -> None:
    flat = np.array([value for one in lists for value in one], np.int32)
    column = Lists(flat, np.cumsum([0, *map(len, lists)]))
    rows = np.array(data.draw(st.lists(st.integers(0, len(lists) - 1), min_size=1, max_size=9)))
    expected, _ = padded([lists[row] for row in rows], -1)
    assert column.padded(rows, -1).tolist() == expected.tolist()
    values, owners = column.joined(rows)
    assert values.tolist() == [value for row in rows for value in lists[row]]
    assert owners.tolist() == [i for i, row in enumerate(rows) for _ in lists[row]]


def test_lists_of_floats_stay_floats() -> None:
    """Scores are fractions: cut to whole numbers they would all be 0."""
    column = Lists(np.array([0.25, 0.5, 3.75], np.float32), np.array([0, 2, 2, 3]))
    found = column.padded(np.array([0, 2]), -0.5)
    assert (found.dtype, found.tolist()) == (np.float32, [[0.25, 0.5], [3.75, -0.5]])
    assert column.largest().tolist() == [0.5, 0, 3.75]


def test_an_image_is_read_once_for_all_its_questions(everything: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 rows with eight images, the regions of eight are read."""
    from xstilts.train import pictures

    read: list[int] = []
    original = pictures._read
    monkeypatch.setattr(pictures, "_read", lambda values, places: read.append(len(places)) or original(values, places))
    chosen = np.flatnonzero(everything.tasks == "looks")[:20]
    batch = everything.batch(chosen)
    images = np.unique(everything.pictures.images[chosen, 0])
    features = everything.pictures.features["looks"]
    regions = sum(len(range(*features.regions(int(image)).indices(10**6))) for image in images)
    assert read == [regions, regions]
    assert int(batch.region_mask.sum()) > 1.5 * regions
