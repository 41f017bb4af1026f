"""The report of every command: its structure, and positive numbers. Speeds are never asserted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from xstilts.bench.comparison import COMPARISONS, Plan
from xstilts.bench.job import Job
from xstilts.bench.report import compare
from xstilts.bench.rounds import Result
from xstilts.bench.step import PARTS
from xstilts.bench.table import print_report
from xstilts.cli import app

Run = Callable[[Job], Result]
Plans = Callable[..., Plan]
RATIOS = {
    "train": {"trainer_default", "trainer_best", "trainer_best_mean", "vqa_recipe"},
    "score": {"trainer_default", "trainer_best", "vqa_recipe"},
    "encode": {"map_default", "map_best", "vqa_features"},
    "step": set(),
}


def check(report: dict[str, Any], command: str, rounds: int = 1, peers: set[str] | None = None) -> None:
    """Assert what every report of a command holds, with these peers alone if they are named."""
    ratios = RATIOS[command] if peers is None else peers
    compared = [one for one in COMPARISONS[command] if peers is None or peers & {*one.peers}]
    sides = {side for one in compared for side in one.sides if peers is None or side not in RATIOS[command] - peers}
    assert set(report["sides"]) == sides
    assert report["command"] == command
    assert report["plan"]["rounds"] == rounds
    for entry in report["sides"].values():
        assert len(entry["rounds"]) == rounds
        for one in (*entry["rounds"], entry["median"]):
            assert one["seconds"] > 0
            assert one["examples_per_second"] > 0
            assert one["tokens_per_second"] > 0
            assert one["peak_memory_bytes"] > 0
    assert set(report["ratios"]) == set(report["ratio_ranges"]) == ratios
    for peer, ratio in report["ratios"].items():
        low, high = report["ratio_ranges"][peer]
        assert 0 < low <= ratio <= high
    assert {"torch", "transformers", "datasets"} <= set(report["versions"])
    assert report["hardware"]
    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("command", sorted(COMPARISONS))
def test_every_command_reports(command: str, make_plan: Plans, run_here: Run) -> None:
    report = compare(command, make_plan(rounds=2), note=lambda _: None, run=run_here)
    check(report, command, rounds=2)
    assert ("limit_fraction" in report) == (command in ("train", "score"))
    if "limit" in report:
        assert 0 < report["limit_fraction"] < 1
        assert report["limit"]["fp32"] > 0
        assert report["limit"]["bf16"] > 0
    text = shown(report)
    assert all(side in text for side in report["sides"])


def test_a_step_is_the_sum_of_its_parts(make_plan: Plans, run_here: Run) -> None:
    report = compare("step", make_plan(), note=lambda _: None, run=run_here)
    for entry in report["sides"].values():
        assert tuple(entry["median_step"]) == PARTS
        (only,) = entry["rounds"]
        assert sum(entry["median_step"].values()) * only["more"]["updates"] == pytest.approx(only["seconds"])
        assert all(entry["median_step"][part] > 0 for part in ("input", "forward", "backward", "optimizer"))


def test_quality_stands_beside_speed(make_plan: Plans, run_here: Run) -> None:
    plan = make_plan(quality=True, peers=("trainer_default",))
    report = compare("train", plan, note=lambda _: None, run=run_here)
    assert "English dev" in shown(report)
    assert all(0 <= entry["median"]["accuracy"] <= 1 for entry in report["sides"].values())


def test_a_busy_machine_is_named(make_plan: Plans, run_here: Run) -> None:
    report = compare("encode", make_plan(), note=lambda _: None, run=run_here)
    assert "do not quote" in shown({**report, "busy": 0.9})
    assert "do not quote" not in shown({**report, "busy": 0.0})


def shown(report: dict[str, Any]) -> str:
    """The report as the terminal shows it."""
    out = io.StringIO()
    print_report(report, Console(file=out, width=200))
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(COMPARISONS))
def test_the_command_line(command: str, caches: Path, public: Path, parameter_files: Any, tmp_path: Path) -> None:
    """Each side in a process of its own; one peer is enough here, since a process takes seconds to begin."""
    peers = {"train": {"vqa_recipe"}, "score": {"trainer_best"}, "encode": {"vqa_features"}}.get(command)
    for section in ("intermediate", "target"):
        parameter_files.edit("stages/defaults.yaml", lambda content, s=section: content[s].update(frozen_layers=1))
    out = tmp_path / "report.json"
    places = ["--cache", str(caches), "--public", str(public), "--threads", "1", "--json", str(out)]
    chosen = [word for peer in peers or () for word in ("--peer", peer)]
    result = CliRunner().invoke(app, ["bench", command, "--quick", *places, *chosen])
    assert result.exit_code == 0, result.output
    check(json.loads(out.read_text()), command, peers=peers)
    assert "medians of 1 rounds" in result.stdout


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["bench", "train", "--quick"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: data/tokenized/mnli/learn: found no cache")
    assert "--cache" in result.stderr


@pytest.mark.parametrize(
    ("command", "option"),
    [("score", ["--quality"]), ("step", ["--learning-rate", "1e-4"]), ("encode", ["--batch-size", "8"])]
    + [("study", option) for option in (["--quality"], ["--learning-rate", "1e-4"], ["--batch-size", "8"])],
)
def test_an_option_that_would_be_ignored_is_refused(command: str, option: list[str]) -> None:
    result = CliRunner().invoke(app, ["bench", command, *option])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {option[0]} belongs to `xstilts bench train`")
    assert f"found it with {command}" in result.stderr
