"""The table of routes by language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.base.cells import Study, cell_of
from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.report.study import read_cells, study_tables


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


def metrics_path(target: str, route: str, seed: int = 0) -> Path:
    return cell_of(route, seed, target).collected() / "metrics.json"


def read_study(targets: list[str], routes: list[str], seeds: list[int]) -> dict[str, Any]:
    return study_tables(read_cells(Study(["plain"], routes, [], seeds, targets)))


@pytest.fixture
def cells(folder: Path) -> None:
    """Two routes of two seeds."""
    accuracies = {"none": [(0.5, 0.25), (0.7, 0.35)], "gqa": [(0.8, 0.4), (0.8, 0.6)]}
    for route, seeds in accuracies.items():
        for seed, (english, german) in enumerate(seeds):
            write_json(metrics_path("xgqa", route, seed), cell(english, german))


def test_one_seed(cells: None) -> None:
    part = read_study(["xgqa"], ["gqa", "none"], [0])["xgqa"]
    assert list(part) == ["data", "metric", "seeds", "accuracy", "blind", "shuffled", "types"]
    assert part["data"] == "pictograms"
    assert part["seeds"] == 1
    assert list(part["accuracy"]) == ["gqa", "none"]
    assert part["accuracy"]["none"] == {"en": 0.5, "de": 0.25, "zero_shot": 0.25, "gap": 0.25}
    assert part["blind"]["gqa"] == {"en": 0.25, "de": 0.2, "zero_shot": 0.2}
    assert part["shuffled"]["gqa"] == {"en": 0.15, "de": 0.1, "zero_shot": 0.1}
    assert part["types"]["gqa"] == {"query": 0.8, "verify": 0.5}


def test_mean_and_spread_over_seeds(cells: None) -> None:
    part = read_study(["xgqa"], ["none", "gqa"], [0, 1])["xgqa"]
    assert part["seeds"] == 2
    assert part["accuracy"]["none"] == {"en": 0.6, "de": 0.3, "zero_shot": 0.3, "gap": 0.3}
    assert part["types"]["none"]["query"] == 0.6
    assert part["spread"]["none"]["en"] == 0.1414  # |0.7 - 0.5| / sqrt(2)
    assert part["spread"]["gqa"]["en"] == 0


def test_targets_of_different_kinds(cells: None) -> None:
    """One with pictures and types, one with two metrics, one without English: each has what it has."""
    spans = {"f1": {"en": 0.8, "de": 0.6, "zero_shot": 0.6}, "exact_match": {"en": 0.5, "de": 0.3, "zero_shot": 0.3}}
    write_json(metrics_path("xquad", "none"), {"metric": "f1", "data": "pictograms", **spans, "gap": 0.2})
    found = {"accuracy": {"de": 0.6, "zero_shot": 0.6}, "accuracy_margin": {"de": 0.7, "zero_shot": 0.7}}
    write_json(metrics_path("tatoeba", "none"), {"metric": "accuracy", "data": "pictograms", **found})
    study = read_study(["xgqa", "xquad", "tatoeba"], ["none"], [0])
    assert list(study) == ["xgqa", "xquad", "tatoeba"]
    assert list(study["xquad"]) == ["data", "metric", "seeds", "f1", "exact_match"]
    assert study["xquad"]["f1"]["none"] == {"en": 0.8, "de": 0.6, "zero_shot": 0.6, "gap": 0.2}
    assert study["xquad"]["exact_match"]["none"] == spans["exact_match"]
    assert list(study["tatoeba"]) == ["data", "metric", "seeds", "accuracy", "accuracy_margin"]
    assert study["tatoeba"]["accuracy"]["none"] == {"de": 0.6, "zero_shot": 0.6}


def test_a_missing_cell_is_named(cells: None) -> None:
    with pytest.raises(DataError, match=r"plain/squad-s0/metrics\.json: found no such file"):
        read_study(["xgqa"], ["none", "squad"], [0])


def test_stale_cells_are_left_alone(cells: None) -> None:
    """Only what the study names is read, whatever else was collected."""
    path = metrics_path("xgqa", "text")
    path.parent.mkdir()
    path.write_text("broken")
    assert list(read_study(["xgqa"], ["none"], [0])["xgqa"]["accuracy"]) == ["none"]


def test_the_cells_are_kept_as_they_are(cells: None) -> None:
    """metrics/cells.json has the metrics of each seed; a route by another recipe is written with it."""
    write_json(metrics_path("xgqa", "longer/none"), cell(0.6, 0.3))
    kept = read_cells(Study(["plain"], ["none", "gqa"], ["longer/none"], [0], ["xgqa"]))
    assert kept == {"xgqa": {"none": [cell(0.5, 0.25)], "gqa": [cell(0.8, 0.4)], "longer/none": [cell(0.6, 0.3)]}}
    assert study_tables(kept)["xgqa"]["accuracy"]["longer/none"]["en"] == 0.6
