"""Published data without a folder of files: one command from a clone to a score, every set from a hub."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TARGETS = "xgqa xnli panx xquad tydiqa udpos xcopa marvl tatoeba bucc2018 xflickrco".split()


def test_every_target_and_all_nine_text_tasks_are_run(cells: dict[str, str]) -> None:
    nine = yaml.safe_load((ROOT / "stages/tasks/text_nine.yaml").read_text())["encode"]["members"]
    assert len(nine) == 9
    assert set(nine) == set(cells.values()) - {"none"}
    assert set(TARGETS) == set(cells)


@pytest.mark.stage
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_one_command_leads_from_a_clone_to_a_score(published: Any, cells: dict[str, str], target: str) -> None:
    cell = f"plain-{cells[target]}-0-{target}"
    published.run(sys.executable, "-m", "dvc", "repro", f"stages/score/dvc.yaml:score@{cell}")
    scores = json.loads((published.root / f"data/scores/plain/{cells[target]}-s0/{target}/scores.json").read_text())
    task = yaml.safe_load((ROOT / f"stages/tasks/{target}.yaml").read_text())["encode"]
    main = scores["scores"][task["metric"]]
    assert scores["data"] == "official"
    assert set(main) == set(task["languages"])
    assert all(0 <= value <= 1 for value in main.values())
    assert (set(scores["controls"]) == {"blind", "shuffled"}) == ("features" in task)
