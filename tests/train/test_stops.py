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

from xstilts.train import loop
from xstilts.train.resume import stop_requests
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


def cut_off_by(number: int, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process a signal amid an update, or amid the dev scoring after it."""
    step, score = Updater.step, loop.evaluate
    kind, at = where.split()

    def signalled(self: Updater, update: int, *arguments: Any) -> float:
        if (kind, update) == ("update", int(at)):
            os.kill(os.getpid(), number)
        return step(self, update, *arguments)

    def scored(*arguments: Any) -> None:
        if (kind, arguments[5]) == ("scoring", int(at)):
            os.kill(os.getpid(), number)
        score(*arguments)

    monkeypatch.setattr(Updater, "step", signalled)
    monkeypatch.setattr(loop, "evaluate", scored)


@pytest.mark.stage
@pytest.mark.equivalence
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("where", ["update 20", "update 90", "scoring 90"])
def test_a_stage_that_was_asked_to_stop_is_finished_by_the_same_command(
    number: signal.Signals,
    where: str,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It fails with one line, also at its end, so that DVC goes no further; the state of the update is kept."""
    here()
    expected = checkpoint(repository)
    shutil.rmtree(repository / OUT)
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        cut_off_by(number, where, patch)
        with pytest.raises(SystemExit, match="1"):
            here()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    said = capsys.readouterr().err.splitlines()[-1]
    at = where.split()[1]
    assert said == f"error: learn: stopped after update {at} of 90; the same command resumes from there"
    assert not (repository / OUT).exists()
    here()
    assert f"learn {at}/90  resumes from there" in capsys.readouterr().err
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


def test_a_stage_whose_dvc_has_died_is_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would take its output; a stage that was started by hand outlives its shell."""
    monkeypatch.setenv("DVC_STAGE", "target")
    with stop_requests() as asked:
        assert not asked()
        monkeypatch.setattr(os, "getppid", lambda: 1)
        assert asked()
    monkeypatch.undo()
    with stop_requests() as asked:
        monkeypatch.setattr(os, "getppid", lambda: 1)
        assert not asked()


def test_an_interrupt_amid_the_imports_is_a_sentence() -> None:
    # a shell's background jobs ignore SIGINT, and so would this one
    heeded = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"import xstilts, os, signal, time; {heeded}; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert run.stderr == "error: interrupted; the same command starts again\n"
