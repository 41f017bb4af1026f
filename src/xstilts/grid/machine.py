"""How many stages this machine can run at once."""

from __future__ import annotations

import os

STAGE_BYTES = 3 << 30  # memory that a stage may take: training multilingual-e5-small takes 1.5 GB


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_at_once() -> int:
    """One stage per processor, and no more than fit into the memory that is free; at least one."""
    return max(1, min(processors(), free_bytes() // STAGE_BYTES))


def free_bytes() -> int:
    """Memory that is free, or can be made free at once; a great deal where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return 1 << 62
