"""What a study costs: known sums, and samples of tiny caches scaled to all of their rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.bench.cost import Pace, Study, apart, grown, shared
from xstilts.bench.job import Job
from xstilts.bench.rounds import Result
from xstilts.bench.study import Sampling, measure_study, study_of

STUDY = Study(["none", "a", "ab"], 2, ["x", "y"], {"none": [], "a": ["a"], "ab": ["a", "b"]})
FIRST = {"none": Pace(), "a": Pace(1, 100), "b": Pace(2, 200), "ab": Pace(0, 300)}
TARGET = {"x": Pace(3, 10, 20), "y": Pace(4, 30, 40)}


def test_what_is_shared_is_made_once() -> None:
    found = shared(STUDY, FIRST, TARGET)
    assert found == {"caches": 1 + 2 + 3 + 4, "phase 1": 2 * 400, "phase 2": 6 * 40, "phase 3": 6 * 60}


def test_apart_every_cell_makes_its_own() -> None:
    """Six cells a seed: `a` is tokenised for two routes times two targets, `b` for one route."""
    found = apart(STUDY, FIRST, TARGET)
    caches = 2 * (2 * (1 + 1 + 2) + 3 * (3 + 4))
    assert found == {"caches": caches, "phase 1": 2 * 2 * 400, "phase 2": 6 * 40, "phase 3": 6 * 60}


def test_one_cell_costs_the_same_either_way() -> None:
    one = Study(["a"], 1, ["x"], {"a": ["a"]})
    assert shared(one, FIRST, TARGET) == apart(one, FIRST, TARGET)


def test_growth_ends_at_the_whole_study() -> None:
    rows = grown(STUDY, FIRST, TARGET)
    assert [row["cells"] for row in rows] == [4, 8, 12]
    assert rows[-1]["shared"] == sum(shared(STUDY, FIRST, TARGET).values())
    assert sum(row["added"] for row in rows) == rows[-1]["shared"]
    assert rows[-1]["apart"] == sum(apart(STUDY, FIRST, TARGET).values())


def test_members_are_those_of_the_task_files() -> None:
    members = study_of(["none", "squad", "text"], 1, ["xgqa"]).members
    assert members == {"none": [], "squad": ["squad"], "text": ["squad", "mnli"]}


def test_samples_are_scaled_to_all_rows(caches: Path, public: Path, run_here: Callable[[Job], Result]) -> None:
    """Of 60 training rows 20 are trained on; the time of the whole is three times that of the sample, dev added."""
    told: list[Result] = []

    def run(job: Job) -> Result:
        told.append(run_here(job))
        return told[-1]

    study = Study(["none", "mnli"], 1, [], {"none": [], "mnli": ["mnli"]})
    report = measure_study(study, Sampling(caches, public, rows=20), note=lambda _: None, run=run)
    (result,) = told
    pace: dict[str, Any] = report["pace"]["phase_1"]["mnli"]
    assert result["examples"] == 20
    assert pace["train"] == pytest.approx(3 * result["seconds"] + 2 * 40 * result["more"]["dev_seconds"])
    assert pace["encode"] == pytest.approx(100 * result["more"]["encode_seconds"])
    assert min(result["seconds"], *result["more"].values()) > 0
    assert sum(report["shared"].values()) == pytest.approx(pace["train"] + pace["encode"])


def test_scoring_counts_a_pass_a_control(make_job: Callable[..., Job], run_here: Callable[[Job], Result]) -> None:
    found = {
        data: run_here(make_job(data, what="pace", side="score", split="dev", rows=tuple(range(8))))
        for data in ("mnli", "xgqa")
    }
    assert {data: (one["examples"], one["more"]["passes"]) for data, one in found.items()} == {
        "mnli": (8, 1),
        "xgqa": (8, 3),
    }


def test_a_cache_that_is_not_there(caches: Path, public: Path, run_here: Callable[[Job], Result]) -> None:
    study = Study(["squad"], 1, [], {"squad": ["squad"]})
    with pytest.raises(DataError, match=r"squad.*no cache.*dvc repro"):
        measure_study(study, Sampling(caches, public), note=lambda _: None, run=run_here)
