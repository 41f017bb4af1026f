"""Stages side by side: DVC's rules hold as if they had run one after another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest
import yaml

from .conftest import COMMAND, Toy

pytestmark = pytest.mark.stage
WAIT = "for i in $(seq 300); do test -e {0} && break; sleep 0.1; done; test -e {0}"


def _beside(name: str, other: str) -> str:
    """A command that ends only if another one runs beside it."""
    return f"sh -c 'touch {name}.on; {WAIT.format(other + '.on')}; echo {name} >> ../log; cat a > {name}'"


# b and c each wait for a file that the other one makes: they end only side by side. d reads both.
DIAMOND: dict[str, Any] = {
    "a": {"cmd": "echo a >> ../log; cat in > a", "deps": ["in"], "outs": ["a"]},
    "b": {
        "cmd": f"sh -c 'touch b.on; {WAIT.format('c.on')}; echo b >> ../log; cat a > b'",
        "deps": ["a"],
        "outs": ["b"],
    },
    "c": {
        "cmd": f"sh -c 'touch c.on; {WAIT.format('b.on')}; echo c >> ../log; cat a > c'",
        "deps": ["a"],
        "outs": ["c"],
    },
    "d": {
        "cmd": "sh -c 'echo d >> ../log; cat b c > d'",
        "deps": ["b", "c"],
        "metrics": [{"d": {"cache": False}}],
    },
}


@pytest.fixture(autouse=True)
def _pipeline(toy: Toy) -> None:
    toy.write(DIAMOND)


def test_stages_run_side_by_side_in_the_right_order(toy: Toy) -> None:
    shown = toy.run().stdout
    assert "[1/4] a\n" in shown
    assert shown.splitlines()[-1].startswith("4 stages ran in 0 min")
    assert "lock file" not in shown  # DVC's own words
    first, *middle, last = toy.ran()
    assert (first, sorted(middle), last) == ("a", ["b", "c"], "d")
    assert (toy.root / "d").read_text() == "1\n1\n"


def test_dvc_finds_everything_done_and_locks_as_it_writes_them(toy: Toy) -> None:
    toy.run()
    toy.ran()
    own = toy.lock()
    assert "up to date" in toy.dvc("status")
    toy.dvc("repro")
    assert toy.ran() == []
    for name in ("a", "b", "c", "d"):  # one after another, b and c find the other's file at once
        (toy.root / name).unlink()
    (toy.root / "dvc.lock").unlink()
    toy.dvc("repro", "--no-run-cache")
    assert toy.lock() == own


def test_nothing_runs_twice_and_going_back_restores(toy: Toy) -> None:
    toy.run()
    toy.ran()
    assert toy.run().stdout == "nothing to do: every stage is up to date\n"
    assert toy.ran() == []
    (toy.root / "in").write_text("2\n")
    toy.run()
    assert sorted(toy.ran()) == ["a", "b", "c", "d"]
    (toy.root / "in").write_text("1\n")
    assert "d: restored from the cache" in toy.run().stdout
    assert toy.ran() == []
    assert (toy.root / "d").read_text() == "1\n1\n"
    assert "up to date" in toy.dvc("status")


def test_a_failure_stops_what_depends_on_it_and_keeps_the_rest(toy: Toy) -> None:
    broken = DIAMOND | {"c": DIAMOND["c"] | {"cmd": "sh -c 'touch c.on; echo error: no luck; exit 3'"}}
    toy.write(broken)
    failed = toy.run(ok=False)
    assert failed.stderr == "error: c ended with exit code 3: error: no luck\n"
    assert "c | error: no luck" in failed.stdout
    assert toy.ran() == ["a", "b"]
    assert set(toy.lock()) == {"a", "b"}
    toy.write(DIAMOND)
    toy.run()
    assert toy.ran() == ["c", "d"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_ends_the_stages_and_leaves_whole_locks(toy: Toy) -> None:
    slow = DIAMOND | {"d": DIAMOND["d"] | {"cmd": "sh -c 'echo started >> ../log; sleep 60'"}}
    toy.write(slow)
    process = subprocess.Popen([*COMMAND, "run", "--jobs", "2"], cwd=toy.root, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while "started" not in (toy.log.read_text() if toy.log.exists() else ""):
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.strip().endswith("error: stopped; the same command goes on from here")
    assert set(toy.lock()) == {"a", "b", "c"}


def test_a_missing_dependency_is_a_sentence_and_what_runs_beside_it_ends(toy: Toy) -> None:
    toy.write(DIAMOND | {"e": {"cmd": "cat nowhere > e", "deps": ["nowhere"], "outs": ["e"]}})
    failed = toy.run(ok=False)
    assert failed.stderr.startswith("error: e: ")
    assert "nowhere" in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert "a" in toy.lock()


@pytest.mark.parametrize("content", ["stages: [", "stages: {a: {cmd: 3, deps: {}}}"])
def test_a_broken_pipeline_is_a_sentence(toy: Toy, content: str) -> None:
    (toy.root / "dvc.yaml").write_text(content)
    failed = toy.run(ok=False)
    assert failed.stderr.startswith("error: DVC: ")
    assert "dvc.yaml" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_second_dvc_is_waited_for_in_words(toy: Toy) -> None:
    from dvc.repo import Repo

    with Repo(str(toy.root)).lock:
        failed = toy.run(ok=False)
    assert failed.stderr == "error: another DVC command runs here; wait for its end, then run this again\n"


def test_what_a_killed_dvc_lost_of_a_lock_file_is_restored(toy: Toy) -> None:
    toy.run()
    toy.ran()
    whole = toy.lock()
    kept = {name: whole[name] for name in ("a", "d")}
    (toy.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": kept}))
    toy.run()
    assert toy.ran() == []
    assert toy.lock() == whole
    (toy.root / "dvc.lock").write_text("schema: '2.0'\nstages:\n  a:\n    cmd: [")
    failed = toy.run(ok=False)
    assert "dvc.lock" in failed.stderr
    assert "run-cache once the file is deleted" in failed.stderr
    (toy.root / "dvc.lock").unlink()
    toy.run()
    assert toy.ran() == []
    assert toy.lock() == whole


def test_an_error_of_its_own_ends_the_stages_that_run(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    from xstilts.grid.local import Runner
    from xstilts.grid.plan import open_repo

    toy.write({"a": {"cmd": "sleep 300", "deps": ["in"], "outs": ["a"]}})
    runner = Runner(open_repo(), 1, 1)

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(runner.ended, "get", break_down)
    with pytest.raises(RuntimeError, match="a bug"):
        runner.run(["dvc.yaml"])
    (job,) = runner.running.values()
    assert job.process.poll() is not None


def test_a_dry_run_says_what_stages_of_a_kind_took_before(toy: Toy) -> None:
    """Nothing is known of a kind that never ran; of others it is the mean, by as many as are missing."""
    cells = {"cell@x", "cell@y"}
    one = {"cmd": "head -c 1000 in > ${item.name}", "deps": ["in"], "outs": ["${item.name}"]}
    stages = {"cell": {"matrix": {"name": ["x", "y"]}, **one}}
    (toy.root / "in").write_text("1" * 1000)
    toy.write(stages)
    before = toy.run("--dry-run").stdout
    assert before.splitlines()[0].split() == ["2", "cell", "-", "-"]
    assert "has run here before" in before
    toy.run()
    assert set(json.loads((toy.root / "scratch/grid/seconds.json").read_text())) == cells
    (toy.root / "scratch/grid/seconds.json").write_text(json.dumps(dict.fromkeys(cells, 3600)))
    (toy.root / "in").write_text("2" * 1000)
    after = toy.run("--dry-run").stdout.splitlines()
    assert after[0].split() == ["2", "cell", "2.00", "h", "2.0", "kB"]
    assert after[1].split(maxsplit=1)[1].endswith("run-cache: 2.00 h if one runs after another, 2.0 kB")
