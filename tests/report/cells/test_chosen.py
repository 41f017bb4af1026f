"""What git keeps of the chosen cell: its files alone, and copied without slow imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from xstilts.base.files import read_json
from xstilts.report.cells.chosen import write_chosen, write_curves
from xstilts.report.cells.confusion import confusion_rows
from xstilts.report.cells.metrics import read_scores, target_metrics

CURVE = [{"update": 3, "loss": 0.5, "dev": 0.25}, {"update": 6, "loss": 0.125, "dev": 0.75}]


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_files_of_the_chosen_cell(scores: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics"
    write_chosen(scores, metrics, "xgqa")
    assert files_of(metrics) == [
        "confusion/xgqa.json",
        "curves/xgqa/plots/metrics/target/english_dev.tsv",
        "curves/xgqa/plots/metrics/target/loss.tsv",
        "xgqa.json",
    ]
    assert read_json(metrics / "xgqa.json") == target_metrics(read_scores(scores / "scores.json"))
    assert read_json(metrics / "confusion/xgqa.json") == confusion_rows(scores) != []


def test_curves_in_the_layout_of_dvclive(tmp_path: Path) -> None:
    """A phase in which nothing was trained has no curve, and an earlier one does not stay behind."""
    out = tmp_path / "curves" / "xgqa"
    write_curves({"intermediate": {"curve": CURVE}, "target": {"curve": CURVE}}, out)
    write_curves({"intermediate": None, "target": {"curve": CURVE}}, out)
    assert files_of(out) == ["plots/metrics/target/english_dev.tsv", "plots/metrics/target/loss.tsv"]
    assert files_of(tmp_path) == [f"curves/xgqa/{name}" for name in files_of(out)]
    folder = out / "plots/metrics/target"
    assert (folder / "english_dev.tsv").read_text() == "step\tenglish_dev\n3\t0.25\n6\t0.75\n"
    assert (folder / "loss.tsv").read_text() == "step\tloss\n3\t0.5\n6\t0.125\n"


def test_where_nothing_was_trained_there_is_an_empty_folder(tmp_path: Path) -> None:
    write_curves({"intermediate": None, "target": None}, tmp_path / "curves/tatoeba")
    assert (tmp_path / "curves/tatoeba").is_dir()
    assert files_of(tmp_path) == []


def test_collectors_import_base_and_themselves() -> None:
    """DVCLive takes ten seconds to import, torch two: neither is needed to copy numbers."""
    code = "import sys; import xstilts.report.cells.chosen, xstilts.report.cells.collect; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "xstilts.report.cells.chosen" in loaded
    assert not loaded & {"dvclive", "torch", "transformers", "scipy"}
    ours = {name for name in loaded if name.startswith("xstilts.") and name != "xstilts.report"}
    assert {name for name in ours if not name.startswith(("xstilts.base", "xstilts.report.cells"))} == set()
