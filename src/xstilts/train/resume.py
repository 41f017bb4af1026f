"""Resuming a run that was stopped or killed: stop requests, and the run's state on disk with its inputs.

A state is a directory `<scratch>/<hash of all inputs>/` with `run.json` (which checkpoint it is for, and the inputs)
and `state.safetensors` (see `xstilts.train.run`). It is no output: it is deleted once the checkpoint is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import read_object, sha256_of, write_json
from xstilts.train.processes import Processes
from xstilts.train.run import ForeignState, Run
from xstilts.train.settings import TrainSettings

CARD, FILE, DRAFT = "run.json", "state.safetensors", "state.safetensors.part"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PACKAGE = Path(__file__).parents[1]
CODE = ("base", "model", "train")
LIBRARIES = ("torch", "transformers", "accelerate", "peft", "numpy")


class Stopped(XstiltsError):
    """Training was asked to stop and did, unfinished."""


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether the process was asked to stop (Ctrl-C, SIGTERM) since the block began.

    A second signal does what it would have done without this: it ends the process at once. Signals reach the main
    thread alone; in another one the function sees none. A stage whose DVC has died is asked to stop as well: nobody
    would take its output.
    """
    asked: list[int] = []
    before: dict[int, Any] = {}
    parent = os.getppid() if "DVC_STAGE" in os.environ else None

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        put_back()

    def put_back() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    if threading.current_thread() is threading.main_thread():
        before = {one: signal.signal(one, note) for one in SIGNALS}
    try:
        yield lambda: bool(asked) or parent not in (None, os.getppid())
    finally:
        put_back()


class StateFile:
    """The state of one run on disk.

    Args:
        scratch: the directory of all states.
        checkpoint: what the run will write; there is never more than one state for it.
        inputs: what the run is made from (see `run_inputs`), as JSON.
        minutes: between two writes.
    """

    def __init__(self, scratch: Path, checkpoint: Path, inputs: dict[str, Any], minutes: float) -> None:
        self.scratch, self.checkpoint, self.inputs, self.minutes = scratch, checkpoint, inputs, minutes
        self.name = hashlib.sha256(json.dumps([str(checkpoint), inputs], sort_keys=True).encode()).hexdigest()[:32]
        self.place = scratch / self.name
        self.last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to write the state again."""
        return time.monotonic() - self.last >= 60 * self.minutes

    def write(self, run: Run, processes: Processes) -> None:
        """Replace the state by the run's; all processes call this, the main one writes.

        A disk that is full ends no training: the state is optional, and an earlier one stays.
        """
        tensors, metadata = run.tensors(processes), {"inputs": self.name, "facts": json.dumps(run.facts())}
        if processes.is_main:
            try:
                self._replace(tensors, metadata)
            except (OSError, SafetensorError) as error:
                (self.place / DRAFT).unlink(missing_ok=True)
                print(f"{self.place}: the state could not be written ({error}); training goes on", file=sys.stderr)
        processes.wait()  # the launcher ends all processes once one has exited, and the main one is writing
        self.last = time.monotonic()

    def _replace(self, tensors: dict[str, Any], metadata: dict[str, str]) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        write_json(self.place / CARD, {"checkpoint": str(self.checkpoint), "inputs": self.inputs})
        save_file(tensors, self.place / DRAFT, metadata)
        os.replace(self.place / DRAFT, self.place / FILE)

    def restore(self, run: Run, processes: Processes) -> bool:
        """Set the run to its state, if there is one that fits; else say why not, and delete it."""
        refused, (state, reason) = self._others(), self._state()
        if processes.any(state is None) and processes.any(state is not None):
            state, reason = None, reason or "another process does not have it; let all have the same scratch folder"
        try:
            if state:
                run.restore(*state, processes)
        except ForeignState as error:
            state, reason = None, str(error)
        refused += [(self.place, reason)] if reason else []
        processes.wait()  # until all have read what the main one deletes
        for place, why in refused if processes.is_main else []:
            print(f"{self.checkpoint}: the state in {place} is not used: {why}; training starts over", file=sys.stderr)
            shutil.rmtree(place, ignore_errors=True)
        return state is not None

    def delete(self) -> None:
        """Delete the state: the run is done."""
        shutil.rmtree(self.place, ignore_errors=True)

    def _state(self) -> tuple[tuple[dict[str, Any], dict[str, Any]] | None, str]:
        """Tensors and facts of the state, or None and why it is not used; "" where there is none."""
        try:
            return (self._read() if (self.place / FILE).exists() else None), ""
        except ForeignState as error:
            return None, str(error)

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors and facts of the state; `ForeignState` with the reason if it is not one of this run."""
        try:
            with safe_open(self.place / FILE, framework="pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
        except (SafetensorError, OSError) as error:
            raise ForeignState(f"the file is damaged ({error})") from None
        if about.get("inputs") != self.name:
            raise ForeignState("it was made from other inputs")
        return tensors, json.loads(about["facts"])

    def _others(self) -> list[tuple[Path, str]]:
        """States for this checkpoint that were made from other inputs, and which inputs differ."""
        found = []
        for card in sorted(self.scratch.glob(f"*/{CARD}")):
            try:
                about = read_object(card, "checkpoint", "inputs")
            except DataError:
                continue
            if about["checkpoint"] == str(self.checkpoint) and card.parent != self.place:
                known = about["inputs"] if isinstance(about["inputs"], dict) else {}
                differing = [name for name, value in self.inputs.items() if known.get(name) != value]
                found.append((card.parent, f"changed since: {', '.join(differing)}"))
        return found


def run_inputs(
    cache: Path, public: Path, start: Path | None, settings: TrainSettings, seed: int, processes: Processes
) -> dict[str, Any]:
    """Hashes and values of everything that decides a run's numbers, as JSON: with all the same, a run may be resumed.

    Features are named in the cache's card by their hash. Number of processes, device and versions count as well: with
    others, sums are rounded differently. The number of threads decides nothing.
    """
    machine = {"device": processes.device.type, "processes": processes.count}
    machine |= {"layers": "sharded"} if processes.sharded else {}
    machine |= {"card": torch.cuda.get_device_name(processes.device)} if processes.device.type == "cuda" else {}
    return {
        "cache": sha256_of_tree(cache),
        "public encoder": sha256_of_tree(public),
        "start": start and sha256_of_tree(start),
        "settings": settings.deciding(),
        "seed": seed,
        "code": {name: sha256_of_tree(PACKAGE / name, "*.py") for name in CODE},
        "versions": {name: version(name) for name in LIBRARIES},
        "machine": machine,
    }


def sha256_of_tree(path: Path, names: str = "*") -> str:
    """One SHA-256 for the names and contents of all files in a directory and below it."""
    files = sorted(file for file in path.rglob(names) if file.is_file())
    listed = "".join(f"{file.relative_to(path).as_posix()} {sha256_of(file)}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()
