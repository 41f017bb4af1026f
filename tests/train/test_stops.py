"""A training stage that is really killed, terminated or interrupted: it fails, and the same command finishes it."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from xstilts.train.update import Updater

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "stages" / "intermediate.py"
OUT = "data/intermediate/plain/all-s0"


@pytest.fixture
def repository(parameter_files: Any, tiny: Any, learn: Path) -> Path:
    """A working directory in which phase 1 of the route `all` takes some dozen updates."""
    root = Path(parameter_files.root)
    shutil.copytree(learn, root / "data" / "tokenized" / "all" / "learn")
    shutil.copytree(tiny.public(), root / "data" / "public")
    few = {"patience": None, "cooldown": None}
    few |= {"epochs": 6.0, "batch_size": 8, "dropout": 0.1, "frozen_layers": 0, "resume_minutes": 1.0e-9}
    parameter_files.edit("stages/tasks/all.yaml", lambda task: task["intermediate"].update(few))
    return root


def here() -> None:
    """Run the stage in this process."""
    runpy.run_path(str(SCRIPT))["main"]("plain", "all", 0)


def checkpoint(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / OUT).iterdir()}


def cut_off_by(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process a signal amid its twentieth update."""
    step = Updater.step

    def signalled(self: Updater, update: int, *arguments: Any) -> float:
        if update == 20:
            os.kill(os.getpid(), number)
        return step(self, update, *arguments)

    monkeypatch.setattr(Updater, "step", signalled)


@pytest.mark.stage
@pytest.mark.equivalence
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stage_that_was_asked_to_stop_is_finished_by_the_same_command(
    number: signal.Signals, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails with one line, and keeps the state of the update that it was in."""
    here()
    expected = checkpoint(repository)
    shutil.rmtree(repository / OUT)
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        cut_off_by(number, patch)
        with pytest.raises(SystemExit, match="1"):
            here()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "error: learn: stopped after update 20 of 90; the same command resumes from there"
    assert not (repository / OUT).exists()
    here()
    assert "learn 20/90  resumes from there" in capsys.readouterr().err
    assert checkpoint(repository) == expected
    assert not list((repository / "scratch").iterdir())


def start_stage() -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ACCELERATE_USE_CPU": "true"}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "plain", "all", "0"], env=environment, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.stage
@pytest.mark.equivalence
def test_a_stage_whose_process_is_gone_is_finished_by_the_same_command(repository: Path) -> None:
    """Killed as soon as there is a state; whichever update that was."""
    here()
    expected = checkpoint(repository)
    shutil.rmtree(repository / OUT)
    process, deadline = start_stage(), time.monotonic() + 120
    while not list(repository.glob("scratch/*/state.safetensors")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode != 0
    assert not (repository / OUT).exists()
    again = start_stage()
    assert "resumes from there" in again.communicate()[1]
    assert again.returncode == 0
    assert checkpoint(repository) == expected
