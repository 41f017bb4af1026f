"""The script for a GPU, with tiny shapes on a processor: every part runs, and a cut run keeps what it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from xstilts.base.errors import ParameterError
from xstilts.base.files import read_json
from xstilts.bench import gpu
from xstilts.bench.gpu import TINY, Plan, attempted, measure_gpu, of_gemm, parts
from xstilts.bench.gpu_paths import PATHS
from xstilts.bench.job import measure


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "run_job", lambda job: measure(job).result())


@pytest.mark.slow
def test_every_part_runs_on_a_processor(in_this_process: None, tmp_path: Path) -> None:
    """Packed and padded batches give the same logits; the vocabulary's logits in chunks the same gradient."""
    measure_gpu(tmp_path / "gpu.json", 1e9, TINY)
    report: dict[str, Any] = read_json(tmp_path / "gpu.json")
    done = report["parts"]
    assert report["finished"]
    assert not {name: part for name, part in done.items() if {"failed", "not_run"} & part.keys()}
    assert {*PATHS, "gemm", "train tiny packed", "train tiny padded", "train tiny peer", "score tiny peer"} < {*done}
    assert done["train tiny packed"]["tokens"] == done["train tiny peer"]["tokens"] > 0
    narrow = done["packing of narrow embeddings"]
    assert narrow["electra"]["packed"]["packed"]
    for found in (narrow["rembert"], narrow["electra"], done["logits of masked tokens"]):
        assert found["finite"]
        assert found["largest_difference"] < 0.02 * found["largest_number"]  # bf16
    assert done["half precision"]["float16 packed"]["finite"]
    assert {"train tiny packed", "train tiny peer"} < report["of_gemm"].keys()


def test_the_other_shapes_come_last() -> None:
    """What matters most is there if the time does not suffice for all."""
    names = [name for name, _ in parts(Path(), Plan())]
    assert names[:4] == ["gemm", *(f"train xlmr-base {side}" for side in ("packed", "padded", "peer"))]
    assert names.index("train xlmr-large packed") > max(names.index(path) for path in PATHS)
    assert len(names) == len(set(names)) == 1 + 2 * 5 + len(PATHS)


def test_what_fails_and_what_is_late_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, Any]:
        raise torch.OutOfMemoryError("80 GiB")

    monkeypatch.setattr(gpu, "parts", lambda *_: iter([("broken", broken), ("fine", lambda: {"bf16": 1.0})]))
    done = measure_gpu(tmp_path / "gpu.json", 1e9, TINY)["parts"]
    assert done["broken"]["failed"] == "OutOfMemoryError: 80 GiB"
    assert done["fine"]["bf16"] == 1.0
    late = measure_gpu(tmp_path / "gpu.json", -1.0, TINY)["parts"]
    assert late == {"broken": {"not_run": "no time was left"}, "fine": {"not_run": "no time was left"}}


def test_a_run_that_is_cut_off_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut() -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(gpu, "parts", lambda *_: iter([("fine", lambda: {"bf16": 1.0}), ("cut", cut)]))
    with pytest.raises(KeyboardInterrupt):
        measure_gpu(tmp_path / "gpu.json", 1e9, TINY)
    report = read_json(tmp_path / "gpu.json")
    assert (list(report["parts"]), report["finished"]) == (["fine"], False)


def test_shares_are_of_the_measured_rate() -> None:
    done = {"gemm": {"bf16": 8.0}, "train": {"flops_per_second": 2.0}, "late": {"not_run": ""}}
    assert of_gemm(done) == {"train": 0.25}
    assert of_gemm({"train": {"flops_per_second": 2.0}}) == {}
    assert attempted(lambda: {"x": 1})["x"] == 1


def test_a_machine_without_a_gpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParameterError, match="found no GPU, expected one; --tiny tries the script on a processor"):
        measure_gpu(tmp_path / "gpu.json", 1.0, Plan())
