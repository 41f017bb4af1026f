"""The pipeline as DVC runs it: the real stages, on a world of a few scenes, with an encoder of two layers."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .conftest import digests

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
CHECK = "check.py"
STATISTICS = ("answer", "transfer", "claims")
XGQA = ("raw.py xgqa", "features.py xgqa", "tokenized.py xgqa --features data/features/xgqa")
GQA = ("raw.py gqa", "features.py gqa", "tokenized.py gqa --features data/features/gqa")


def cells(route: str) -> set[str]:
    """The training and scoring stages of a route."""
    stages = {f"{stage}.py plain {route} 0 xgqa" for stage in ("target", "score")}
    return {f"intermediate.py plain {route} 0", *stages}


def chosen(route: str, recipe: str = "plain") -> set[str]:
    """The collector of the route that params.yaml chooses."""
    return {f"chosen.py {recipe}/{route} 0 xgqa"}


def test_the_front_door_runs_the_cells_it_needs(pipeline: Pipeline) -> None:
    preparing = {CHECK, "assets.py", "raw.py names", "public.py", *XGQA, "mixture.py none"}
    cell = {"collect.py plain/none 0 xgqa", "leaks.py none xgqa"}
    collecting = {*chosen("none"), *cell, "report.py", "scenes.py xgqa", "page.py"}
    assert sorted(pipeline.first) == sorted(preparing | cells("none") | collecting)


def test_metrics_are_written(pipeline: Pipeline) -> None:
    metrics = pipeline.metrics()
    assert list(metrics) == ["data", "accuracy", "gap", "blind", "shuffled"]
    assert set(metrics["accuracy"]) == {"en", "de", "pt", "ru", "id", "bn", "ko", "zh", "zero_shot"}
    assert all(0 <= value <= 1 for value in metrics["accuracy"].values())
    study = json.loads((pipeline.root / "metrics/study.json").read_text())
    assert study["xgqa"]["accuracy"]["none"]["en"] == metrics["accuracy"]["en"]
    assert list(json.loads((pipeline.root / "metrics/cells.json").read_text())["xgqa"]) == ["none"]
    answer, transfer, claims = (json.loads((pipeline.root / f"metrics/{name}.json").read_text()) for name in STATISTICS)
    assert answer["answers"] == transfer["cells"] == []
    assert answer["missing"][0] == "gqa against gqa_told: add gqa and gqa_told to study.intermediates"
    assert {claim["judgement"] for claim in claims["claims"]} == {"not testable with these tasks"}


def test_predict_answers_about_a_picture(pipeline: Pipeline) -> None:
    with zipfile.ZipFile(pipeline.root / "data/raw/xgqa/images.zip") as archive:
        picture = archive.extract(archive.namelist()[0], pipeline.root.parent)
    ask = ("predict", "--image", picture, "--question", "Wie viele Katzen sind auf dem Bild?")
    lines = pipeline.run(sys.executable, "-c", "from xstilts.cli import app; app()", *ask).stdout.splitlines()
    assert len([line for line in lines if not line.startswith("note: ")]) == 1 + 5
    assert lines[1].split("%")[1].strip() == lines[0]


def test_a_second_repro_runs_nothing(pipeline: Pipeline) -> None:
    assert pipeline.executed("repro") == []


def test_a_route_runs_only_what_is_missing_and_going_back_runs_nothing(pipeline: Pipeline) -> None:
    before = pipeline.metrics()
    gqa = pipeline.choose("gqa")
    assert sorted(gqa) == sorted({CHECK, *GQA, *cells("gqa"), *chosen("gqa")})
    changes = json.loads(pipeline.dvc("metrics", "diff", "--json").stdout)
    assert set(changes) <= {"metrics/xgqa.json"}
    mnli = {"raw.py mnli", "tokenized.py mnli --features data/checked", *cells("mnli")}
    assert sorted(pipeline.choose("mnli")) == sorted({CHECK, *mnli, *chosen("mnli")})
    squad = {"raw.py squad", "tokenized.py squad --features data/checked"}
    mixture = {*squad, "mixture.py text --member squad --member mnli"}
    assert sorted(pipeline.choose("text")) == sorted({CHECK, *mixture, *cells("text"), *chosen("text")})
    assert pipeline.choose("gqa") == []
    assert pipeline.choose("none") == []
    assert pipeline.metrics() == before


def test_a_recipe_runs_only_what_is_missing(pipeline: Pipeline) -> None:
    """One that changes phase 2 alone takes phase 1 from plain; one that changes phase 1 trains both."""
    assert sorted(pipeline.choose("gqa", "lora")) == sorted(
        {
            CHECK,
            "target.py lora gqa 0 xgqa --phase-1 plain",
            "score.py lora gqa 0 xgqa",
            *chosen("gqa", "lora"),
        }
    )
    checkpoint = json.loads((pipeline.root / "data/target/lora/gqa-s0/xgqa/checkpoint.json").read_text())
    assert checkpoint["training"]["settings"]["tune"] == "lora"
    assert checkpoint["intermediate"]["training"]["cache"] == "gqa"
    shuffled = {f"{stage}.py shuffled_labels gqa 0 xgqa" for stage in ("target", "score")}
    assert sorted(pipeline.choose("gqa", "shuffled_labels")) == sorted(
        {CHECK, "intermediate.py shuffled_labels gqa 0", *shuffled, *chosen("gqa", "shuffled_labels")}
    )
    assert pipeline.choose("gqa", "lora") == pipeline.choose("none") == []


def test_a_typo_stops_before_anything_is_computed(pipeline: Pipeline) -> None:
    pipeline.log.write_text("")
    before = pipeline.metrics()
    result = pipeline.dvc("exp", "run", "-S", "intermediate=gpa", ok=False)
    assert result.returncode != 0
    assert "'gpa'. Did you mean 'gqa'? Valid: all, ccg" in result.stdout + result.stderr
    assert pipeline.log.read_text().splitlines() == ["stages/check.py"]
    assert pipeline.metrics() == before
    pipeline.run("git", "checkout", "--quiet", "params.yaml")
    assert pipeline.executed("repro") == []


def test_the_same_seed_gives_the_same_bytes(pipeline: Pipeline) -> None:
    """Every stage again, by force: all outputs and metrics stay as they were."""
    pipeline.run("git", "checkout", "--quiet", "params.yaml")
    pipeline.executed("repro")
    before = digests(pipeline.root)
    assert sorted(pipeline.executed("repro", "--force")) == sorted(pipeline.first)
    after = digests(pipeline.root)
    assert [path for path in before | after if before.get(path) != after.get(path)] == []


OWN_TASK = """\
kind: classification
data: {licence: CC0, citation: none, official: {root: own}}
encode:
  languages: [en]
  metric: accuracy
  labels: [entailment, neutral, contradiction]
  files: {train: train.jsonl, dev: dev.jsonl}
intermediate: {}
target: {}
score: {}
"""


def test_a_new_task_is_a_file_and_its_name_in_the_grid(pipeline: Pipeline) -> None:
    """Nothing that was there becomes stale; the new task's cells alone run, on rows of its own."""
    pipeline.run("git", "checkout", "--quiet", "params.yaml")
    pipeline.executed("repro")
    write_own_task(pipeline.root)
    assert OWN_TASK.count("\n") <= 15
    assert pipeline.executed("repro") == [CHECK]
    own = {"raw.py own", "tokenized.py own --features data/checked"}
    assert sorted(pipeline.choose("own")) == sorted({CHECK, *own, *cells("own"), *chosen("own")})
    card = json.loads((pipeline.root / "data/tokenized/own/learn/card.json").read_text())
    assert card["tasks"]["own"]["data"] == "official"
    assert pipeline.metrics()["data"] == "pictograms"  # what is scored is the embedded target


def write_own_task(root: Path) -> None:
    """A task's file, its rows, and its name in the grid."""
    rows = [
        {"pairID": str(i), "gold_label": label, "sentence1": f"There are {i} dogs.", "sentence2": "There is a dog."}
        for i, label in enumerate(["entailment", "neutral", "contradiction"] * 6)
    ]
    for split in ("train", "dev"):
        path = root / "own" / f"{split}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps({**row, "pairID": f"{split}{row['pairID']}"}) + "\n" for row in rows))
    (root / "stages/tasks/own.yaml").write_text(OWN_TASK)
    grid = (root / "stages/grid.yaml").read_text()
    for key, entry in (("datasets", "  own: data/checked"), ("intermediates", "- own")):
        grid = grid.replace(f"{key}:\n", f"{key}:\n{entry}\n")
    (root / "stages/grid.yaml").write_text(grid)
