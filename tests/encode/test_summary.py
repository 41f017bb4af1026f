"""What the stages print."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.base.cache import ROW
from xstilts.encode.summary import padding, summary
from xstilts.encode.task import Places, encode_task
from xstilts.tasks.schema import EncodeSection, TaskSpec


def test_padding_is_counted_batch_by_batch() -> None:
    assert padding(np.array([2, 4, 10, 10]), batch=2) == pytest.approx(1 - 26 / 28)
    assert padding(np.array([3, 3, 3]), batch=2) == 0


def test_one_line_per_split_and_what_was_left_out(places: Places) -> None:
    files = {"train": "train.jsonl", "dev": "dev.jsonl"}
    labels = ["entailment", "neutral", "contradiction"]
    section = EncodeSection(["en"], "accuracy", files, labels=labels, max_length=8)
    splits = encode_task(TaskSpec("mnli", "classification", section), places)
    text = summary({key: one.table for key, one in splits.items()}, {key: one.note for key, one in splits.items()})
    head, train, dev = text.splitlines()
    assert head.split() == ["split", "task", "rows", "languages", "tokens", "longest", "padding"]
    assert train.split()[:7] == ["train", "mnli", "2", "en", "8.0", "8", "0%"]
    assert "2 rows cut to max_length;" in train
    assert train.endswith("1 rows skipped: gold label '-' (the annotators did not agree)")
    assert dev.split()[:3] == ["dev", "mnli", "1"]


def test_an_empty_cache_has_a_line_too() -> None:
    assert summary({"train": ROW.empty_table()}).splitlines()[1] == "(no rows)"
