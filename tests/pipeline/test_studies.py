"""A named study beside the default one, and what an edit runs again: the real stages, on a world of a few scenes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
CHECK = "check.py"
FULL, NAMED = "stages/full/dvc.yaml", " --study full"
WRITTEN = {f"{stage}.py{NAMED}" for stage in ("report", "page")}  # of the study as a whole


def trained(route: str) -> set[str]:
    """The training and scoring stages of a route."""
    stages = {f"{stage}.py plain {route} 0 xgqa" for stage in ("target", "score")}
    return {f"intermediate.py plain {route} 0", *stages}


def collected(route: str, study: str = "") -> set[str]:
    """The collectors of a route in a study; `study` is the option that names it, if it is not the default one."""
    return {f"collect.py plain/{route} 0 xgqa{study}", f"leaks.py {route} xgqa{study}"}


def edit_study(pipeline: Pipeline, file: str, **lists: list[str]) -> None:
    """Write some of a study's lists into its file."""
    content = yaml.safe_load((pipeline.root / file).read_text())
    content["study"] |= lists
    (pipeline.root / file).write_text(yaml.safe_dump(content, sort_keys=False))


def test_the_full_study_trains_what_the_default_one_lacks(pipeline: Pipeline) -> None:
    """Its own collectors run over its list; the front door neither runs them nor becomes stale."""
    edit_study(pipeline, "stages/full/study.yaml", intermediates=["none", "gqa"])
    before = (pipeline.root / "metrics/study.json").read_text()
    gqa = {"raw.py gqa", "features.py gqa", "tokenized.py gqa --features data/features/gqa", *trained("gqa")}
    own = {*collected("none", NAMED), *collected("gqa", NAMED), f"scenes.py xgqa{NAMED}", *WRITTEN}
    assert sorted(pipeline.executed("repro", FULL)) == sorted({CHECK, *gqa, *own})
    assert pipeline.executed("repro", FULL) == pipeline.executed("repro") == []
    study = json.loads((pipeline.root / "metrics/full/study.json").read_text())
    assert list(study["xgqa"]["accuracy"]) == ["none", "gqa"]
    transfer = json.loads((pipeline.root / "metrics/full/transfer.json").read_text())
    assert [cell["route"] for cell in transfer["cells"]] == ["gqa"]
    assert (pipeline.root / "metrics/study.json").read_text() == before


def test_an_intermediate_task_more_trains_that_one_alone(pipeline: Pipeline) -> None:
    """In the full study, then in the default one, which finds it trained."""
    mnli = {"raw.py mnli", "tokenized.py mnli --features data/checked", *trained("mnli")}
    edit_study(pipeline, "stages/full/study.yaml", intermediates=["none", "gqa", "mnli"])
    own = {*collected("mnli", NAMED), *WRITTEN}
    assert sorted(pipeline.executed("repro", FULL)) == sorted({CHECK, *mnli, *own})
    edit_study(pipeline, "params.yaml", intermediates=["none", "mnli"])
    assert sorted(pipeline.executed("repro")) == sorted({CHECK, *collected("mnli"), "report.py", "page.py"})


def test_a_misspelt_name_in_the_full_study_stops_everything(pipeline: Pipeline) -> None:
    kept = (pipeline.root / "stages/full/study.yaml").read_text()
    edit_study(pipeline, "stages/full/study.yaml", intermediates=["none", "gpa"])
    result = pipeline.dvc("repro", FULL, ok=False)
    assert result.returncode != 0
    assert "stages/full/study.yaml: study.intermediates: unknown 'gpa'. Did you mean 'gqa'?" in result.stderr
    (pipeline.root / "stages/full/study.yaml").write_text(kept)


def test_the_cells_of_the_full_study_stay_out_of_the_metrics(pipeline: Pipeline) -> None:
    """They are kept in git, and what `dvc metrics diff` compares fits a screen."""
    pipeline.commit()
    tracked = pipeline.run("git", "ls-files", "metrics/full").stdout.split()
    assert "metrics/full/cells.json" in tracked
    shown = json.loads(pipeline.dvc("metrics", "show", "--json").stdout)[""]["data"]
    assert list(shown) == ["metrics/xgqa.json"]


def test_a_word_in_the_report_runs_the_report_alone(pipeline: Pipeline) -> None:
    """The page is made of it as well; no collector runs. Going back runs the report once more, and nothing else.

    DVC's run-cache holds files that git holds only where they are metrics, and these are not: `dvc metrics show` and
    `diff` are about the chosen route.
    """
    pipeline.executed("repro")
    module = pipeline.root / "src/xstilts/report/table.py"
    kept = module.read_text()
    module.write_text(kept.replace('"zero-shot"', '"mean of the others"'))
    assert module.read_text() != kept
    assert pipeline.executed("repro") == ["report.py", "page.py"]
    module.write_text(kept)
    assert pipeline.executed("repro") == ["report.py"]


def test_a_study_of_two_recipes(pipeline: Pipeline) -> None:
    """The second recipe trains its own cells alone, and a control one cell; what differs is paired and reported."""
    pipeline.executed("repro")
    study = {"recipes": ["plain", "lora"], "intermediates": ["none", "gqa"], "controls": ["longer/none"]}
    edit_study(pipeline, "params.yaml", **study)
    second = [("lora", "none"), ("lora", "gqa"), ("longer", "none")]
    ran = {f"target.py {recipe} {route} 0 xgqa --phase-1 plain" for recipe, route in second}
    ran |= {f"score.py {recipe} {route} 0 xgqa" for recipe, route in second}
    ran |= {f"collect.py {recipe}/{route} 0 xgqa" for recipe, route in second}
    first = {CHECK, *collected("gqa"), "report.py", "page.py"}
    assert sorted(pipeline.executed("repro")) == sorted(ran | first)
    routes = ["none", "gqa", "lora/none", "lora/gqa", "longer/none"]
    study_json = json.loads((pipeline.root / "metrics/study.json").read_text())
    assert list(study_json["xgqa"]["accuracy"]) == routes
    transfer = json.loads((pipeline.root / "metrics/transfer.json").read_text())
    baselines = {cell["route"]: cell["baseline"] for cell in transfer["cells"]}
    assert baselines == {"gqa": "none", "lora/gqa": "lora/none", "longer/none": "none"}
    assert [(one["route"], one["baseline"]) for one in transfer["recipes"]] == [
        ("lora/none", "none"),
        ("lora/gqa", "gqa"),
    ]
    assert "lora/gqa" in (pipeline.root / "data/report/index.html").read_text()
