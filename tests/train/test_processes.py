"""Two processes train as one does, also with layers spread over them: each has its share, the main one writes."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from xstilts.base.files import read_json
from xstilts.train.processes import Processes

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "stages" / "intermediate.py"
OUT = Path("data/intermediate/plain/all-s0")
# Also where they compute on processors: with `--cpu` accelerate starts one process, whatever number is asked for.
LAUNCH = """accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no
--dynamo_backend no --main_process_port 0"""
SHARDED = f"accelerate.commands.launch --config_file {ROOT}/stages/fsdp.yaml --num_processes 2 --main_process_port 0"
LOSS, WEIGHT = 2e-4, 5e-5  # losses in a checkpoint have four decimals; weights move by 1e-2
BF16_LOSS = 0.05  # 8 bits of precision
# The stage, with every process noting its share of every batch; on demand, process 1 dies in an update.
NOTING = """
import json, os, runpy, signal, sys
from xstilts.train.sharded import ShardedUpdater
from xstilts.train.update import Updater
Kind = ShardedUpdater if os.environ.get("ACCELERATE_USE_FSDP") == "true" else Updater
death, add, noted, spread = int(sys.argv[1]), Kind._add_gradient, [], []
def noting(self, number, parts, examples):
    spread[:] = getattr(self, "split", ([], []))[1]
    if number == death and self.processes.index == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    noted.append([number, [row for part in parts for row in part.rows.tolist()]])
    return add(self, number, parts, examples)
Kind._add_gradient = noting
sys.argv = sys.argv[2:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    rank, parts = os.environ["RANK"], sum(weight.to_local().numel() for weight in spread)
    open(f"noted-{rank}.json", "w").write(json.dumps(noted))
    open(f"parts-{rank}.json", "w").write(json.dumps([parts, sum(weight.numel() for weight in spread)]))
"""


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_shares_are_all_rows_once_and_even(count: int) -> None:
    rows, loads = np.arange(5), np.zeros(count, int)
    for turn in range(count):
        shares = [Processes(count, index).share(rows, turn) for index in range(count)]
        assert sorted(np.concatenate(shares)) == list(rows)
        assert np.ptp([len(share) for share in shares]) <= 1
        loads += [len(share) for share in shares]
    assert set(loads) == {5}


@pytest.fixture
def repository(parameter_files: Any, every_kind: Path, public: Path) -> Callable[..., Path]:
    """A working directory with phase 1 of the route `all`: batches and dev of many sizes, odd ones among them."""
    root = Path(parameter_files.root)
    shutil.copytree(public, root / "data" / "public")

    def make(cache: Path = every_kind, **changed: Any) -> Path:
        shutil.copytree(cache, root / "data" / "tokenized" / "all" / "learn")
        usual = {"frozen_layers": 0, "learning_rate": 1.0e-3, "train_inputs": True, "precision": "fp32"}
        usual |= {"batch_size": 7, "token_budget": 150, "evaluations": 100, "resume_minutes": 1.0e-9}
        usual |= {"epochs": 1.0, "patience": None, "cooldown": None}
        parameter_files.edit("stages/tasks/all.yaml", lambda task: task["intermediate"].update({**usual, **changed}))
        return root

    return make


def launch(root: Path, how: str = LAUNCH, death: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the stage in two processes, on a port that is free; `death`: the update in which process 1 dies."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ACCELERATE_USE_CPU": "true"}
    (root / "noting.py").write_text(NOTING)
    command = [sys.executable, "-m", *how.split(), "noting.py", str(death), str(SCRIPT), "plain", "all", "0"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def taken(root: Path) -> dict[str, bytes]:
    """The files of the checkpoint, which are taken away."""
    found = {path.name: path.read_bytes() for path in (root / OUT).iterdir()}
    shutil.rmtree(root / OUT)
    return found


@pytest.mark.slow
@pytest.mark.stage
@pytest.mark.equivalence
@pytest.mark.parametrize(
    ("how", "changed"),
    [
        (LAUNCH, {"precision": "bf16"}),
        (SHARDED, {"precision": "bf16"}),
        (LAUNCH, {}),
        (LAUNCH, {"tune": "lora"}),
        (LAUNCH, {"terms": {"public_distance": 3.0}}),
        (SHARDED, {"terms": {"public_distance": 3.0}}),
        (SHARDED, {}),
        (SHARDED, {"frozen_layers": 1, "train_inputs": False}),
        (SHARDED, {"tune": "head", "train_inputs": False}),
    ],
    ids=["bf16", "sharded-bf16", "full", "lora", "term", "sharded-term", "sharded", "sharded-part", "sharded-head"],
)
def test_two_processes_train_as_one_does(
    how: str, changed: dict[str, Any], repository: Callable[..., Path], trajectory_of: Callable[..., Any]
) -> None:
    """Losses within 2e-4, weights within 5e-5, the same dev scores and counts; of sharded layers each has half."""
    root = repository(accumulation=2, **changed)
    runpy.run_path(str(SCRIPT))["main"]("plain", "all", 0)
    one = trajectory_of(root / OUT)
    shutil.rmtree(root / OUT)
    done = launch(root, how)
    assert done.returncode == 0, done.stderr
    two = trajectory_of(root / OUT)
    last = f" {two.card['updates']}/{two.card['updates']} "
    assert sum(last in line for line in done.stderr.splitlines()) == 1, "one process reports"
    assert len(one.losses) > 10
    losses, weights = one.apart(two)
    half = changed.get("precision") == "bf16"
    assert losses < (BF16_LOSS if half else LOSS)
    assert half or weights < WEIGHT
    if not half:
        assert two.card["english_dev"] == pytest.approx(one.card["english_dev"], abs=1e-6)
    assert {name: two.card[name] for name in ("updates", "examples", "tokens")} == {
        name: one.card[name] for name in ("updates", "examples", "tokens")
    }
    assert [path.name for path in (root / OUT).parent.iterdir()] == [OUT.name]
    shares = [read_json(root / f"noted-{index}.json") for index in (0, 1)]
    assert sorted(row for share in shares for _, rows in share for row in rows) == list(range(one.card["examples"]))
    parts = [read_json(root / f"parts-{index}.json") for index in (0, 1)]
    trained = how == SHARDED and changed.get("tune") != "head"
    assert [own for own, _ in parts] == [whole // 2 for _, whole in parts] == [parts[0][1] // 2] * 2
    assert (parts[0][1] > 0) == trained
    for update in range(1, one.card["updates"] + 1):
        sizes = [sum(len(rows) for number, rows in share if number == update) for share in shares]
        assert np.ptp(sizes) <= 1


@pytest.mark.slow
@pytest.mark.stage
@pytest.mark.equivalence
def test_sharded_layers_below_a_feature_map(
    tiny: Any, repository: Callable[..., Path], trajectory_of: Callable[..., Any]
) -> None:
    """Gradients of a task with a map go back through frozen layers; so must those of batches without one, or pictures.

    Batches are so small that many leave a process without a share.
    """
    entry = tiny.features("forty", np.random.default_rng(0).normal(2, 3, size=(sum(tiny.REGIONS), 40)))
    rows = {
        s: [row for t in ("looks", "follows") for row in tiny.rows(t, 9, i)] for i, s in enumerate(("train", "dev"))
    }
    root = repository(tiny.cache("mapped", rows, entry), frozen_layers=1, train_inputs=False, token_budget=40)
    runpy.run_path(str(SCRIPT))["main"]("plain", "all", 0)
    one = trajectory_of(root / OUT)
    shutil.rmtree(root / OUT)
    done = launch(root, SHARDED)
    assert done.returncode == 0, done.stderr
    losses, weights = one.apart(trajectory_of(root / OUT))
    assert losses < LOSS
    assert weights < WEIGHT
    shares = [read_json(root / f"noted-{index}.json") for index in (0, 1)]
    assert sum(not rows for share in shares for _, rows in share) > 1
    assert any(name.startswith("inputs.") for name in one.weights)


@pytest.mark.slow
@pytest.mark.stage
@pytest.mark.equivalence
@pytest.mark.parametrize("how", [LAUNCH, SHARDED], ids=["whole", "sharded"])
def test_two_processes_resume_as_one_does(how: str, repository: Callable[..., Path]) -> None:
    """Bit for bit, with dropout, of which each process has random numbers of its own."""
    root = repository(dropout=0.1, evaluations=3)
    whole = launch(root, how)
    assert whole.returncode == 0, whole.stderr
    expected = taken(root)
    assert launch(root, how, death=12).returncode != 0
    assert not (root / OUT).exists()
    (state,) = root.glob("scratch/*/state.safetensors")
    assert not np.array_equal(*(load_file(state)[f"random/{index}/cpu"] for index in (0, 1)))
    again = launch(root, how)
    assert again.returncode == 0, again.stderr
    assert "resumes from there" in again.stderr
    assert taken(root) == expected
    assert not list((root / "scratch").iterdir())
