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

from xstilts.base.files import write_json
from xstilts.bench import report as module
from xstilts.bench.command import _caches
from xstilts.bench.comparison import COMPARISONS, Plan, chosen
from xstilts.bench.job import Job, Measured, Result
from xstilts.bench.report import alternate, compare, medians, print_report, ratios, summary
from xstilts.cli import app

Run = Callable[[Job], Result]
Plans = Callable[..., Plan]
RATIOS = {
    "train": {"trainer_default", "trainer_best", "trainer_best_mean", "trainer_frozen", "vqa_recipe", "vqa_best"},
    "score": {"trainer_default", "trainer_best", "vqa_recipe", "vqa_best"},
}


def test_sides_alternate() -> None:
    done: list[tuple[str, int]] = []

    def run(job: Job) -> dict[str, Any]:
        done.append((job.side, job.seed))
        return {"number": len(done)}

    jobs = {side: Job("train", side, "", seed=7) for side in ("a", "b")}
    results = alternate(jobs, 3, run, note=lambda _: None)
    assert done == [("a", 7), ("b", 7), ("b", 8), ("a", 8), ("a", 9), ("b", 9)]
    assert [result["number"] for result in results["b"]] == [2, 3, 6]


def test_medians_and_ratios() -> None:
    rounds = [Measured(10, 100, seconds, accuracy=None).result() for seconds in (1.0, 5.0, 2.0)]
    middle = medians(rounds)
    assert middle["examples_per_second"] == 5
    assert middle["tokens_per_second"] == 50
    assert middle["accuracy"] is None
    assert ratios(rounds, rounds[::-1]) == [2, 1, 0.5]


@pytest.mark.parametrize(("busy", "own", "expected"), [(0, 0, 0.0), (100, 0, 1.0), (75, 10, 0.5), (10, 10, 0.0)])
def test_what_others_take(monkeypatch: pytest.MonkeyPatch, busy: float, own: float, expected: float) -> None:
    """Four processors for ten seconds, of which this process and its children used some."""
    found = iter([(100.0, 50.0), (110.0, 50.0 + own)])
    monkeypatch.setattr(module, "_clocks", lambda: next(found))
    monkeypatch.setattr(module.psutil, "cpu_percent", lambda: busy)
    monkeypatch.setattr(module.psutil, "cpu_count", lambda: 4)
    assert module.Others().share() == expected


def check(report: dict[str, Any], command: str, rounds: int = 1, peers: set[str] | None = None) -> None:
    """Assert what every report of a command holds, with these peers alone if they are named."""
    wanted = RATIOS[command] if peers is None else peers
    compared = [one for one in COMPARISONS[command] if wanted & {peer.name for peer in one.peers}]
    sides = {side.name for one in compared for side in one.sides} - (RATIOS[command] - wanted)
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
    assert set(report["ratios"]) == set(report["ratio_ranges"]) == wanted
    for peer, ratio in report["ratios"].items():
        low, high = report["ratio_ranges"][peer]
        assert 0 < low <= ratio <= high
    assert set(report["processor_ratios"]) == wanted
    for peer, ratio in report["processor_ratios"].items():
        low, high = report["processor_ranges"][peer]
        assert 0 < low <= ratio <= high
    assert {"torch", "transformers", "datasets"} <= set(report["versions"])
    assert report["hardware"]
    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("command", sorted(COMPARISONS))
def test_every_command_reports(command: str, make_plan: Plans, run_here: Run) -> None:
    report = compare(command, make_plan(rounds=2), note=lambda _: None, run=run_here)
    check(report, command, rounds=2)
    assert 0 < report["limit_fraction"] < 1
    assert report["limit"]["fp32"] > 0
    assert report["limit"]["bf16"] > 0
    text = shown(report)
    assert all(side in text for side in report["sides"])
    assert ("saved beside equal work" in text) == (command == "train") == bool(report["saved"])


def test_equal_work_is_what_is_compared() -> None:
    """A peer that freezes as the pipeline does stands against that, any other against every weight, none trimmed."""

    def done(rate: float) -> Result:
        return Measured(10, 10, 10 / rate, processor_seconds=20 / rate).result()

    rates = {"ours": 24, "ours_all_weights": 12, "ours_untrimmed": 6, "trainer_frozen": 20, "trainer_best": 3}
    (comparison,) = chosen("train", Plan(Path(), {"text": "mnli"}, Path(), peers=("trainer_frozen", "trainer_best")))
    limit = Measured(0, 0, 1.0, more={"fp32": 10.0, "bf16": 20.0}).result()
    report = summary([comparison], {"limit": [limit], **{side: [done(rate)] for side, rate in rates.items()}})
    for name in ("ratios", "processor_ratios"):
        assert report[name] == pytest.approx({"trainer_frozen": 1.2, "trainer_best": 2.0})
    assert report["saved"]["text"] == pytest.approx({"trimming": 2.0, "freezing": 2.0})


def test_quality_stands_beside_speed(make_plan: Plans, run_here: Run) -> None:
    plan = make_plan(quality=True, peers=("trainer_default",))
    report = compare("train", plan, note=lambda _: None, run=run_here)
    assert "English dev" in shown(report)
    assert all(0 <= entry["median"]["accuracy"] <= 1 for entry in report["sides"].values())


def test_a_busy_machine_is_named(make_plan: Plans, run_here: Run) -> None:
    report = compare("score", make_plan(peers=("trainer_best",)), note=lambda _: None, run=run_here)
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
    peers = {"train": {"vqa_recipe"}, "score": {"trainer_best"}}[command]
    for section in ("intermediate", "target"):
        parameter_files.edit("stages/defaults.yaml", lambda content, s=section: content[s].update(frozen_layers=1))
    out = tmp_path / "report.json"
    places = ["--cache", str(caches), "--text", "mnli", "--vqa", "xgqa", "--public", str(public), "--threads", "1"]
    places += ["--json", str(out)]
    chosen = [word for peer in peers for word in ("--peer", peer)]
    result = CliRunner().invoke(app, ["bench", command, "--quick", *places, *chosen])
    assert result.exit_code == 0, result.output
    check(json.loads(out.read_text()), command, peers=peers)
    assert "medians of 1 rounds" in result.stdout


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["bench", "train", "--quick"])
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: data/tokenized: found no cache, expected a tokenised task; run `make repro`"
    )
    named = CliRunner().invoke(app, ["bench", "train", "--quick", "--text", "mnli"])
    assert "error: data/tokenized/mnli/learn: found no cache" in named.stderr
    assert "run `dvc repro stages/data/dvc.yaml:tokenized@mnli`" in named.stderr


def test_caches_that_are_there_are_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target's before another's; what has none is left out, and said to be."""
    cards = {"gqa": ("vqa", {}), "xgqa": ("vqa", {}), "snli_ve": ("classification", {}), "squad": ("span", None)}
    for name, (kind, features) in cards.items():
        (tmp_path / name / "learn").mkdir(parents=True)
        write_json(tmp_path / name / "learn/card.json", {"tasks": {name: {"kind": kind, "features": features}}})
    (tmp_path / "xgqa" / "test").mkdir()
    assert _caches(tmp_path, {"text": None, "vqa": None}) == {"vqa": "xgqa"}
    assert "no cache for --text, which is left out" in capsys.readouterr().err
    assert _caches(tmp_path, {"text": "mnli", "vqa": "gqa"}) == {"text": "mnli", "vqa": "gqa"}


@pytest.mark.parametrize("option", [["--quality"], ["--learning-rate", "1e-4"], ["--batch-size", "8"]])
def test_an_option_that_would_be_ignored_is_refused(option: list[str]) -> None:
    result = CliRunner().invoke(app, ["bench", "score", *option])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {option[0]} belongs to `xstilts bench train`")
