"""The rows that all sides read, and pictures with as many regions as detectors publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.errors import ParameterError
from xstilts.bench.comparison import Plan, with_regions
from xstilts.bench.job import Job, Result
from xstilts.bench.report import compare
from xstilts.bench.rows import DIM, copy_with_regions, examples_of
from xstilts.bench.vqa_recipe import VOLTA


def test_the_same_rows_with_other_regions(caches: Path, make_job: Callable[..., Job], tmp_path: Path) -> None:
    made = copy_with_regions(caches / "xgqa" / "learn", tmp_path, 36, seed=0)
    before, after = make_job("xgqa"), make_job("xgqa", cache=str(made))
    own, other = examples_of(before, before.rows), examples_of(after, after.rows)
    assert own.ids == other.ids
    assert own.text_lengths.tolist() == other.text_lengths.tolist()
    assert other.pictures.counts.tolist() == [36] * len(other)
    batch = other.batch(np.array([0]))
    assert batch.features.shape == (1, 36, DIM)
    _, mask, features, *_ = VOLTA.questions(after, after.rows)[0]
    assert int(mask.sum()) == int(other.text_lengths[0]) + 36
    assert np.array_equal(features, batch.features[0])


def test_a_comparison_on_them(make_plan: Callable[..., Plan], run_here: Callable[[Job], Result]) -> None:
    """The tiny encoder has 80 positions, and ours are four tokens per region."""
    plan = make_plan(regions=12, peers=("vqa_recipe",))
    report: dict[str, Any] = compare("train", plan, note=lambda _: None, run=run_here)
    assert report["plan"]["regions"] == 12
    assert report["ratios"]["vqa_recipe"] > 0
    recipe = report["sides"]["vqa_recipe"]["median"]
    assert 12 * recipe["examples"] < recipe["tokens"] <= recipe["positions"] == 76 * recipe["examples"]


def test_none_asked_for(make_plan: Callable[..., Plan]) -> None:
    with with_regions(make_plan()) as plan:
        assert plan == make_plan()


def test_a_task_without_pictures_is_refused(caches: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="found 'follows' without pictures"):
        copy_with_regions(caches / "mnli" / "learn", tmp_path, 36, seed=0)
