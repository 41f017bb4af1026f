"""How busy the machine is with other work before a measurement begins."""

from __future__ import annotations

import os
import time
from pathlib import Path

COUNTERS = Path("/proc/stat")  # Linux: time of all processors since the start, by what they did
IDLE = (3, 4)  # idle, and waiting for a disk
COUNTED = 8  # what follows (guests) is in the others too


def busyness(seconds: float = 1.0) -> float:
    """Part of all processors' time, 0..1, that other processes and other virtual machines took while this one slept.

    Where the system has no such counters: the average load of the last minute a processor.
    """
    if not COUNTERS.is_file():
        return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    idle, total = processor_time()
    time.sleep(seconds)
    idle_after, total_after = processor_time()
    return 1 - (idle_after - idle) / (total_after - total)


def processor_time() -> tuple[int, int]:
    """Ticks that all processors were idle, and all their ticks."""
    first = COUNTERS.read_text(encoding="ascii").split("\n", 1)[0]
    ticks = [int(one) for one in first.split()[1 : 1 + COUNTED]]
    return sum(ticks[place] for place in IDLE), sum(ticks)
