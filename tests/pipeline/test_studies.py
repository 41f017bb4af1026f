"""A named study beside the default one, and what an edit runs again: the real stages, on a world of a few scenes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
CHECK = "check.py"
FULL = "stages/full/dvc.yaml"


def trained(route: str) -> set[str]:
    """The training and scoring stages of a route."""
    return {f"intermediate.py {route} 0", f"target.py {route} 0 xgqa", f"score.py {route} 0 xgqa"}


def collected(route: str, name: str = "") -> set[str]:
    """The collectors of a route in a study; without a name, in the default one."""
    study = {f"{stage}.py {route} 0 xgqa" for stage in ("study", "items", "cards")} | {f"leaks.py {route} xgqa"}
    report = f"details.py {route} 0 xgqa"
    if not name:
        return {*study, report}
    return {f"{stage} --study {name}" for stage in study} | {f"{report} --report data/report/{name}"}


def written(name: str) -> set[str]:
    """What is written of a named study as a whole."""
    return {f"{stage}.py --study {name}" for stage in ("report", "page")}


def name_routes(pipeline: Pipeline, file: str, *routes: str) -> None:
    """Write the routes of a study into its file."""
    content = yaml.safe_load((pipeline.root / file).read_text())
    content["study"]["intermediates"] = list(routes)
    (pipeline.root / file).write_text(yaml.safe_dump(content, sort_keys=False))


def test_the_full_study_trains_what_the_default_one_lacks(pipeline: Pipeline) -> None:
    """Its own collectors run over its list; the front door neither runs them nor becomes stale."""
    name_routes(pipeline, "stages/full/study.yaml", "none", "gqa")
    before = (pipeline.root / "metrics/study.json").read_text()
    gqa = {"raw.py gqa", "features.py gqa", "tokenized.py gqa --features data/features/gqa", *trained("gqa")}
    own = {*collected("none", "full"), *collected("gqa", "full"), *written("full")}
    scenes = "scenes.py xgqa --report data/report/full"
    assert sorted(pipeline.executed("repro", FULL)) == sorted({CHECK, *gqa, *own, scenes})
    assert pipeline.executed("repro", FULL) == pipeline.executed("repro") == []
    study = json.loads((pipeline.root / "metrics/full/study.json").read_text())
    assert list(study["xgqa"]["accuracy"]) == ["none", "gqa"]
    transfer = json.loads((pipeline.root / "metrics/full/transfer.json").read_text())
    assert [cell["route"] for cell in transfer["cells"]] == ["gqa"]
    assert (pipeline.root / "metrics/study.json").read_text() == before


def test_an_intermediate_task_more_trains_that_one_alone(pipeline: Pipeline) -> None:
    """In the full study, then in the default one, which finds it trained."""
    mnli = {"raw.py mnli", "tokenized.py mnli --features data/checked", *trained("mnli")}
    name_routes(pipeline, "stages/full/study.yaml", "none", "gqa", "mnli")
    own = {*collected("mnli", "full"), *written("full")}
    assert sorted(pipeline.executed("repro", FULL)) == sorted({CHECK, *mnli, *own})
    name_routes(pipeline, "params.yaml", "none", "mnli")
    assert sorted(pipeline.executed("repro")) == sorted({CHECK, *collected("mnli"), "report.py", "page.py"})


def test_a_misspelt_name_in_the_full_study_stops_everything(pipeline: Pipeline) -> None:
    kept = (pipeline.root / "stages/full/study.yaml").read_text()
    name_routes(pipeline, "stages/full/study.yaml", "none", "gpa")
    result = pipeline.dvc("repro", FULL, ok=False)
    assert result.returncode != 0
    assert "stages/full/study.yaml: study.intermediates: unknown 'gpa'. Did you mean 'gqa'?" in result.stderr
    (pipeline.root / "stages/full/study.yaml").write_text(kept)


def test_the_cells_of_the_full_study_stay_out_of_the_metrics(pipeline: Pipeline) -> None:
    """They are kept in git, and what `dvc metrics diff` compares fits a screen."""
    pipeline.commit()
    tracked = pipeline.run("git", "ls-files", "metrics/full").stdout.split()
    assert "metrics/full/study/xgqa/gqa-s0.json" in tracked
    shown = json.loads(pipeline.dvc("metrics", "show", "--json").stdout)[""]["data"]
    assert [path for path in shown if path.startswith("metrics/full")] == ["metrics/full/study.json"]


def test_a_word_in_the_report_runs_the_report_alone(pipeline: Pipeline) -> None:
    """The page is made of it as well; no collector runs, and going back runs nothing at all."""
    pipeline.executed("repro")
    module = pipeline.root / "src/xstilts/report/table.py"
    kept = module.read_text()
    module.write_text(kept.replace('"zero-shot"', '"mean of the others"'))
    assert module.read_text() != kept
    assert pipeline.executed("repro") == ["report.py", "page.py"]
    module.write_text(kept)
    assert pipeline.executed("repro") == []
