"""What a study costs: known sums, and samples of tiny caches scaled to all of their rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from xstilts.base.cells import Route
from xstilts.base.errors import DataError
from xstilts.bench.comparison import settings_of
from xstilts.bench.job import Job, Result
from xstilts.bench.study import Paces, Sampling, Work, measure_study, print_study, seconds_of, work_of
from xstilts.train.settings import TrainSettings

MEMBERS = {"none": [], "a": ["a"], "ab": ["a", "b"]}
WORK = Work([Route("none"), Route("a"), Route("ab")], 2, ["x", "y"], MEMBERS)
PACES = Paces(
    caches={"a": 1, "b": 2, "x": 3, "y": 4},
    phase_1={Route("none"): 0, Route("a"): 100, Route("ab"): 300},
    phase_2={Route("x"): 10, Route("y"): 30},
    phase_3={Route("x"): 20, Route("y"): 40},
)


def test_what_is_shared_is_made_once() -> None:
    found = seconds_of(WORK, PACES)
    assert found == {"caches": 1 + 2 + 3 + 4, "phase 1": 2 * 400, "phase 2": 6 * 40, "phase 3": 6 * 60}


def test_a_recipe_adds_the_phases_that_it_changes() -> None:
    """`late` changes phase 2 alone, `scored` phase 3: the former has phase 1 in common with plain, the latter both."""
    changes = {"plain": (), "late": ("target",), "early": ("intermediate",), "scored": ("score",)}
    paces = Paces(
        PACES.caches,
        {**PACES.phase_1, Route("a", "early"): 50},
        {**PACES.phase_2, Route("x", "late"): 1000},
        {**PACES.phase_3, Route("x", "scored"): 5},
    )

    def seconds(*recipes: str) -> list[float]:
        work = Work([Route("a", recipe) for recipe in recipes], 1, ["x"], MEMBERS, changes)
        return list(seconds_of(work, paces).values())

    assert seconds("plain") == [4, 100, 10, 20]
    assert seconds("plain", "late") == [4, 100, 10 + 1000, 20 + 20]
    assert seconds("plain", "early") == [4, 100 + 50, 10 + 10, 20 + 20]
    assert seconds("plain", "scored") == [4, 100, 10, 20 + 5]
    assert seconds("late") == [4, 100, 1000, 20]


def test_members_and_changes_are_those_of_the_files() -> None:
    routes = ["none", "squad", "longer/text", "shuffled_labels/gqa"]
    work = work_of([Route.parse(route) for route in routes], 1, ["xgqa"])
    assert work.members == {"none": [], "squad": ["squad"], "text": ["squad", "mnli"], "gqa": ["gqa"]}
    assert work.changes == {"plain": [], "longer": ["target"], "shuffled_labels": ["intermediate"]}


def test_samples_are_scaled_to_all_rows(caches: Path, public: Path, run_here: Callable[[Job], Result]) -> None:
    """Of 60 training rows 20 are trained on; an epoch takes three times as long as the sample, dev added."""
    told: list[Result] = []

    def run(job: Job) -> Result:
        told.append(run_here(job))
        return told[-1]

    work = Work([Route("none"), Route("mnli")], 1, ["xgqa"], {"none": [], "mnli": ["mnli"]})
    report = measure_study(work, Sampling(caches, public, rows=20, run=run), note=lambda _: None)
    result, pace = told[0], report["pace"]
    assert [one["examples"] for one in told] == [20, 20, 40]
    assert pace["phase_1"]["none"] == 0
    settings = settings_of(TrainSettings, "mnli", "intermediate", "plain")
    epoch = 3 * result["seconds"] + settings.evaluations * 40 * result["more"]["dev_seconds"]
    assert pace["phase_1"]["mnli"] == pytest.approx(settings.epochs * epoch)
    assert pace["caches"]["mnli"] == pytest.approx(100 * result["more"]["encode_seconds"])
    # Of xgqa 40 test rows are tokenised too, besides 60 to train on and 40 of dev.
    assert pace["caches"]["xgqa"] == pytest.approx(140 * told[1]["more"]["encode_seconds"])
    assert pace["phase_3"]["xgqa"] == pytest.approx(told[2]["seconds"])
    assert min(result["seconds"], *result["more"].values()) > 0
    assert report["seconds"]["phase 3"] == pytest.approx(2 * pace["phase_3"]["xgqa"])
    assert json.loads(json.dumps(report)) == report
    out = io.StringIO()
    print_study(report, Console(file=out, width=120))
    assert "2 routes, 1 seeds, 1 targets" in out.getvalue()


def test_scoring_counts_one_pass_per_control(make_job: Callable[..., Job], run_here: Callable[[Job], Result]) -> None:
    rows: dict[str, Any] = {"split": "dev", "rows": tuple(range(8)), "source": "xstilts.bench.ours", "settings": {}}
    found = {data: run_here(make_job(data, what="pace_scoring", **rows)) for data in ("mnli", "xgqa")}
    assert {data: (one["examples"], one["more"]["passes"]) for data, one in found.items()} == {
        "mnli": (8, 1),
        "xgqa": (8, 3),
    }


def test_a_cache_that_is_not_there(caches: Path, public: Path, run_here: Callable[[Job], Result]) -> None:
    work = Work([Route("squad")], 1, [], {"squad": ["squad"]})
    with pytest.raises(DataError, match=r"squad.*no cache.*dvc repro"):
        measure_study(work, Sampling(caches, public, run=run_here), note=lambda _: None)
