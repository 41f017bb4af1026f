"""What this process may use of the machine: processors and memory."""

from __future__ import annotations

import os

SHARE = "XSTILTS_PROCESSORS"  # environment variable: how many processors a stage may use beside others


def processors() -> int:
    """How many processors this process may use: those that the system gives it, or as many as `SHARE` says."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get(SHARE, "")
    return min(given, max(1, int(share))) if share.isdecimal() else given


def free_bytes() -> int:
    """Memory that is free, or can be made free at once; a great deal where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return 1 << 62
