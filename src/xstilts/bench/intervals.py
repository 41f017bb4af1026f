"""Where the time of several threads went: intervals of named work, split so that they add up to the wall clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

OTHER = "other"
Interval = tuple[str, float, float]  # the work's name, its begin and its end in seconds


def split_wall(intervals: Iterable[Interval], begun: float, ended: float) -> dict[str, float]:
    """Seconds of each work between `begun` and `ended`; they sum to `ended - begun`.

    Moments in which several threads work are divided evenly among them; those in which none does are `other`.
    """
    events = [(max(at, begun), 1, name) for name, at, _ in intervals] + [(at, -1, name) for name, _, at in intervals]
    busy: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float, {OTHER: 0.0})
    last = begun
    for at, change, name in sorted(events):
        passed = min(at, ended) - last
        if passed > 0:
            threads = sum(busy.values())
            for work, count in busy.items() if threads else [(OTHER, 1)]:
                seconds[work] += passed * count / max(threads, 1)
            last = min(at, ended)
        busy[name] += change
    seconds[OTHER] += ended - last
    return dict(seconds)
