"""Progress where no terminal shows a bar: a line now and then, and one at the end."""

from __future__ import annotations

import pytest

from xstilts.train import progress
from xstilts.train.progress import Progress


def lines(capsys: pytest.CaptureFixture[str], updates: int, shown: bool = True) -> list[str]:
    with Progress("gqa", updates, shown) as bar:
        for update in range(1, updates + 1):
            bar.advance(update, 2.5 / update, examples=8 * update, tokens=100 * update)
            bar.note(f"dev 0.{update}")
    return capsys.readouterr().err.splitlines()


def test_the_last_update_is_always_told(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, 5)
    assert line.startswith("gqa 5/5  loss 0.500  ")
    assert line.endswith("  0 s left  dev 0.4")


def test_every_due_line_has_rates(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100, 2))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(progress, "QUIET_SECONDS", 3.0)
    found = lines(capsys, 5)
    assert [line.split()[1] for line in found] == ["2/5", "4/5", "5/5"]
    assert "4 examples/s  50 tokens/s  6 s left" in found[0]


def test_one_process_of_several_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, 5, shown=False) == []
