"""Labels exchanged among rows: what is exchanged, and everything that must stay."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tiny_files import TinyFiles
from xstilts.base.errors import ParameterError
from xstilts.base.files import open_rows, read_json
from xstilts.base.parameters import task_names
from xstilts.encode.mixture import make_mixture
from xstilts.encode.recipe import MixtureSpec, Sampling, load_mixture
from xstilts.encode.shuffled import COLUMNS, KINDS, context_of, shuffle_labels
from xstilts.encode.task import Places, encode_task
from xstilts.tasks.schema import EncodeSection, TaskSpec, load_task

SQUAD = TaskSpec("squad", "span", EncodeSection(["en"], "f1", {"train": "train.json", "dev": "dev.json"}))
FILES: dict[str, str | list[str]] = {"train": "train/en.json", "dev": "dev/en.json"}
XGQA = TaskSpec("xgqa", "vqa", EncodeSection(["en"], "accuracy", FILES, features="xgqa"))
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


@pytest.fixture
def squad(places: Places) -> Path:
    """The caches of tiny squad and xgqa."""
    for task in (SQUAD, XGQA):
        encode_task(task, places)
    return places.tokenized


def test_a_span_lies_in_its_own_context_and_has_the_length_of_another(squad: Path) -> None:
    for split in ("train", "dev"):
        table = open_rows(squad / "squad/learn" / f"{split}.arrow")
        before, after = table.to_pylist(), shuffle_labels(table, {"squad": "span"}, 0).to_pylist()
        lengths = [Counter(row["end"] - row["start"] for row in some) for some in (before, after)]
        assert lengths[0] == lengths[1]
        for row in after:
            first, stop = context_of(row["input_ids"])
            assert first <= row["start"] <= row["end"] < stop
            assert row["answer"] in row["context"]
            assert bool(row["answer"]) == (split == "dev")
            assert row["answers"] == ([row["answer"]] if row["answer"] else [])


def test_the_context_is_where_dev_rows_have_characters(squad: Path) -> None:
    dev = open_rows(squad / "squad/learn/dev.arrow").to_pylist()
    assert dev
    for row in dev:
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
    with pytest.raises(ParameterError, match=rf"{task} is a \w+ task, whose labels cannot be exchanged; it is for vqa"):
        shuffle_labels(table, {task: tiny.KINDS[task]}, 0)


def test_a_mixture_says_that_its_labels_were_exchanged(squad: Path) -> None:
    plain = MixtureSpec("plain", ("squad", "xgqa"), Sampling())
    for one in (plain, dataclasses.replace(plain, name="control", shuffle_labels=True)):
        make_mixture(one, squad)
    cards = {name: read_json(squad / name / "learn/card.json") for name in ("plain", "control")}
    assert "shuffled_labels" not in str(cards["plain"])
    assert {name: task["shuffled_labels"] for name, task in cards["control"]["tasks"].items()} == {
        "squad": True,
        "xgqa": True,
    }
    assert cards["control"]["mixture"] == cards["plain"]["mixture"]
    trained = [open_rows(squad / name / "learn/train.arrow") for name in ("plain", "control")]
    assert trained[0]["id"].equals(trained[1]["id"])
    assert not trained[0]["start"].equals(trained[1]["start"])


def test_the_controls_of_the_grid_are_one_task_with_exchanged_labels(parameter_files: object) -> None:
    names = [name for name in task_names() if name.endswith("_shuffled")]
    assert names == ["gqa_shuffled", "squad_shuffled"]
    for name in names:
        recipe = load_mixture(name)
        assert recipe.members == (name.removesuffix("_shuffled"),)
        assert recipe.shuffle_labels
        assert load_task(recipe.members[0]).kind in KINDS
