"""A job is done after its warm-up, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from xstilts.base.errors import XstiltsError
from xstilts.bench import job as module
from xstilts.bench.job import Job, Measured, measure, run_job


def test_a_job_survives_json(make_job: Callable[..., Job]) -> None:
    job = make_job(dev=(1, 2), shape="xlmr-base")
    assert Job.from_json(job.to_json()) == job


def test_the_warm_up_is_the_whole_work(make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Job] = []

    class Peer:
        def train(self, job: Job) -> Measured:
            done.append(job)
            return Measured(len(job.rows), 1, 1.0)

    monkeypatch.setattr(module, "PEER", Peer(), raising=False)
    job = make_job(source="xstilts.bench.job:PEER", warmup=(1, 3, 5), dev=(4, 5))
    assert measure(job).examples == 20
    assert done == [replace(job, rows=(1, 3, 5), warmup=(), dev=(4,)), job]


@pytest.mark.slow
def test_a_process_of_its_own(make_job: Callable[..., Job]) -> None:
    result = run_job(make_job(what="score", warmup=(1, 3)))
    assert (result["examples"], result["seconds"] > 0) == (20, True)
    assert result["peak_memory_bytes"] > 50e6


@pytest.mark.slow
def test_a_mistake_in_a_process_is_one_sentence(make_job: Callable[..., Job]) -> None:
    with pytest.raises(XstiltsError, match=r"train, ours: --shape: unknown 'xlmr-bas'. Did you mean 'xlmr-base'"):
        run_job(make_job(shape="xlmr-bas"))
