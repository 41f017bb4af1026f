"""What is compared with what: the same rows, as many, in every side of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from transformers.trainer_pt_utils import LengthGroupedSampler

from xstilts.base.errors import ParameterError
from xstilts.bench.comparison import (
    COMPARISONS,
    FEWEST_BATCHES,
    NO_BUDGET,
    PEERS,
    PIPELINE,
    QUICK,
    Comparison,
    Plan,
    Side,
    chosen,
    jobs_of,
)
from xstilts.bench.job import Job

Plans = Callable[..., Plan]
ALL = [one for comparisons in COMPARISONS.values() for one in comparisons]
assert ALL


@pytest.mark.parametrize("comparison", ALL, ids=[f"{one.what}-{one.data}" for one in ALL])
def test_sides_differ_in_nothing_but_their_name(comparison: Comparison, make_plan: Plans) -> None:
    jobs = jobs_of(comparison, make_plan())
    assert list(jobs) == [side.name for side in comparison.sides]
    assert len({replace(job, side="", source="").to_json() for job in jobs.values()}) == 1
    assert len({job.source for job in jobs.values()}) == len(jobs)
    rows = next(iter(jobs.values())).rows
    assert len(rows) == len(set(rows)) == QUICK


@pytest.mark.parametrize("side", [*PIPELINE, *PEERS], ids=lambda side: side.name)
def test_every_side_does_what_it_is_registered_for(side: Side) -> None:
    module, name = side.source.split(":")
    owner = getattr(import_module(f"xstilts.bench.{module}"), name)
    compared = {(one.what, peer.name) for one in ALL for peer in one.sides}
    for what in side.works:
        assert callable(getattr(owner, what))
        assert (what, side.name) in compared


def test_rows_depend_on_the_seed_alone(make_plan: Plans) -> None:
    rows = [jobs_of(ALL[0], make_plan(seed=seed, threads=threads))["ours"].rows for seed, threads in ((0, 1), (0, 2))]
    assert rows[0] == rows[1]
    assert jobs_of(ALL[0], make_plan(seed=1))["ours"].rows != rows[0]


def test_examples_as_the_seconds_allow(make_plan: Plans) -> None:
    asked: list[Job] = []

    def run(job: Job) -> dict[str, Any]:
        asked.append(job)
        return {"examples_per_second": 5.0}

    count = len(jobs_of(ALL[0], make_plan(quick=False, seconds=8.0), run)["ours"].rows)
    assert (count, [job.side for job in asked]) == (60, ["trainer_default"])  # 32 batches at least, and there are 60
    assert len(jobs_of(ALL[0], make_plan(quick=False, examples=11), run)["ours"].rows) == 11


def test_batch_size_and_learning_rate_are_those_of_every_side(make_plan: Plans) -> None:
    plain, chosen_jobs = jobs_of(ALL[0], make_plan()), jobs_of(ALL[0], make_plan(batch_size=32, learning_rate=1e-4))
    for side, job in chosen_jobs.items():
        before, settings = plain[side].settings, job.settings
        assert (job.learning_rate, settings["batch_size"]) == (1e-4, 32)
        assert settings["token_budget"] == before["token_budget"] == NO_BUDGET


def test_the_trainer_groups_by_length_within_the_fewest_batches() -> None:
    lengths = np.random.default_rng(0).integers(10, 60, 16 * FEWEST_BATCHES).tolist()

    def padding(count: int) -> float:
        order = list(LengthGroupedSampler(16, lengths=lengths[:count], generator=torch.Generator().manual_seed(0)))
        widths = [
            max(lengths[row] for row in order[at : at + 16]) * len(order[at : at + 16]) for at in range(0, count, 16)
        ]
        return 1 - sum(lengths[:count]) / sum(widths)

    assert padding(16 * 6) > 0.3
    assert padding(16 * FEWEST_BATCHES) < 0.12


def test_a_peer_alone(make_plan: Plans) -> None:
    (only,) = chosen("train", make_plan(peers=("vqa_recipe",)))
    own = ["ours_vqa", "ours_vqa_all_weights", "ours_vqa_untrimmed"]
    assert [side.name for side in only.sides] == [*own, "vqa_recipe"]
    with pytest.raises(ParameterError, match="Did you mean 'trainer_best'"):
        chosen("train", make_plan(peers=("trainer_bst",)))


def test_what_is_not_trained_whole_is_refused(make_plan: Plans, parameter_files: Any) -> None:
    parameter_files.edit("stages/tasks/mnli.yaml", lambda content: content["intermediate"].update(tune="lora"))
    with pytest.raises(ParameterError, match="mnli: found tune: lora, expected full; measure another task"):
        jobs_of(COMPARISONS["train"][0], make_plan())
    assert jobs_of(COMPARISONS["score"][0], make_plan())
