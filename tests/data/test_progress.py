"""What takes long says how much is done, how fast, and how long it will take; what is done at once says nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from xstilts.data.progress import PIECE, Progress, copy, tracked


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is eight seconds after the one before."""
    monkeypatch.setattr("xstilts.data.progress.time.monotonic", itertools.count(0.0, 8.0).__next__)


def test_a_line_has_count_rate_and_time_left(slow: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(tracked(iter("abcd"), "rows", 4)) == ["a", "b", "c", "d"]
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "  2 of 4 rows, 0.1 rows/s, time left 0:00:24"  # two in 24 s
    assert said[-1].startswith("  4 of 4 rows")
    assert said[-1].endswith("time left 0:00:00")


def test_only_what_is_done_now_counts_for_the_rate(slow: None, capsys: pytest.CaptureFixture[str]) -> None:
    Progress("images", 100, done=90).advance(0)
    progress = Progress("images", 100, done=90)
    progress.advance(2)
    progress.advance(2)
    assert capsys.readouterr().err.endswith("  94 of 100 images, 0.2 images/s, time left 0:00:36\n")


def test_without_a_total_a_share_tells_the_time_left(slow: None, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("images")
    progress.advance(3, share=0.25)
    progress.advance(3, share=0.5)
    progress.advance(3)
    progress.advance(3)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "  6 images (50%), 0.2 images/s, time left 0:00:24"
    assert "time left" not in second


def test_what_is_done_at_once_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * (PIECE // 256) + b"more")
    copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert capsys.readouterr().err == ""
