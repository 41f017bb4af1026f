"""A run that was killed and resumed writes the same bytes as one that was not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from xstilts.base.files import read_json
from xstilts.train import resume
from xstilts.train.phase import train_phase
from xstilts.train.processes import Processes
from xstilts.train.resume import CARD, DRAFT, FILE, run_inputs
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater

Settings = Callable[..., TrainSettings]
FILES = ("checkpoint.json", "model.safetensors")
EVERY = 1e-9  # minutes: a state after every update


class Killed(BaseException):
    """What nothing catches, as a process that is gone."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[int]]:
    """Let the process die in a certain update, or never; gives the updates that are made."""
    step = Updater.step

    def at(number: int | None) -> list[int]:
        made: list[int] = []

        def dying(self: Updater, update: int, *arguments: Any) -> float:
            loss = step(self, update, *arguments)
            if update == number:
                raise Killed
            made.append(update)
            return loss

        monkeypatch.setattr(Updater, "step", dying)
        return made

    return at


@pytest.fixture
def phase(every_kind: Path, learn: Path, public: Path, tmp_path: Path, make_settings: Settings) -> Callable[..., Path]:
    """Train on a mixture of every kind (or without the one that needs every word), with all that is random."""

    def run(name: str = "out", minutes: float = EVERY, cache: str = "", **changed: Any) -> Path:
        usual = {"epochs": 1.0, "batch_size": 8, "evaluations": 5, "dropout": 0.1, "learning_rate": 1e-3}
        settings = make_settings(**{**usual, "train_inputs": True, "resume_minutes": minutes, **changed})
        train_phase(learn if cache else every_kind, public, tmp_path / name, settings, 3, scratch=tmp_path / "scratch")
        return tmp_path / name

    return run


def contents(checkpoint: Path) -> list[bytes]:
    return [(checkpoint / name).read_bytes() for name in FILES]


def states(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "scratch").glob(f"*/{FILE}"))


RUNS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "bf16": {"precision": "bf16", "dropout": 0.0},
    "trimmed": {"cache": "learn"},
    "lora": {"tune": "lora"},
    "head": {"tune": "head", "train_inputs": False},
    "patience": {"epochs": 3.0, "patience": 1, "cooldown": 0.3},
}


@pytest.mark.equivalence
@pytest.mark.parametrize("changed", RUNS.values(), ids=RUNS)
@pytest.mark.usefixtures("four_processors")
def test_killed_and_resumed_is_never_killed(
    changed: dict[str, Any], phase: Callable[..., Path], kill: Callable[[int | None], list[int]], tmp_path: Path
) -> None:
    """Bit for bit: weights, dev scores, curve and counts; killed three times, before and after the best state."""
    made = kill(None)
    expected = contents(phase("whole", minutes=0, **changed))
    last, random = made[-1], np.random.default_rng()
    assert last > 10
    for deaths in ([1], [2, last], sorted(random.integers(3, last, 3).tolist())):
        begun = 1
        for death in deaths:
            made = kill(death)
            with pytest.raises(Killed):
                phase(**changed)
            assert made == list(range(begun, death)), deaths
            assert len(states(tmp_path)) == (death > 1), deaths
            begun = death
        made = kill(None)
        assert contents(phase(**changed)) == expected, deaths
        assert made == list(range(begun, last + 1)), deaths
        assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.equivalence
def test_a_state_says_as_much_as_a_run_knows(
    phase: Callable[..., Path], kill: Callable[[int | None], list[int]], tmp_path: Path
) -> None:
    """Weights, both moments and the step of each weight that was touched, best weights, random numbers, no pickle."""
    kill(32)
    with pytest.raises(Killed):
        phase()
    (state,) = states(tmp_path)
    assert sorted(path.name for path in state.parent.iterdir()) == sorted([CARD, FILE])
    tensors = load_file(state)
    parts = {part: {n for n in tensors if n.startswith(f"{part}/")} for part in ("weight", "optimizer", "best")}
    names = {name.removeprefix("weight/") for name in parts["weight"]}
    assert parts["optimizer"] == {f"optimizer/{kind}/{n}" for n in names for kind in ("exp_avg", "exp_avg_sq", "step")}
    untrained = {f"best/heads.parses.names.{kind}" for kind in ("attribute", "object")}  # a checkpoint has them too
    assert parts["best"] == {f"best/{name}" for name in names} | untrained
    assert tensors.keys() - set().union(*parts.values()) == {"random/0/cpu"}
    with safe_open(state, framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
    assert facts["result"]["updates"] == facts["schedule"]["last_epoch"] == 31
    assert facts["result"]["curve"]


def truncated(state: Path) -> None:
    state.write_bytes(state.read_bytes()[:-1000])


def of_other_inputs(state: Path) -> None:
    with safe_open(state, framework="pt") as file:
        metadata = {**file.metadata(), "inputs": "0" * 32}
    save_file(load_file(state), state, metadata)


def of_another_model(state: Path) -> None:
    tensors = load_file(state)
    tensors.pop(next(name for name in tensors if name.startswith("weight/")))
    with safe_open(state, framework="pt") as file:
        metadata = file.metadata()
    save_file(tensors, state, metadata)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncated, "the file is damaged"),
        (of_other_inputs, "it was made from other inputs"),
        (of_another_model, "its weights are those of another model"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_in_words(
    damage: Callable[[Path], None],
    reason: str,
    phase: Callable[..., Path],
    kill: Callable[[int | None], list[int]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Training then starts over and writes what it always does."""
    kill(None)
    expected = contents(phase("whole", minutes=0))
    kill(9)
    with pytest.raises(Killed):
        phase()
    damage(states(tmp_path)[0])
    made = kill(None)
    capsys.readouterr()
    assert contents(phase()) == expected
    assert made[0] == 1
    said = [line for line in capsys.readouterr().err.splitlines() if "is not used" in line]
    assert len(said) == 1
    assert reason in said[0]
    assert said[0].endswith("; training starts over")
    assert not states(tmp_path)


def test_there_is_one_state_per_checkpoint(
    phase: Callable[..., Path],
    kill: Callable[[int | None], list[int]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A state of other inputs is deleted, with the reason; those of other checkpoints stay."""
    kill(9)
    for name, rate in (("other", 1e-3), ("out", 1e-3), ("out", 2e-3)):
        with pytest.raises(Killed):
            phase(name, learning_rate=rate)
    kept = [read_json(state.parent / CARD)["checkpoint"] for state in states(tmp_path)]
    assert sorted(kept) == [str(tmp_path / "other"), str(tmp_path / "out")]
    assert "is not used: changed since: settings; training starts over" in capsys.readouterr().err


def test_a_full_disk_ends_no_training(
    phase: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state is optional: what it says of one that could not be written, and the same checkpoint."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(resume, "save_file", full)
        phase()
    assert (
        "the state could not be written ([Errno 28] No space left on device); training goes on"
        in capsys.readouterr().err
    )
    assert states(tmp_path) == []


def test_a_state_that_was_cut_off_in_writing_is_replaced(
    phase: Callable[..., Path],
    kill: Callable[[int | None], list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The earlier state counts until the new one is whole."""

    def cut_off(*_: object) -> None:
        raise Killed

    kill(9)
    with pytest.raises(Killed):
        phase()
    kill(None)
    with monkeypatch.context() as patch:
        patch.setattr(resume.os, "replace", cut_off)
        with pytest.raises(Killed):
            phase()
    assert (states(tmp_path)[0].parent / DRAFT).exists()
    made = kill(None)
    phase()
    assert made[0] == 9
    assert not list((tmp_path / "scratch").iterdir())


def test_states_are_written_when_it_is_time(
    phase: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: Callable[[int | None], list[int]]
) -> None:
    """Every so many minutes, and never with 0."""
    clock = [0.0]
    monkeypatch.setattr(resume.time, "monotonic", lambda: clock[0])
    written: list[float] = []
    write = resume.StateFile.write
    monkeypatch.setattr(resume.StateFile, "write", lambda *a: (written.append(clock[0]), write(*a)))
    step = Updater.step
    monkeypatch.setattr(Updater, "step", lambda *a: (step(*a), clock.__setitem__(0, clock[0] + 20))[0])
    phase(minutes=1, epochs=0.5)
    assert written == [60.0 * (i + 1) for i in range(len(written))]
    assert len(written) > 3
    written.clear()
    phase("never", minutes=0, epochs=0.5)
    assert not written


@pytest.mark.parametrize("changed", [{"seed": 4}, {"start": "start"}, {"cache": "learn"}, {"settings": "decay"}])
def test_another_input_is_another_state(
    changed: dict[str, Any], learn: Path, every_kind: Path, public: Path, tmp_path: Path, make_settings: Settings
) -> None:
    """The hash has everything; how often a state is written is no input."""
    settings = make_settings()
    usual = {"cache": every_kind, "public": public, "start": None, "settings": settings, "seed": 3}
    known = run_inputs(**usual, processes=Processes())
    assert known == run_inputs(**{**usual, "settings": replace(settings, resume_minutes=1.0)}, processes=Processes())
    shutil.copytree(public, tmp_path / "start")
    given = {
        "seed": 4,
        "start": tmp_path / "start",
        "cache": learn,
        "settings": replace(settings, weight_decay=0.5),
    }
    (name,) = changed
    other = run_inputs(**{**usual, name: given[name]}, processes=Processes())
    assert {one for one in known if known[one] != other[one]} == {name}
    assert json.loads(json.dumps(known)) == known
    assert hashlib.sha256(b"").hexdigest() not in known["code"].values()  # of a folder that is not there


def test_processes_that_do_not_all_see_a_state_start_over_together(
    phase: Callable[..., Path],
    kill: Callable[[int | None], list[int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As on machines without a common scratch folder; one that resumed alone would wait for the others for ever."""
    kill(9)
    with pytest.raises(Killed):
        phase()
    made = kill(None)
    agreed = iter([True, True])  # somebody does not have it, and somebody does
    monkeypatch.setattr("xstilts.train.processes.Processes.any", lambda self, true: next(agreed, true))
    phase()
    assert made[0] == 1
    assert "another process does not have it; let all have the same scratch folder" in capsys.readouterr().err
