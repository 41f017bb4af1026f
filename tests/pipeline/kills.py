"""Kill a study at random moments until it is done, again and again, and compare it with one that nobody disturbed.

    PYTHONPATH=tests/support python tests/pipeline/kills.py WORK --kills 100 [--stages score collect report page chosen]

WORK gets a clone of the repository, shrunk until a stage takes seconds, and `runs.json`, a list of all commands.
A kill hits at a random moment of a random stage; the next command goes on from what it left. Once all stages are done,
every file of data/ and metrics/ is compared with the undisturbed run, and all is deleted for the next round. With
`--stages`, only what these make is deleted, and each kill comes while the next of them runs: rounds of cheap stages
that train nothing. The same command goes on where it was stopped, and prints the table of docs/reference/faults.md at
its end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from conftest import Pipeline, copy_tree, digests, environment_of, make_encoder, shrink

REPRO = (sys.executable, "-m", "dvc", "repro")
GRID = (sys.executable, "-c", "from xstilts.cli import app; app()", "grid", "run", "--jobs", "2")
SIGNALS = ("SIGKILL", "SIGINT", "SIGTERM")
FAULTS = [(whom, name) for whom in ("stage", "dvc", "group", "grid") for name in SIGNALS]
WORDS = {"stage": "the stage", "dvc": "`dvc repro`", "group": "all of `dvc repro`", "grid": "`xstilts grid run`"}
ROUTES = ("none", "gqa")  # where a round trains; the first alone where it does not
TRIES = 3  # a command that fails without a kill so many times in a row has lost something
DEADLINE = 1200.0  # seconds in which a command ends after its kill


@dataclass
class Run:
    """One command in the clone, and what became of it.

    Attributes:
        started: the stages that it started, as `raw.py gqa`.
        running: those that ran when the kill came.
        said: its last lines.
        code: its exit code; below 0, the signal that it died of.
    """

    whom: str
    signal: str | None
    started: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    code: int = 0
    traceback: bool = False
    seconds: float = 0.0
    round: int = 0


def prepare(work: Path, routes: Sequence[str]) -> Pipeline:
    """The clone in `work`, of so many routes and one target; made at the first call."""
    root, log, tools = work / "clone", work / "executed.log", work / "bin"
    if not root.exists():
        (draft := work / "draft").mkdir(parents=True)
        (encoder := work / "encoder").mkdir()
        copy_tree(draft)
        shrink(draft, make_encoder(encoder))
        choices = yaml.safe_load((draft / "params.yaml").read_text())
        choices["study"]["intermediates"] = list(routes)
        (draft / "params.yaml").write_text(yaml.safe_dump(choices, sort_keys=False))
        often = (draft / "stages/defaults.yaml").read_text().replace("resume_minutes: 5.0", "resume_minutes: 1.0e-6")
        (draft / "stages/defaults.yaml").write_text(often)
        clone = Pipeline(draft, log, {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"})
        clone.environment |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        clone.run("git", "init", "--quiet")
        clone.dvc("config", "--local", "core.site_cache_dir", str(work / "site"))
        clone.commit()
        draft.rename(root)
    shutil.rmtree(tools, ignore_errors=True)
    return Pipeline(root, log, environment_of(root, tools, log))


def wipe(clone: Pipeline, stages: Sequence[str] = ()) -> None:
    """Back to a clone in which nothing has run or, if stages are named, none of these."""
    whole = () if stages else ("data", "metrics", "scratch", ".dvc/cache")
    for name in (*whole, ".dvc/cache/runs", ".dvc/tmp"):
        shutil.rmtree(clone.root / name, ignore_errors=True)
    for lock in clone.root.rglob("dvc.lock"):
        if stages:
            take_back(clone.root, lock, stages)
        else:
            lock.unlink()
    if stages:
        clone.dvc("gc", "--workspace", "--force")  # else what they made would come back from the cache
    clone.log.write_text("")


def take_back(root: Path, lock: Path, stages: Sequence[str]) -> None:
    """Delete what the named stages of a lock file made, and their entries."""
    content = yaml.safe_load(lock.read_text())
    gone = {name: entry for name, entry in content["stages"].items() if name.split("@")[0] in stages}
    for path in (root / out["path"] for entry in gone.values() for out in entry["outs"]):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    content["stages"] = {name: entry for name, entry in content["stages"].items() if name not in gone}
    lock.write_text(yaml.safe_dump(content, sort_keys=False))


def run(clone: Pipeline, whom: str, name: str | None, chance: random.Random, pause: float, aim: str = "") -> Run:
    """Run the study until it ends or, at a moment that chance decides, a signal hits `whom` of it.

    Args:
        name: the signal; None: none is sent.
        pause: seconds between the starts of two stages, in the mean.
        aim: the stage during which it comes, as `score`; else it may be any.
    """
    starts = chance.randrange(3)

    def begun(started: list[str]) -> bool:
        return any(line.startswith(f"stages/{aim}.py") for line in started) if aim else len(started) >= starts

    before, began, found = len(clone.log.read_text().splitlines()), time.monotonic(), Run(whom, name)
    with (clone.root.parent / "said.log").open("w+") as said:
        process = subprocess.Popen(
            GRID if whom == "grid" else REPRO,
            cwd=clone.root,
            env=clone.environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        delay = chance.uniform(0, 0.5 * pause if aim else 1.5 * pause)
        if name and _moment(process, lambda: begun(clone.log.read_text().splitlines()[before:]), delay):
            found.running = _hit(process, whom, getattr(signal, name))
        else:
            found.signal = None
        found.code = process.wait(DEADLINE if found.signal else None)
        said.seek(0)
        lines = [line.rstrip() for line in said if line.strip()]
    found.said, found.traceback = lines[-3:], any(line.startswith("Traceback") for line in lines)
    found.started = [line.removeprefix("stages/") for line in clone.log.read_text().splitlines()[before:]]
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _moment(process: subprocess.Popen[bytes], begun: Callable[[], bool], delay: float) -> bool:
    """Wait until it has begun, and then for a while; false if the command ended before."""
    while not begun() and process.poll() is None:
        time.sleep(0.1)
    end = time.monotonic() + delay
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
    return process.poll() is None


def _hit(process: subprocess.Popen[bytes], whom: str, number: signal.Signals) -> list[str]:
    """Send the signal; return the stages that ran at that moment."""
    stages = _stages(process.pid)
    while whom == "stage" and not stages and process.poll() is None:
        stages = _stages(process.pid)
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(next(iter(stages), process.pid) if whom == "stage" else process.pid, number)
    return list(stages.values())


def _stages(parent: int) -> dict[int, str]:
    """The stages that run below a process: {pid: `raw.py gqa`}."""
    found = {}
    try:
        for child in psutil.Process(parent).children(recursive=True):
            words = child.cmdline()
            if len(words) > 1 and words[1].startswith("stages/"):
                found[child.pid] = " ".join(words[1:]).removeprefix("stages/")
    except psutil.NoSuchProcess:
        pass
    return found


def mend(clone: Pipeline, failed: Run) -> None:
    """What the documentation says after a kill: a lock file that cannot be read is deleted."""
    for lock in clone.root.rglob("dvc.lock"):
        try:
            yaml.safe_load(lock.read_text())
        except yaml.YAMLError:
            print(f"{lock}: deleted, {failed.said[-1]}", flush=True)
            lock.unlink()


def lost_work(runs: list[Run]) -> list[tuple[Run, str]]:
    """Stages of one round that had ended when a kill came and were computed again all the same, with that run."""
    last: dict[str, Run] = {}
    lost = []
    for one in runs:
        for stage in one.started:
            if stage in last and last[stage].signal and stage not in last[stage].running:
                lost.append((last[stage], stage))
            last[stage] = one
    return lost


def table(runs: list[Run], rounds: list[dict[str, Any]]) -> str:
    """One row per fault: kills, and of these the ones after which the study came out the same, byte by byte."""
    whole = {one["round"] for one in rounds if not one["differing"]}
    ended = {one["round"] for one in rounds}
    by_round = defaultdict(list)
    for one in runs:
        if one.round in ended:
            by_round[one.round].append(one)
    again = Counter((one.whom, one.signal) for part in by_round.values() for one, _ in lost_work(part))
    lines = ["| fault | kills | survived | lost | ended stages computed again |", "|---|---|---|---|---|"]
    for whom, name in FAULTS:
        kills = [one for one in runs if (one.whom, one.signal) == (whom, name) and one.round in ended]
        good = sum(one.round in whole for one in kills)
        row = (f"{name} to {WORDS[whom]}", len(kills), good, len(kills) - good, again[whom, name])
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


def undisturbed(clone: Pipeline, file: Path, stages: Sequence[str]) -> dict[str, Any]:
    """What a run that nobody kills makes, from `file` or from such a run: hashes, and seconds between two stages."""
    if not file.exists():
        wipe(clone)
        calm = run(clone, "dvc", None, random.Random(), 0)
        assert calm.code == 0, calm.said
        found = {"pause": calm.seconds / len(calm.started), "digests": digests(clone.root), "stages": calm.started}
        file.write_text(json.dumps(found))
        wipe(clone, stages)
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def compare(clone: Pipeline, expected: dict[str, str], rounds: list[dict[str, Any]]) -> None:
    """End a round: note which files are not as they should be."""
    now = digests(clone.root)
    differing = [path for path in now | expected if now.get(path) != expected.get(path)]
    rounds.append({"round": len(rounds), "differing": differing})
    print(f"round {len(rounds)}: {len(now)} files, differing: {differing}", flush=True)


def main(work: Path, kills: int, seed: int, stages: Sequence[str]) -> None:
    """Make the kills that are not made yet."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
    clone = prepare(work, ROUTES[:1] if stages else ROUTES)
    runs_file, rounds_file = work / "runs.json", work / "rounds.json"
    calm = undisturbed(clone, work / "calm.json", stages)
    runs = [Run(**one) for one in json.loads(runs_file.read_text())] if runs_file.exists() else []
    rounds = json.loads(rounds_file.read_text()) if rounds_file.exists() else []
    failures = 0
    while (made := sum(one.signal is not None for one in runs)) < kills or runs[-1].round == len(rounds):
        whom, name = FAULTS[made % len(FAULTS)]
        aim = stages[made % len(stages)] if stages else ""
        chance = random.Random(f"{seed} {len(runs)}")
        one = run(clone, whom, name if made < kills else None, chance, calm["pause"], aim)
        one.round = len(rounds)
        runs.append(one)
        runs_file.write_text(json.dumps([vars(each) for each in runs], indent=1))
        print(json.dumps(vars(one)), flush=True)
        failures = failures + 1 if one.code and not one.signal else 0
        assert failures < TRIES, one.said
        if failures:
            mend(clone, one)
        if one.code == 0 and not one.signal:
            compare(clone, calm["digests"], rounds)
            rounds_file.write_text(json.dumps(rounds, indent=1))
            wipe(clone, stages)
    print(table(runs, rounds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", nargs="*", default=(), help="those that are killed, in the order in which they run")
    given = parser.parse_args()
    main(given.work.resolve(), given.kills, given.seed, given.stages)
