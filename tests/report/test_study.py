"""The table of routes by language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.report.places import cell_path
from xstilts.report.study import read_study


def cell(english: float, german: float, data: str = "pictograms") -> dict[str, Any]:
    return {
        "metric": "accuracy",
        "data": data,
        "accuracy": {"en": english, "de": german, "zero_shot": german},
        "gap": round(english - german, 4),
        "blind": {"en": 0.25, "de": 0.2, "zero_shot": 0.2},
        "shuffled": {"en": 0.15, "de": 0.1, "zero_shot": 0.1},
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
    assert list(part) == ["data", "metric", "seeds", "accuracy", "blind", "shuffled", "types"]
    assert part["data"] == "pictograms"
    assert part["seeds"] == 1
    assert list(part["accuracy"]) == ["gqa", "none"]
    assert part["accuracy"]["none"] == {"en": 0.5, "de": 0.25, "zero_shot": 0.25, "gap": 0.25}
    assert part["blind"]["gqa"] == {"en": 0.25, "de": 0.2, "zero_shot": 0.2}
    assert part["shuffled"]["gqa"] == {"en": 0.15, "de": 0.1, "zero_shot": 0.1}
    assert part["types"]["gqa"] == {"query": 0.8, "verify": 0.5}


def test_mean_and_spread_over_seeds(cells: Path) -> None:
    part = read_study(cells, ["xgqa"], ["none", "gqa"], [0, 1])["xgqa"]
    assert part["seeds"] == 2
    assert part["accuracy"]["none"] == {"en": 0.6, "de": 0.3, "zero_shot": 0.3, "gap": 0.3}
    assert part["types"]["none"]["query"] == 0.6
    assert part["spread"]["none"]["en"] == 0.1414  # |0.7 - 0.5| / sqrt(2)
    assert part["spread"]["gqa"]["en"] == 0


def test_targets_of_different_kinds(cells: Path) -> None:
    """One with pictures and types, one with two metrics, one without English: each has what it has."""
    spans = {"f1": {"en": 0.8, "de": 0.6, "zero_shot": 0.6}, "exact_match": {"en": 0.5, "de": 0.3, "zero_shot": 0.3}}
    write_json(cell_path(cells, "xquad", "none", 0), {"metric": "f1", "data": "pictograms", **spans, "gap": 0.2})
    found = {"accuracy": {"de": 0.6, "zero_shot": 0.6}, "accuracy_margin": {"de": 0.7, "zero_shot": 0.7}}
    write_json(cell_path(cells, "tatoeba", "none", 0), {"metric": "accuracy", "data": "pictograms", **found})
    study = read_study(cells, ["xgqa", "xquad", "tatoeba"], ["none"], [0])
    assert list(study) == ["xgqa", "xquad", "tatoeba"]
    assert list(study["xquad"]) == ["data", "metric", "seeds", "f1", "exact_match"]
    assert study["xquad"]["f1"]["none"] == {"en": 0.8, "de": 0.6, "zero_shot": 0.6, "gap": 0.2}
    assert study["xquad"]["exact_match"]["none"] == spans["exact_match"]
    assert list(study["tatoeba"]) == ["data", "metric", "seeds", "accuracy", "accuracy_margin"]
    assert study["tatoeba"]["accuracy"]["none"] == {"de": 0.6, "zero_shot": 0.6}


def test_data_of_two_worlds_share_no_table(cells: Path) -> None:
    write_json(cell_path(cells, "xgqa", "gqa", 0), cell(0.6, 0.3, "official"))
    with pytest.raises(DataError, match=r"gqa-s0\.json: found data 'official', expected 'pictograms'"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])


def test_cells_of_a_table_say_the_same(cells: Path) -> None:
    """A cell by another metric, of an earlier layout or in other languages is named, never averaged."""
    path = cell_path(cells, "xgqa", "gqa", 0)
    write_json(path, {**cell(0.6, 0.3), "metric": "soft_accuracy", "soft_accuracy": {"en": 0.6, "zero_shot": 0.3}})
    with pytest.raises(DataError, match=r"gqa-s0\.json: found metric 'soft_accuracy', expected 'accuracy'"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])
    write_json(path, {key: value for key, value in cell(0.6, 0.3).items() if key != "shuffled"})
    with pytest.raises(DataError, match=r"found scores .*blind \(de en zero_shot\), types .* expected .*shuffled"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])
    write_json(path, {**cell(0.6, 0.3), "accuracy": {"en": 0.6, "fr": 0.3, "zero_shot": 0.3}})
    with pytest.raises(DataError, match=r"found scores accuracy \(en fr zero_shot\)"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])
    write_json(path, {"metric": "accuracy", "data": "pictograms"})
    with pytest.raises(DataError, match=r"gqa-s0\.json: found no scores by accuracy"):
        read_study(cells, ["xgqa"], ["none", "gqa"], [0])


def test_a_missing_cell_is_named(cells: Path) -> None:
    with pytest.raises(DataError, match=r"squad-s0\.json: found no such file"):
        read_study(cells, ["xgqa"], ["none", "squad"], [0])


def test_stale_cells_are_left_alone(cells: Path) -> None:
    """Only what params.yaml names is read, whatever else lies in metrics/study."""
    cell_path(cells, "xgqa", "text", 0).write_text("broken")
    assert list(read_study(cells, ["xgqa"], ["none"], [0])["xgqa"]["accuracy"]) == ["none"]
