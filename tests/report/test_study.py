"""The table of routes by language, and how it is printed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from xstilts.cache import write_json
from xstilts.errors import DataError
from xstilts.report.study import cell_path, read_study
from xstilts.report.table import print_study


def cell(english: float, german: float, data: str = "pictograms") -> dict[str, Any]:
    return {
        "metric": "accuracy",
        "data": data,
        "accuracy": {"en": english, "de": german, "zero_shot": german},
        "gap": round(english - german, 4),
        "blind": {"en": 0.25, "de": 0.2, "zero_shot": 0.2},
        "types": {"en": {"query": english, "verify": 0.5}, "zero_shot": {"query": german, "verify": 0.4}},
    }


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    accuracies = {"none": [(0.5, 0.25), (0.7, 0.35)], "gqa": [(0.8, 0.4), (0.8, 0.6)]}
    for route, seeds in accuracies.items():
        for seed, (english, german) in enumerate(seeds):
            write_json(cell_path(tmp_path, "xgqa", route, seed), cell(english, german))
    return tmp_path


def test_one_seed(cells: Path) -> None:
    part = read_study(cells, ["xgqa"], ["gqa", "none"], [0])["xgqa"]
    assert part["data"] == "pictograms"
    assert part["seeds"] == 1
    assert list(part["accuracy"]) == ["gqa", "none"]
    assert part["accuracy"]["none"] == {"en": 0.5, "de": 0.25, "zero_shot": 0.25, "gap": 0.25}
    assert part["blind"]["gqa"] == {"en": 0.25, "de": 0.2, "zero_shot": 0.2}
    assert part["types"]["gqa"] == {"query": 0.8, "verify": 0.5}
    assert "spread" not in part


def test_mean_and_spread_over_seeds(cells: Path) -> None:
    part = read_study(cells, ["xgqa"], ["none", "gqa"], [0, 1])["xgqa"]
    assert part["seeds"] == 2
    assert part["accuracy"]["none"] == {"en": 0.6, "de": 0.3, "zero_shot": 0.3, "gap": 0.3}
    assert part["types"]["none"]["query"] == 0.6
    assert part["spread"]["none"]["en"] == 0.1414  # |0.7 - 0.5| / sqrt(2)
    assert part["spread"]["gqa"]["en"] == 0


def test_data_of_two_worlds_share_no_table(cells: Path) -> None:
    write_json(cell_path(cells, "xgqa", "gqa", 0), cell(0.6, 0.3, "official"))
    with pytest.raises(DataError, match=r"gqa-s0\.json: found data 'official', expected 'pictograms'"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])


def test_a_missing_cell_is_named(cells: Path) -> None:
    with pytest.raises(DataError, match=r"squad-s0\.json: found no such file"):
        read_study(cells, ["xgqa"], ["none", "squad"], [0])


def test_stale_cells_are_left_alone(cells: Path) -> None:
    """Only what params.yaml names is read, whatever else lies in metrics/study."""
    cell_path(cells, "xgqa", "text", 0).write_text("broken")
    assert list(read_study(cells, ["xgqa"], ["none"], [0])["xgqa"]["accuracy"]) == ["none"]


def test_printed_tables(cells: Path) -> None:
    out = io.StringIO()
    print_study(read_study(cells, ["xgqa"], ["none", "gqa"], [0]), Console(file=out, width=120))
    lines = [line.split() for line in out.getvalue().splitlines() if line.strip()]
    assert ["none", "50.0", "25.0", "25.0", "25.0", "25.0", "20.0"] in lines  # en de zero-shot gap, blind
    assert ["gqa", "80.0", "50.0"] in lines  # query, verify
    assert "pictograms data, one seed" in out.getvalue()
