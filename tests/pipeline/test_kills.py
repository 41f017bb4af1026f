"""The harness of kills: what it takes back for the next round, and what its table counts."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import yaml


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("kills")


def test_only_what_the_named_stages_made_is_taken_back(kills: ModuleType, tmp_path: Path) -> None:
    made = {"score@plain-none-0-xgqa": "data/scores", "score_target@lora": "data/other", "target@plain": "data/target"}
    for path in made.values():
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "file").write_text("rows")
    stages = {name: {"cmd": name, "outs": [{"path": path}]} for name, path in made.items()}
    stages["report"] = {"cmd": "report", "outs": [{"path": "study.json"}, {"path": "missing.json"}]}
    (tmp_path / "study.json").write_text("{}")
    lock = tmp_path / "dvc.lock"
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    kills.take_back(tmp_path, lock, ["score", "report"])
    assert list(yaml.safe_load(lock.read_text())["stages"]) == ["score_target@lora", "target@plain"]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["other", "target"]
    assert not (tmp_path / "study.json").exists()


def test_rounds_that_have_not_ended_do_not_count_and_lost_work_is_seen(kills: ModuleType) -> None:
    runs = [
        kills.Run("stage", "SIGKILL", started=["score.py a", "collect.py a"], running=["collect.py a"], round=0),
        kills.Run("dvc", None, started=["score.py a", "collect.py a"], round=0),
        kills.Run("dvc", "SIGINT", started=["score.py a"], running=["score.py a"], round=1),
        kills.Run("group", "SIGTERM", started=[], round=2),
    ]
    assert [(one.whom, stage) for one, stage in kills.lost_work(runs[:2])] == [("stage", "score.py a")]
    lines = kills.table(runs, [{"round": 0, "differing": []}, {"round": 1, "differing": ["data/x"]}]).splitlines()
    assert "| SIGKILL to the stage | 1 | 1 | 0 | 1 |" in lines
    assert "| SIGINT to `dvc repro` | 1 | 0 | 1 | 0 |" in lines
    assert "| SIGTERM to all of `dvc repro` | 0 | 0 | 0 | 0 |" in lines
