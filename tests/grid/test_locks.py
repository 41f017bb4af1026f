"""Lock files: large ones are written seldom, and those of two branches are merged, so that nothing is computed again.

The merge is one by real git and real DVC.
"""

from __future__ import annotations

import subprocess
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from xstilts.grid import local
from xstilts.grid.locks import merge

from .conftest import COMMAND, Toy


def _cell(name: str, *, cmd: str = "") -> dict[str, Any]:
    return {"cmd": cmd or f"sh -c 'echo {name} >> ../log; cat in > {name}'", "deps": ["in"], "outs": [name]}


ALL = {name: _cell(name) for name in ("a", "b", "c", "d")}
ENTRIES = {"one": {"cmd": "1"}, "two": {"cmd": "2"}}


def _git(toy: Toy, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    run = subprocess.run(["git", *identity, *arguments], cwd=toy.root, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) == ok, run.stdout + run.stderr
    return run


def _merge_locks(toy: Toy, ok: bool = True) -> subprocess.CompletedProcess[str]:
    run = subprocess.run([*COMMAND, "merge-locks"], cwd=toy.root, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) == ok, run.stdout + run.stderr
    return run


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "joined", "left_out"),
    [
        ({}, {"one": ENTRIES["one"]}, {"two": ENTRIES["two"]}, ENTRIES, []),
        (ENTRIES, ENTRIES | {"one": {"cmd": "3"}}, ENTRIES, ENTRIES | {"one": {"cmd": "3"}}, []),
        (ENTRIES, ENTRIES, {"two": ENTRIES["two"]}, {"two": ENTRIES["two"]}, []),
        (ENTRIES, ENTRIES | {"one": {"cmd": "3"}}, ENTRIES | {"one": {"cmd": "4"}}, {"two": ENTRIES["two"]}, ["one"]),
        (ENTRIES, ENTRIES | {"one": {"cmd": "3"}}, {"two": ENTRIES["two"]}, {"two": ENTRIES["two"]}, ["one"]),
        ({}, {"one": {"cmd": "3"}}, {"one": {"cmd": "3"}}, {"one": {"cmd": "3"}}, []),
        ({}, {"one": {"cmd": "3"}}, {"one": {"cmd": "4"}}, {}, ["one"]),
    ],
)
def test_an_entry_comes_from_the_branch_that_changed_it(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], joined: dict[str, Any], left_out: list[str]
) -> None:
    assert merge(base, ours, theirs) == (joined, left_out)
    assert merge(base, theirs, ours) == (joined, left_out)


@pytest.mark.stage
def test_cells_of_two_branches_are_joined_and_none_runs_again(toy: Toy) -> None:
    """Both added a cell; both also computed `d` anew, each with a command of its own."""
    toy.write({name: ALL[name] for name in ("a", "d")})
    toy.run()
    toy.commit()
    _git(toy, "branch", "-M", "main")
    _git(toy, "branch", "other")
    for branch, added, words in (("main", "b", "ours"), ("other", "c", "theirs")):
        _git(toy, "checkout", "--quiet", branch)
        toy.write({"a": ALL["a"], added: ALL[added], "d": _cell("d", cmd=f"sh -c 'echo {words} >> ../log; echo > d'")})
        toy.run()
        toy.commit()
    _git(toy, "checkout", "--quiet", "main")
    assert "dvc.lock" in _git(toy, "merge", "other", ok=False).stdout
    toy.write(ALL)
    _git(toy, "add", "dvc.yaml")
    toy.ran()
    said = _merge_locks(toy).stdout
    assert said.startswith("dvc.lock: joined; both branches changed d\n")
    assert set(toy.lock()) == {"a", "b", "c"}
    toy.run()
    assert toy.ran() == []  # `d` is as it was before the branches: the run-cache has it
    assert set(toy.lock()) == set(ALL)
    assert "up to date" in toy.dvc("status")
    toy.commit()
    assert "no dvc.lock is in conflict" in _merge_locks(toy, ok=False).stderr


@pytest.mark.parametrize(("seconds", "pause"), [(0.01, local.DUMP_SECONDS), (3.0, 600.0)])
def test_large_lock_files_are_written_seldom(seconds: float, pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing them takes at most 0.5 % of the time."""
    clock = [0.0]

    def write(*_: Any) -> None:
        clock[0] += seconds

    monkeypatch.setattr(local, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(local, "write_lock", write)
    runner = local.Runner(SimpleNamespace(lock=nullcontext()), jobs=1, processors=1)
    runner.unwritten = [SimpleNamespace(dvcfile=SimpleNamespace(path="dvc.yaml"))]
    runner._write_locks()
    assert runner.next_writing == pytest.approx(seconds + pause)
