"""Several stages of a DVC pipeline at once, on this machine.

`dvc repro` runs one stage after another. Here a stage starts as soon as all that it reads is there, so that the cells
of a study are trained side by side. DVC decides, stage by stage, what is skipped, restored from the run-cache or run,
and the lock files say the same afterwards.
"""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xstilts.base.errors import XstiltsError
from xstilts.base.machine import SHARE, free_bytes, processors
from xstilts.grid.plan import Plan, Stage, make_plan, sentence

DUMP_SECONDS = 20.0  # between two writings of the lock files, each of which DVC reads and writes whole, at least
DUMP_SHARE = 0.005  # of the time goes into that, at most; what a killed run did not write, the run-cache has
STAGE_BYTES = 3 << 30  # memory that a stage may take: training multilingual-e5-small takes 1.5 GB
LINES = 12  # of a failed stage's output that are shown again at the end


def jobs_at_once() -> int:
    """One stage per processor, and no more than fit into the memory that is free; at least one."""
    return max(1, min(processors(), free_bytes() // STAGE_BYTES))


@dataclass
class Job:
    """A stage that runs.

    Attributes:
        locks: DVC's locks on what it reads and writes, released at its end.
        lines: the last of what it printed.
    """

    stage: Stage
    process: subprocess.Popen[str]
    locks: ExitStack
    started: float
    lines: list[str] = field(default_factory=list)


class Runner:
    """Runs a plan.

    Args:
        repo: a `dvc.repo.Repo`.
        jobs: how many stages run at once, at most.
        processors: how many they may use together.
        elsewhere: {address: why it must not run here} of stages that may only be restored.
    """

    def __init__(
        self, repo: Any, jobs: int, processors: int, elsewhere: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.repo, self.jobs, self.processors, self.elsewhere = repo, jobs, processors, elsewhere
        self.running: dict[Stage, Job] = {}
        self.ended: queue.Queue[Job] = queue.Queue()
        self.ran: dict[str, float] = {}
        self.failed: list[str] = []  # a sentence per stage
        self.unwritten: list[Stage] = []
        self.next_writing = time.monotonic() + DUMP_SECONDS
        self.asked: int | None = None

    def run(self, targets: Sequence[str]) -> dict[str, float]:
        """Bring some targets up to date; return the seconds of each stage that ran, in the order of their ends.

        Raises:
            XstiltsError: a stage failed (those beside it ran to their end, and no other was started), or the run was
                asked to stop by Ctrl-C or SIGTERM (training that was under way resumes from its last state).
        """
        with self.repo.lock:
            plan = make_plan(self.repo, targets)
        with self._stop_signals(), self.repo.scm_context(quiet=True):
            try:
                self._loop(plan)
            finally:
                self._stop_all()
                self._write_locks()
        if self.asked is not None:
            raise XstiltsError("stopped; the same command goes on from here")
        if self.failed:
            raise XstiltsError("\n".join(self.failed))
        return self.ran

    def lacking(self, plan: Plan, restore: bool = True) -> list[Stage]:
        """The stages of a plan that are not up to date.

        Args:
            restore: bring what the run-cache has into place first; else nothing is touched.
        """
        with self.repo.lock, self.repo.scm_context(quiet=True):
            while ready := plan.ready():
                plan.started |= set(ready)
                plan.done |= {one for one in ready if (self._is_current(one) if restore else not one.changed())}
        self._write_locks()
        return [stage for stage in plan.stages if stage not in plan.done]

    def _loop(self, plan: Plan) -> None:
        while True:
            if not self.failed and self.asked is None:
                self._start_all(plan)
            if not self.running:
                return
            try:
                job = self.ended.get(timeout=0.5)
            except queue.Empty:
                continue
            self._end(plan, job)
            if time.monotonic() > self.next_writing:
                self._write_locks()

    def _start_all(self, plan: Plan) -> None:
        """Start what is ready, as far as there is room; what turns out to be up to date makes more ready."""
        while len(self.running) < self.jobs and (ready := plan.ready()) and self.asked is None:
            stage = ready[0]
            plan.started.add(stage)
            share = max(1, self.processors // min(self.jobs, len(self.running) + len(ready)))
            with self._fails_alone(stage), self.repo.lock:
                if self._is_current(stage):
                    plan.done.add(stage)
                elif stage.addressing in self.elsewhere:
                    self.failed.append(f"{stage.addressing}: {self.elsewhere[stage.addressing]}")
                else:
                    self._start(stage, share, f"[{len(plan.done) + len(self.running) + 1}/{len(plan.stages)}]")

    @contextmanager
    def _fails_alone(self, stage: Stage) -> Iterator[None]:
        """Let what DVC or the system refuses be the failure of one stage, while those beside it run to their end."""
        from dvc.exceptions import DvcException

        try:
            yield
        except (DvcException, OSError) as error:
            self.failed.append(f"{stage.addressing}: {sentence(error)}")

    def _is_current(self, stage: Stage) -> bool:
        """Whether a stage need not run: nothing changed, or the run-cache has what it would write."""
        from dvc.dependency.base import DependencyDoesNotExistError
        from dvc.stage.cache import RunCacheNotFoundError

        if not stage.changed():
            return True
        for dependency in stage.deps:
            if not dependency.exists:
                raise DependencyDoesNotExistError(dependency)
        stage.remove_outs(ignore_remove=False, force=False)
        try:
            self.repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            return False
        self._keep(stage)
        print(f"{stage.addressing}: restored from the cache", flush=True)
        return True

    def _start(self, stage: Stage, share: int, place: str) -> None:
        from dvc.rwlock import rwlock
        from dvc.stage.run import _make_cmd, get_executable, prepare_kwargs

        stage.save_deps()
        locks, config = ExitStack(), self.repo.config["core"]
        paths = ([one.fs_path for one in stage.deps], [one.fs_path for one in stage.outs])
        words = " ".join(sys.argv)
        locks.enter_context(rwlock(self.repo.tmp_dir, self.repo.fs, words, *paths, config.get("hardlink_lock", False)))
        given = prepare_kwargs(stage)
        environment = given["env"] | {SHARE: str(share), "OMP_NUM_THREADS": str(share)}
        print(f"{place} {stage.addressing}", flush=True)
        process = subprocess.Popen(
            _make_cmd(get_executable(), stage.cmd),
            cwd=given["cwd"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches it through this process, once
        )
        job = Job(stage, process, locks, time.monotonic())
        self.running[stage] = job
        threading.Thread(target=self._follow, args=(job,), daemon=True).start()

    def _follow(self, job: Job) -> None:
        """Print what a stage prints, after its name while others print as well, and say when it has ended."""
        assert job.process.stdout is not None
        name = str(job.stage.addressing).rpartition(":")[2]  # `target@plain-gqa-0-xgqa`, without its file
        for line in job.process.stdout:
            job.lines = [*job.lines[1 - LINES :], line.rstrip()]
            beside_others = len(self.running) > 1
            print(f"{name} | {line.rstrip()}" if beside_others else line.rstrip(), flush=True)
        job.process.wait()
        self.ended.put(job)

    def _end(self, plan: Plan, job: Job) -> None:
        with self._fails_alone(job.stage), self.repo.lock:
            job.locks.close()
            del self.running[job.stage]
            if job.process.returncode:
                said = "; ".join(line for line in job.lines if line.startswith("error:"))
                code, todo = job.process.returncode, "its last lines stand above"
                self.failed.append(f"{job.stage.addressing} ended with exit code {code}: {said or todo}")
                return
            self._keep(job.stage)
            plan.done.add(job.stage)
            self.ran[job.stage.addressing] = time.monotonic() - job.started
            print(f"{job.stage.addressing}: {self.ran[job.stage.addressing]:.0f} s", flush=True)

    def _stop_all(self) -> None:
        """End what still runs; there is something only after an error of this process itself."""
        for job in list(self.running.values()):
            with suppress(ProcessLookupError):
                os.killpg(job.process.pid, signal.SIGTERM)
            job.process.wait()
            job.locks.close()

    def _keep(self, stage: Stage) -> None:
        """Put a stage's outputs into the cache and the run-cache; its entry in the lock file follows."""
        by_git = [out for out in stage.outs if not out.use_cache and not (out.is_metric or out.is_plot)]
        stage.save(run_cache=not by_git)
        stage.commit()
        self.unwritten.append(stage)

    def _write_locks(self) -> None:
        """Write the lock entries of what ended since the last time, one writing per file."""
        files: dict[str, list[Stage]] = {}
        began = time.monotonic()
        for stage in self.unwritten:
            files.setdefault(stage.dvcfile.path, []).append(stage)
        with self.repo.lock:
            for path, stages in files.items():
                write_lock(self.repo, Path(path).with_suffix(".lock"), stages)
        ended = time.monotonic()
        self.unwritten, self.next_writing = [], ended + max(DUMP_SECONDS, (ended - began) / DUMP_SHARE)

    @contextmanager
    def _stop_signals(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the stages, once each, instead of this process in the midst of a lock file."""

        def stop(number: int, frame: object) -> None:
            self.asked = number
            for job in list(self.running.values()):
                os.killpg(job.process.pid, number)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def write_lock(repo: Any, path: Path, stages: Sequence[Stage]) -> None:
    """Put the entries of some stages into a lock file, as a whole or not at all: DVC itself writes in place."""
    from dvc.dvcfile import Lockfile

    draft = path.with_name("dvc.lock.new")
    if path.exists():
        shutil.copyfile(path, draft)
    Lockfile(repo, str(draft)).dump_stages(stages)
    os.replace(draft, path)
