"""What DVC hashes is what runs: in a worktree, a second clone, a temporary folder and the queue of experiments.

Each of them has sources of its own, while the package that Python has installed is that of another checkout.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
STAGE, OUT = "stages/data/dvc.yaml:check", "data/checked"
WORDS, EDITED = "The parameter files were checked.", "The parameter files of this checkout were checked."


def edit(root: Path) -> None:
    """Change what the stage `check` writes, in the sources of one checkout."""
    path = root / "src/xstilts/check/files.py"
    source = path.read_text()
    assert WORDS in source
    path.write_text(source.replace(WORDS, EDITED))


def locked(lock: str) -> str:
    """The hash of what the stage `check` wrote, as its lock file has it."""
    (out,) = yaml.safe_load(lock)["stages"]["check"]["outs"]
    assert out["path"] == OUT
    return str(out["md5"])


def hash_of(words: str) -> str:
    return hashlib.md5(f"{words}\n".encode()).hexdigest()


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_another_checkout_runs_its_own_code(checkout: Pipeline, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    make = ("worktree", "add", "--quiet") if kind == "worktree" else ("clone", "--quiet", str(checkout.root))
    checkout.run("git", *make, str(other))
    edit(other)
    checkout.root = other
    checkout.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site"))
    checkout.dvc("repro", STAGE)
    assert (other / OUT).read_text() == f"{EDITED}\n"
    assert locked((other / "stages/data/dvc.lock").read_text()) == hash_of(EDITED)


@pytest.mark.parametrize("way", ["--temp", "--queue"])
def test_an_experiment_runs_the_code_that_it_was_made_from(checkout: Pipeline, way: str) -> None:
    """The commit of the experiment has the edited source, and what the edited source wrote."""
    edit(checkout.root)
    checkout.dvc("exp", "run", way, "--name", "edited", STAGE)
    if way == "--queue":
        checkout.dvc("queue", "start")
        wait_for_the_queue(checkout)
    listed = checkout.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    (commit,) = [name for name in listed if name.endswith("/edited")]
    lock = checkout.run("git", "show", f"{commit}:stages/data/dvc.lock").stdout
    assert locked(lock) == hash_of(EDITED)
    assert EDITED in checkout.run("git", "show", f"{commit}:src/xstilts/check/files.py").stdout


def wait_for_the_queue(checkout: Pipeline, seconds: float = 120) -> None:
    """Wait until the one experiment in the queue has succeeded."""
    end = time.monotonic() + seconds
    while "Success" not in (status := checkout.dvc("queue", "status").stdout):
        assert "Failed" not in status, checkout.dvc("queue", "logs", "edited", ok=False).stdout
        assert time.monotonic() < end, status
        time.sleep(1)
