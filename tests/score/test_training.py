"""What is kept beside the scores of how both phases were trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.score.training import read_training

CURVE = [{"update": 150, "loss": 0.5, "dev": 0.6}, {"update": 300, "loss": 0.2, "dev": 0.7}]
COST = {"updates": 300, "examples": 900, "tokens": 9000, "english_dev": {"xgqa": 0.7}, "curve": CURVE}
NOTHING: dict[str, Any] = {"tasks": {}, "training": None}


def phase(*tasks: str, **settings: Any) -> dict[str, Any]:
    """What a checkpoint says of a phase that was trained."""
    cards = {task: {"kind": "vqa", "data": "pictograms", "labels": ["yes", "no"]} for task in tasks}
    return {"tasks": cards, "training": {"cache": "one", "seed": 0, "settings": settings, **COST}}


def training_of(folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    write_json(folder / "checkpoint.json", card)
    return read_training(folder)


def test_both_phases_say_what_they_took(tmp_path: Path) -> None:
    card = {**phase("xgqa"), "intermediate": phase("gqa", "squad")}
    assert training_of(tmp_path, card) == {
        "intermediate": {"tasks": {"gqa": "pictograms", "squad": "pictograms"}, **COST},
        "target": {"tasks": {"xgqa": "pictograms"}, **COST},
    }


def test_a_phase_in_which_nothing_was_trained(tmp_path: Path) -> None:
    assert training_of(tmp_path, {**NOTHING, "intermediate": NOTHING}) == {"intermediate": None, "target": None}


def test_labels_of_other_examples_are_named(tmp_path: Path) -> None:
    found = training_of(tmp_path, {**phase("xgqa"), "intermediate": phase("gqa", "nlvr2", labels="shuffled")})
    assert found["intermediate"]["shuffled_labels"] == ["gqa", "nlvr2"]
    assert "shuffled_labels" not in found["target"]


def test_a_checkpoint_that_does_not_know_its_phase_1(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"checkpoint\.json: found no key 'intermediate', expected what phase 1 says"):
        training_of(tmp_path, phase("xgqa"))
