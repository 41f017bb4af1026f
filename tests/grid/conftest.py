"""A small repository with a pipeline of shell commands, and a Slurm of one node where it can be started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

SLURM = """ClusterName=loop
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/d
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/d.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d.log
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=1000
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Toy:
    """A repository with a pipeline of small shell commands, each of which notes that it ran in a file outside of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root, root.parent / "log"

    def dvc(self, *arguments: str) -> str:
        run = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def write(self, stages: dict[str, Any], path: str = "dvc.yaml") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))

    def run(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """`xstilts grid run`, two stages at once."""
        command = (*COMMAND, "run", "--jobs", "2", *arguments)
        run = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        assert (run.returncode == 0) == ok, run.stdout + run.stderr
        return run

    def ran(self) -> list[str]:
        """What ran since the last time it was asked."""
        lines = self.log.read_text().split() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def lock(self, path: str = "dvc.lock") -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load((self.root / path).read_text())["stages"]
        return content

    def commit(self) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "add", "-A"], cwd=self.root, check=True)
        subprocess.run(["git", *identity, "commit", "--quiet", "-m", "state"], cwd=self.root, check=True)


COMMAND = (sys.executable, "-c", "from xstilts.cli import app; app()", "grid")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    root = tmp_path / "toy"
    root.mkdir()
    monkeypatch.chdir(root)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    made = Toy(root)
    made.dvc("init", "--quiet")
    made.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site"))
    (root / "in").write_text("1\n")
    (root / ".gitignore").write_text("/scratch/\n")
    return made


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Slurm of one node on loopback, without accounting (Debian: slurm-wlm)."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))):
        pytest.skip("Slurm is not installed, or this is not root")
    folder = Path("/run") / f"xstilts-slurm-{os.getpid()}"  # munge wants a folder that nobody else may write to
    (folder / "munge").mkdir(parents=True)
    (folder / "ctld").mkdir()
    (folder / "d").mkdir()
    conf = folder / "slurm.conf"
    conf.write_text(SLURM.format(host=socket.gethostname().partition(".")[0], folder=folder))
    os.environ["SLURM_CONF"] = str(conf)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    munge = [f"--{name}={folder}/munge/{name}" for name in ("pid-file", "seed-file", "log-file")]
    daemons = [
        ["munged", "--force", "--foreground", f"--socket={folder}/munge/socket", f"--key-file={key}", *munge],
        ["slurmctld", "-f", str(conf), "-D"],
        ["slurmd", "-f", str(conf), "-D"],
    ]
    running = []
    try:
        for daemon in daemons:
            running.append(subprocess.Popen(daemon, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(0.5)
        _wait_for_node()
        yield
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()
        del os.environ["SLURM_CONF"]
        shutil.rmtree(folder)


def _wait_for_node() -> None:
    end = time.monotonic() + 60
    while True:
        shown = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False).stdout
        if "idle" in shown:
            return
        assert time.monotonic() < end, "Slurm did not start"
        time.sleep(0.5)
