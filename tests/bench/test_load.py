"""What other work takes of the machine is read from the system's counters."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.bench import load

BEFORE = "cpu  100 0 50 1000 50 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("cpu  100 0 50 1150 100 0 0 0 0 0\n", 0.0),  # idle, or waiting for a disk
        ("cpu  200 0 150 1000 50 0 0 0 0 0\n", 1.0),
        ("cpu  100 0 50 1150 50 0 0 50 0 0\n", 0.25),  # taken by another virtual machine
        ("cpu  200 0 50 1100 50 0 0 0 100 0\n", 0.5),  # guests are in the first number too
    ],
)
def test_what_others_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str, expected: float) -> None:
    counters = tmp_path / "stat"
    counters.write_text(BEFORE)
    monkeypatch.setattr(load, "COUNTERS", counters)
    monkeypatch.setattr(load.time, "sleep", lambda _: counters.write_text(after))
    assert load.busyness() == expected


def test_without_counters_the_load_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "COUNTERS", tmp_path / "none")
    monkeypatch.setattr(load.os, "getloadavg", lambda: (4.0, 0.0, 0.0))
    monkeypatch.setattr(load.os, "cpu_count", lambda: 2)
    assert load.busyness() == 2.0
