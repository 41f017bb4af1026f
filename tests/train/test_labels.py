"""Labels exchanged among rows: what is exchanged, and everything that must stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

from tiny_files import TinyFiles
from xstilts.base.errors import ParameterError
from xstilts.base.files import open_rows, read_json
from xstilts.train.examples import open_examples
from xstilts.train.labels import COLUMNS, context_of, shuffle_labels
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings

OF_ANOTHER = {"looks": "vqa", "votes": "vqa", "follows": "classification", "matches": "matching"}


@pytest.fixture(scope="module")
def rows(tiny: TinyFiles, tiny_features: dict[str, str]) -> pa.Table:
    """Rows of every kind that can be exchanged, all tasks mixed."""
    tasks = [*OF_ANOTHER, "picks"]
    listed = [row for group in zip(*(tiny.rows(task, 60) for task in tasks), strict=True) for row in group]
    cache = tiny.cache("exchanged", {"train": listed, "dev": listed}, tiny_features)
    return open_rows(cache / "train.arrow")


def of(table: pa.Table, task: str) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["task"] == task]


def label(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(str(row[name]) for name in COLUMNS)


KIND_OF = OF_ANOTHER | {"picks": "choice"}


def test_everything_but_the_label_stays(rows: pa.Table) -> None:
    shuffled = shuffle_labels(rows, KIND_OF, 0)
    assert shuffled.schema == rows.schema
    assert shuffled.drop_columns(list(COLUMNS)).equals(rows.drop_columns(list(COLUMNS)))


@pytest.mark.parametrize("task", OF_ANOTHER)
def test_whole_labels_change_rows_within_their_task(rows: pa.Table, task: str) -> None:
    before, after = of(rows, task), of(shuffle_labels(rows, KIND_OF, 0), task)
    assert Counter(map(label, after)) == Counter(map(label, before))  # as often as before, and all parts together
    assert sum(label(one) != label(other) for one, other in zip(before, after, strict=True)) > len(before) / 3


def test_a_choice_is_one_of_its_own_row(rows: pa.Table) -> None:
    before, after = of(rows, "picks"), of(shuffle_labels(rows, KIND_OF, 0), "picks")
    assert len({len(row["answers"]) for row in before}) > 1
    assert all(row["answer"] == row["answers"][row["label"]] for row in after)
    assert sum(one["label"] != other["label"] for one, other in zip(before, after, strict=True)) > len(before) / 3


def test_the_seed_decides(rows: pa.Table) -> None:
    assert shuffle_labels(rows, KIND_OF, 0).equals(shuffle_labels(rows, KIND_OF, 0))
    assert not shuffle_labels(rows, KIND_OF, 1).equals(shuffle_labels(rows, KIND_OF, 0))


@pytest.mark.parametrize("has_context", [False, True], ids=["train", "dev"])
def test_a_span_lies_in_its_own_context_and_has_the_length_of_another(
    has_context: bool, tiny: TinyFiles, tiny_features: dict[str, str]
) -> None:
    listed = [row for row in tiny.rows("doubts", 60) if row["start"]]
    for row in listed[::2]:
        row["end"] = min(row["start"] + 1, context_of(row["input_ids"])[1] - 1)
    without = {} if has_context else {"context": "", "offsets": []}
    cache = tiny.cache(f"spans-{has_context}", {"train": [row | without for row in listed]}, tiny_features)
    table = open_rows(cache / "train.arrow")
    before, after = table.to_pylist(), shuffle_labels(table, {"doubts": "span"}, 0).to_pylist()
    assert len(after) > 10
    assert len({row["start"] for row in after}) > 3
    lengths = [Counter(row["end"] - row["start"] for row in some) for some in (before, after)]
    assert lengths[0] == lengths[1]
    assert len(lengths[0]) == 2
    for row in after:
        first, stop = context_of(row["input_ids"])
        assert first <= row["start"] <= row["end"] < stop
        assert row["answer"] in row["context"]
        assert bool(row["answer"]) == has_context
        assert row["answers"] == ([row["answer"]] if row["answer"] else [])


def test_the_context_is_where_dev_rows_have_characters(tiny: TinyFiles) -> None:
    rows = tiny.rows("doubts", 20)
    for row in rows:
        inside = [place for place, begin in enumerate(row["offsets"][::2]) if begin >= 0]
        assert context_of(row["input_ids"]) == (inside[0], inside[-1] + 1)


def test_a_row_without_an_answer_gives_its_silence_to_another(tiny: TinyFiles, tiny_features: dict[str, str]) -> None:
    listed = tiny.rows("doubts", 120)
    table = open_rows(tiny.cache("doubting", {"dev": listed}, tiny_features) / "dev.arrow")
    shuffled = shuffle_labels(table, {"doubts": "span"}, 0).to_pylist()
    silent = [[row["start"] == 0 for row in some] for some in (listed, shuffled)]
    assert 0 < sum(silent[0]) == sum(silent[1]) < len(listed)
    assert silent[0] != silent[1]
    assert all(row["end"] == 0 and not row["answers"] for row in shuffled if row["start"] == 0)


@pytest.mark.parametrize("task", ["tags", "fills", "searches"])
def test_kinds_without_a_label_to_exchange_are_refused(
    tiny: TinyFiles, tiny_features: dict[str, str], task: str
) -> None:
    table = open_rows(tiny.cache(f"refused-{task}", {"train": tiny.rows(task, 4)}, tiny_features) / "train.arrow")
    with pytest.raises(ParameterError, match=rf"the labels of {task}, a \w+ task, cannot be exchanged; use it for vqa"):
        shuffle_labels(table, {task: tiny.KINDS[task]}, 0)


def test_train_and_dev_are_opened_with_exchanged_labels(learn: Path) -> None:
    """By an exchange of their own, which no seed of a run changes; texts and pictures stay."""
    for split in ("train", "dev"):
        own, shuffled, again = (open_examples(learn, split, labels=name) for name in ("own", "shuffled", "shuffled"))
        assert own.ids == shuffled.ids
        assert (own.columns["label"] != shuffled.columns["label"]).any()
        assert (own.columns["start"] != shuffled.columns["start"]).any()
        assert all((shuffled.columns[name] == again.columns[name]).all() for name in own.columns)
        assert torch.equal(own.batch(range(4)).input_ids, shuffled.batch(range(4)).input_ids)


def test_a_checkpoint_says_that_labels_were_exchanged(
    learn: Path, public: Path, tmp_path: Path, make_settings: Callable[..., TrainSettings]
) -> None:
    """As a setting; the same examples were trained on in the same order, and another encoder came of it."""
    cards = {}
    for labels in ("own", "shuffled"):
        settings = make_settings(epochs=0.5, labels=labels, learning_rate=1e-3)
        train_phase(learn, public, tmp_path / labels, settings, 0)
        cards[labels] = read_json(tmp_path / labels / "checkpoint.json")
    own, shuffled = (cards[name]["training"] for name in ("own", "shuffled"))
    assert "labels" not in own["settings"]
    assert shuffled["settings"] == own["settings"] | {"labels": "shuffled"}
    assert all(own[name] == shuffled[name] for name in ("updates", "examples", "tokens"))
    assert own["curve"] != shuffled["curve"]
