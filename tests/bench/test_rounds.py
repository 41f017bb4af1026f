"""Sides take turns in processes of their own; numbers of the rounds are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xstilts.base.errors import XstiltsError
from xstilts.bench.job import Job, Measured
from xstilts.bench.rounds import alternate, medians, ratios, run_job


def test_sides_alternate() -> None:
    done: list[tuple[str, int]] = []

    def run(job: Job) -> dict[str, Any]:
        done.append((job.side, job.seed))
        return {"number": len(done)}

    jobs = {side: Job("train", side, seed=7) for side in ("a", "b")}
    results = alternate(jobs, 3, run, note=lambda _: None)
    assert done == [("a", 7), ("b", 7), ("a", 8), ("b", 8), ("a", 9), ("b", 9)]
    assert [result["number"] for result in results["b"]] == [2, 4, 6]


def test_medians_and_ratios() -> None:
    rounds = [Measured(10, 100, seconds, accuracy=None).result() for seconds in (1.0, 5.0, 2.0)]
    middle = medians(rounds)
    assert middle["examples_per_second"] == 5
    assert middle["tokens_per_second"] == 50
    assert middle["accuracy"] is None
    assert ratios(rounds, rounds[::-1]) == [2, 1, 0.5]


def test_a_job_survives_json(make_job: Callable[..., Job]) -> None:
    job = make_job(dev=(1, 2), shape="xlmr-base")
    assert Job.loads(job.dumps()) == job


@pytest.mark.slow
def test_a_process_of_its_own(make_job: Callable[..., Job]) -> None:
    result = run_job(make_job("xgqa", what="read", warmup=(1, 3)))
    assert (result["examples"], result["seconds"] > 0) == (20, True)
    assert result["peak_memory_bytes"] > 50e6


@pytest.mark.slow
def test_a_mistake_in_a_process_is_one_sentence(make_job: Callable[..., Job]) -> None:
    with pytest.raises(XstiltsError, match=r"train, ours: --shape: unknown 'xlmr-bas'. Did you mean 'xlmr-base'"):
        run_job(make_job(shape="xlmr-bas"))
