"""The parts of published sets that the text study takes: disjoint, in published formats, and what its pages say."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from xstilts.encode.fingerprints import normalised

STUDY = Path(__file__).parents[2] / "stages/text"
WANTED = yaml.safe_load((STUDY / "cut.yaml").read_text())


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script stages/text/cut.py."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("cut", STUDY / "cut.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_that_share_a_text_by_way_of_others_stay_together(cutting: ModuleType) -> None:
    rows = [("a", "b"), ("c", "d"), ("B!", "c"), ("e", "f"), ("f", "g")]
    groups = cutting.together(rows, lambda row: row)
    assert sorted(map(sorted, groups)) == [[("B!", "c"), ("a", "b"), ("c", "d")], [("e", "f"), ("f", "g")]]


def test_what_is_dealt_depends_on_the_texts_alone(cutting: ModuleType, tmp_path: Path) -> None:
    wanted = {"one": {"train": 3, "dev": 2}, "two": {"train": 2, "dev": 1}}
    cut = cutting.Cut(tmp_path, tmp_path, wanted)
    groups = [[f"row {number}"] for number in range(12)]
    dealt = cut.deal(groups, "one", "two")
    assert cut.deal(groups[::-1], "one", "two") == dealt
    assert [len(rows) for splits in dealt for rows in splits.values()] == [3, 2, 2, 1]
    rows = [row for splits in dealt for one in splits.values() for row in one]
    assert len(set(rows)) == len(rows)
    with pytest.raises(cutting.DataError, match=r"found 2 rows for train of one, expected at least 3"):
        cut.deal(groups[:2], "one")


def test_a_missing_file_is_named_with_what_the_folder_must_hold(cutting: ModuleType, tmp_path: Path) -> None:
    cut = cutting.Cut(tmp_path, tmp_path / "out", WANTED)
    with pytest.raises(cutting.DataError, match=r"train-en\.tsv: found no such file.*the folder must hold sick, rte"):
        cutting.tagging(cut)


def texts_of(path: Path) -> set[str]:
    """What must not be in two splits: sentences, contexts, premises, pictures."""
    return {normalised(text) for text in said(path) if normalised(text)}


def said(path: Path) -> Iterable[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return [row["context"] for row in csv.DictReader(text.splitlines(keepends=True))]
    if path.suffix == ".jsonl":
        rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
        return [row.get("context") or row["premise"] for row in rows]
    if path.suffix == ".json":
        content = json.loads(text)
        if isinstance(content, list):
            return [row["img_id"] for row in content]
        return [part["context"] for article in content["data"] for part in article["paragraphs"]]
    if path.parent.name in ("udpos_small", "pos_small", "panx_small", "ner_small"):
        return [" ".join(line.split("\t")[0] for line in one.split("\n")) for one in text.split("\n\n")]
    columns = slice(1, 3) if path.parent.name == "rte_small" else slice(0, 2)
    return [field for line in text.splitlines()[columns.start :] for field in line.split("\t")[columns]]


@pytest.mark.slow
def test_no_two_parts_of_a_set_share_a_text(cutting: ModuleType, shared_data: Path, tmp_path: Path) -> None:
    cut = cutting.Cut(shared_data, tmp_path, WANTED)
    for part in (cutting.tagging, cutting.spans, cutting.inference, cutting.paraphrases, cutting.choices):
        part(cut)
    cutting.questions(cut)
    english = ("train", "dev", "test-en", "xquad.en")
    compared = 0
    for tasks in (
        ("udpos_small", "pos_small"),
        ("panx_small", "ner_small"),
        ("xnli_small", "sick_small"),
        *((one,) for one in ("xquad_small", "rte_small", "pawsx_small", "xcopa_small", "socialiqa_small")),
        *((one,) for one in ("cosmosqa_small", "gqa_blind_small")),
    ):
        files = [path for task in tasks for path in (tmp_path / task).iterdir() if path.name.startswith(english)]
        for one, other in combinations(sorted(files), 2):
            assert not texts_of(one) & texts_of(other), f"{one} and {other}"
            compared += 1
    assert compared > 30


def test_the_study_has_a_part_of_every_set_that_is_cut() -> None:
    grid = yaml.safe_load((STUDY / "stages/grid.yaml").read_text())
    assert set(WANTED) | {"tatoeba_small"} == set(grid["datasets"])
    tasks = {path.stem: yaml.safe_load(path.read_text()) for path in (STUDY / "stages/tasks").glob("*.yaml")}
    assert set(tasks) == {*grid["datasets"], "none", "nli_small", "text_small"}
    for name in grid["datasets"]:
        assert tasks[name]["data"]["official"] == {"root": name}
    mixtures = {name: tasks[name]["encode"]["members"] for name in ("nli_small", "text_small")}
    assert set(mixtures["text_small"]) == set(grid["datasets"]) - set(grid["targets"])
    assert set(mixtures["nli_small"]) < set(mixtures["text_small"])
