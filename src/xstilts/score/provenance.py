"""Where a score comes from: code revision, versions, hardware. A file of its own, since it differs by machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Any

import torch

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "pyarrow", "numpy")


def provenance(precision: str) -> dict[str, Any]:
    """Code revision, package versions, precision and hardware of this process."""
    return {
        "revision": _revision(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "precision": precision,
        "hardware": torch.cuda.get_device_name() if torch.cuda.is_available() else _processor(),
        "threads": torch.get_num_threads(),
    }


def _revision() -> str:
    """The git commit, with `+changes` if the tree differs from it; `unknown` outside a repository."""
    try:
        run = subprocess.run(["git", "describe", "--always", "--dirty=+changes"], capture_output=True, text=True)
    except OSError:
        return "unknown"
    return run.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
