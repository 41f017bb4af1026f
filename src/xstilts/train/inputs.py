"""What decides the numbers of a training run, as JSON: a state may be taken up only where all of it is the same."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from xstilts.base.files import sha256_of
from xstilts.base.threads import processors
from xstilts.train.processes import Processes
from xstilts.train.settings import TrainSettings

PACKAGE = Path(__file__).parents[1]
CODE = ("model", "train", "cache.py", "threads.py")
LIBRARIES = ("torch", "transformers", "accelerate", "peft", "numpy")


def run_inputs(
    cache: Path, public: Path, start: Path | None, settings: TrainSettings, seed: int, processes: Processes
) -> dict[str, Any]:
    """Hashes and values of all that a run is made from.

    Features are named in the cache's card by their hash. Number of processes and threads, device and versions count as
    well: with others, sums are rounded otherwise.
    """
    machine = {"device": processes.device.type, "processes": processes.count, "processors": processors()}
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
    """One SHA-256 for the names and contents of a file, or of all files in a directory and below it."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob(names) if file.is_file())
    listed = "".join(f"{file.relative_to(path).as_posix()} {sha256_of(file)}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()
