"""Taking up a run that was cut off: its state on disk, beside what it was made from.

A state is a directory `<scratch>/<hash of all inputs>/` with `run.json` (whose state it is, and the inputs) and
`state.safetensors` (see `xstilts.train.run`). It is no output: it is gone as soon as the checkpoint is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.train.processes import Processes
from xstilts.train.run import ForeignState, Run

CARD, FILE, DRAFT = "run.json", "state.safetensors", "state.safetensors.part"


class Keeper:
    """Keeps the state of one run on disk.

    Args:
        scratch: the directory of all states.
        cell: the checkpoint that the run is to leave; there is never more than one state of it.
        inputs: what the run is made from (see `xstilts.train.inputs`), as JSON.
        minutes: between two states.
    """

    def __init__(self, scratch: Path, cell: Path, inputs: dict[str, Any], minutes: float) -> None:
        self.scratch, self.cell, self.inputs, self.minutes = scratch, cell, inputs, minutes
        self.name = hashlib.sha256(json.dumps([str(cell), inputs], sort_keys=True).encode()).hexdigest()[:32]
        self.place = scratch / self.name
        self.last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to write a state."""
        return time.monotonic() - self.last >= 60 * self.minutes

    def write(self, run: Run, processes: Processes) -> None:
        """Write the run's state over the earlier one; all processes call this, the main one writes."""
        tensors, metadata = run.tensors(processes), {"inputs": self.name, "facts": json.dumps(run.facts())}
        if processes.is_main:
            self.place.mkdir(parents=True, exist_ok=True)
            write_json(self.place / CARD, {"cell": str(self.cell), "inputs": self.inputs})
            save_file(tensors, self.place / DRAFT, metadata)
            os.replace(self.place / DRAFT, self.place / FILE)
        processes.wait()  # one that leaves has the launcher end the others, and the main one is writing
        self.last = time.monotonic()

    def restore(self, run: Run, processes: Processes) -> bool:
        """Let the run go on from its state, if there is one that fits; else say why not, and delete it."""
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
            print(f"{self.cell}: the state in {place} is not used: {why}; training starts anew", file=sys.stderr)
            shutil.rmtree(place, ignore_errors=True)
        return state is not None

    def discard(self) -> None:
        """Delete the state: the run is done."""
        shutil.rmtree(self.place, ignore_errors=True)

    def _state(self) -> tuple[tuple[dict[str, Any], dict[str, Any]] | None, str]:
        """Tensors and facts of the state, or None and why it is not used; "" where there is none."""
        try:
            return (self._read() if (self.place / FILE).exists() else None), ""
        except ForeignState as error:
            return None, str(error)

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors and facts of the state; `ForeignState` with the reason if it is none of this run."""
        try:
            with safe_open(self.place / FILE, framework="pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
        except (SafetensorError, OSError) as error:
            raise ForeignState(f"the file is damaged ({error})") from None
        if about.get("inputs") != self.name:
            raise ForeignState("it was made from other inputs")
        return tensors, json.loads(about["facts"])

    def _others(self) -> list[tuple[Path, str]]:
        """States of this cell that other inputs led to, and in what those differ."""
        found = []
        for card in sorted(self.scratch.glob(f"*/{CARD}")):
            try:
                about = read_json(card)
            except DataError:
                continue
            if about["cell"] == str(self.cell) and card.parent != self.place:
                differing = [name for name, value in self.inputs.items() if about["inputs"].get(name) != value]
                found.append((card.parent, f"changed since: {', '.join(differing)}"))
        return found
