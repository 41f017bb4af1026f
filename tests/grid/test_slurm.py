"""Cells as jobs of a real Slurm: each runs once, whoever asks, and a failure stops what depends on it alone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import COMMAND, Toy

pytestmark = [pytest.mark.stage, pytest.mark.slow, pytest.mark.usefixtures("slurm")]
CELLS = int(os.environ.get("XSTILTS_CELLS", "0"))


def _cell(name: str, log: Path, *deps: str, then: str = "true") -> dict[str, Any]:
    words = f"echo {name} >> {log}; cat {' '.join(deps)} > out/{name}; {then}"
    return {"wdir": "../..", "cmd": f"mkdir -p out; {words}", "deps": list(deps), "outs": [f"out/{name}"]}


def _study(toy: Toy, width: int) -> Toy:
    """A cell that twice as many as `width` need, in two layers, and a collector."""
    toy.write({"a": _cell("a", toy.log, "in")}, "stages/data/dvc.yaml")
    layer = {f"b{i}": _cell(f"b{i}", toy.log, "out/a", then=f"echo {i} >> out/b{i}") for i in range(width)}
    toy.write(layer | {f"c{i}": _cell(f"c{i}", toy.log, f"out/b{i}") for i in range(width)}, "stages/train/dvc.yaml")
    deps = [f"out/c{i}" for i in range(width)]
    toy.write({"collect": {"cmd": f"cat {' '.join(deps)} > all", "deps": deps, "metrics": [{"all": {"cache": False}}]}})
    (toy.root / "stages/slurm.yaml").write_text(yaml.safe_dump({"all": {"mem": "100M"}, "train": {"time": "00:10:00"}}))
    toy.commit()
    return toy


@pytest.fixture
def study(toy: Toy) -> Toy:
    """Seven cells and a collector."""
    return _study(toy, 3)


def _slurm(study: Toy) -> tuple[str, ...]:
    return ("--on", "slurm", "--work", str(study.root.parent / "work"))


def test_every_cell_runs_once_and_its_result_comes_back(study: Toy) -> None:
    shown = study.run(*_slurm(study)).stdout
    assert sorted(study.ran()) == ["a", "b0", "b1", "b2", "c0", "c1", "c2"]
    assert "7 cells: " in shown
    assert (study.root / "all").read_text() == "1\n0\n1\n1\n1\n2\n"
    assert set(study.lock("stages/train/dvc.lock")) == {"b0", "b1", "b2", "c0", "c1", "c2"}
    assert "up to date" in study.dvc("status")
    assert "nothing to do" in study.run(*_slurm(study)).stdout


@pytest.mark.skipif(not CELLS, reason="XSTILTS_CELLS says how many")
def test_a_wide_study_is_computed_cell_by_cell(toy: Toy) -> None:
    """With -s it shows what docs/how-to/clusters.md quotes."""
    wide = _study(toy, CELLS // 2)
    shown = wide.run(*_slurm(wide)).stdout
    print(shown)
    assert len(ran := wide.ran()) == len(set(ran)) == 1 + 2 * (CELLS // 2)


def test_two_callers_at_once_compute_nothing_twice(study: Toy, tmp_path: Path) -> None:
    other = Toy(tmp_path / "other")
    subprocess.run(["git", "clone", "--quiet", str(study.root), str(other.root)], check=True)
    other.dvc("config", "--local", "cache.dir", str(study.root / ".dvc/cache"))
    other.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site2"))
    command = (*COMMAND, "run", *_slurm(study))
    second = subprocess.Popen(command, cwd=other.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    study.run(*_slurm(study))
    said, _ = second.communicate(timeout=300)
    assert second.returncode == 0, said
    assert sorted(study.ran()) == ["a", "b0", "b1", "b2", "c0", "c1", "c2"]
    assert (other.root / "all").read_text() == (study.root / "all").read_text()


def test_a_failure_cancels_what_depends_on_it_and_a_second_call_runs_the_rest(study: Toy) -> None:
    broken = study.root.parent / "broken"
    broken.touch()
    path = study.root / "stages/train/dvc.yaml"
    cells = yaml.safe_load(path.read_text())
    cells["stages"]["b1"]["cmd"] += f"; if [ -e {broken} ]; then echo error: no luck; exit 3; fi"
    path.write_text(yaml.safe_dump(cells))
    refused = study.run(*_slurm(study), ok=False)
    assert "stages/train/dvc.yaml is not committed" in refused.stderr
    study.commit()
    failed = study.run(*_slurm(study), ok=False)
    assert "error: no luck" in failed.stderr
    assert set(study.ran()) == {"a", "b0", "b1", "b2", "c0", "c2"}
    broken.unlink()
    study.run(*_slurm(study))
    assert sorted(study.ran()) == ["b1", "c1"]


def test_a_node_that_goes_and_jobs_that_are_killed_lose_nothing_and_compute_nothing_twice(study: Toy) -> None:
    """A drained node lets jobs end; one that is down, a requeue and a kill cut them off. What has ended stays."""
    hold, path = study.root.parent / "hold", study.root / "stages/train/dvc.yaml"
    hold.touch()
    cells = yaml.safe_load(path.read_text())
    for name in ("b0", "b1", "b2"):  # begun when the file NAME.on has its process, and going on while there is `hold`
        on = study.root.parent / f"{name}.on"
        wait = f"echo $$ > {on}.new; mv {on}.new {on}; while [ -e {hold} ]; do sleep 0.1; done"
        cells["stages"][name]["cmd"] = f"{wait}; {cells['stages'][name]['cmd']}"
    path.write_text(yaml.safe_dump(cells))
    study.commit()
    command = (*COMMAND, "run", *_slurm(study))
    process = subprocess.Popen(command, cwd=study.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    begun = _begun(study, 2)
    node = _output("sinfo", "-h", "-o", "%n")
    _output("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    assert _begun(study, 0) == {}  # none begins, and those that run go on
    assert len(_running()) == 2
    _output("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    for process_of_stage in begun.values():  # a node that goes takes its processes with it
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(process_of_stage), signal.SIGKILL)
    _output("scontrol", "update", f"nodename={node}", "state=resume")
    assert len(_begun(study, 2)) == 2
    _output("scontrol", "requeue", _running()[0])
    (process_of_stage,) = _begun(study, 1).values()
    os.kill(process_of_stage, signal.SIGKILL)
    hold.unlink()
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 1, said
    assert "ended as failed without a result" in said
    study.run(*_slurm(study))
    assert sorted(study.ran()) == ["a", "b0", "b1", "b2", "c0", "c1", "c2"]
    assert "up to date" in study.dvc("status")


def _begun(study: Toy, count: int) -> dict[str, int]:
    """Wait until so many of the cells that wait have begun, again or for the first time; return their processes."""
    end = time.monotonic() + 600
    while len(found := sorted(study.root.parent.glob("*.on"))) < count:
        time.sleep(3)  # a job that begins in the second in which its former run was revoked is refused by slurmd
        for job in _output("squeue", "-h", "-t", "PENDING", "-o", "%i").split():  # Slurm lets what it requeues wait
            subprocess.run(["scontrol", "update", f"jobid={job}", "starttime=now"], capture_output=True, check=False)
        assert time.monotonic() < end
    begun = {path.stem: int(path.read_text()) for path in found}
    for path in found:
        path.unlink()
    return begun


def _running() -> list[str]:
    return _output("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_jobs_are_shown_and_cancelled(study: Toy) -> None:
    path = study.root / "stages/data/dvc.yaml"
    cells = yaml.safe_load(path.read_text())
    cells["stages"]["a"]["cmd"] += "; sleep 300"
    path.write_text(yaml.safe_dump(cells))
    study.commit()
    process = subprocess.Popen([*COMMAND, "run", *_slurm(study)], cwd=study.root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "7 cells: " in process.stdout.readline()
    work = _slurm(study)[2:]
    shown = subprocess.run([*COMMAND, "status", *work], cwd=study.root, capture_output=True, text=True, check=True)
    assert "stages/data/dvc.yaml:a" in shown.stdout
    subprocess.run([*COMMAND, "cancel", *work], cwd=study.root, capture_output=True, text=True, check=True)
    process.communicate(timeout=120)
    assert process.returncode == 1
    assert study.ran() in (["a"], [])
