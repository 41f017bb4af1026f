"""The three learning stages as DVC calls them, with the project's own parameter files, on tiny caches."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from xstilts.base.files import open_rows, read_json
from xstilts.export import export_model

ROOT = Path(__file__).parents[2]


def stage(name: str) -> Any:
    """The function `main` of a stage script."""
    spec = importlib.util.spec_from_file_location(f"stage_{name}", ROOT / "stages" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def repository(parameter_files: Any, tiny: Any, tiny_features: dict[str, str], learn: Path) -> Path:
    """A working directory with data/public and the caches of two routes and of the target."""
    root = Path(parameter_files.root)
    rows = {split: tiny.rows("xgqa", 16, seed) for seed, split in enumerate(("train", "dev"))}
    test = [row for language in ("en", "de", "ko") for row in tiny.rows("xgqa", 9, 3, language)]
    caches = {
        "xgqa/learn": tiny.cache("xgqa-learn", rows, tiny_features),
        "xgqa/test": tiny.cache("xgqa-test", {"test": test}, tiny_features),
        "none/learn": tiny.cache("none", {"train": [], "dev": []}, {}, tasks=""),
        "all/learn": learn,
    }
    for name, cache in caches.items():
        shutil.copytree(cache, root / "data" / "tokenized" / name)
    deep = tiny.public(num_hidden_layers=12)  # the settings speak of the layers of a real encoder
    shutil.copytree(deep, root / "data" / "public")
    return root


@pytest.mark.stage
@pytest.mark.parametrize("route", ["none", "all"])
def test_a_route_from_its_caches_to_its_scores(route: str, repository: Path) -> None:
    stage("intermediate")("plain", route, 1)
    stage("target")("plain", route, 1, "xgqa")
    stage("score")("plain", route, 1, "xgqa")
    data = repository / "data"
    assert read_json(data / f"intermediate/plain/{route}-s1/checkpoint.json")["tasks"].keys() == (
        set() if route == "none" else {"looks", "follows", "finds"}
    )
    assert read_json(data / f"target/plain/{route}-s1/xgqa/checkpoint.json")["training"]["seed"] == 1
    scores = read_json(data / f"scores/plain/{route}-s1/xgqa/scores.json")
    about = {"target": "xgqa", "route": route, "seed": 1, "data": "pictograms", "metric": "accuracy"}
    assert {key: scores[key] for key in about} == about
    assert scores["rows"] == {"de": 9, "en": 9, "ko": 9}
    assert open_rows(data / f"scores/plain/{route}-s1/xgqa/predictions.arrow").num_rows == 27


@pytest.mark.stage
@pytest.mark.parametrize("tunes", [("lora", "full"), ("full", "lora"), ("lora", "head")])
def test_a_route_that_is_not_tuned_in_full(tunes: tuple[str, str], repository: Path, parameter_files: Any) -> None:
    """Adapters in one phase, something else in the other: the target starts from it, is scored and is exported."""
    parameter_files.edit("stages/tasks/all.yaml", lambda task: task["intermediate"].update(tune=tunes[0]))
    parameter_files.edit("stages/tasks/xgqa.yaml", lambda task: task["target"].update(tune=tunes[1]))
    stage("intermediate")("plain", "all", 1)
    stage("target")("plain", "all", 1, "xgqa")
    stage("score")("plain", "all", 1, "xgqa")
    data = repository / "data"
    first, second = (data / name for name in ("intermediate/plain/all-s1", "target/plain/all-s1/xgqa"))
    for checkpoint, tune in ((first, tunes[0]), (second, tunes[1])):
        assert read_json(checkpoint / "checkpoint.json")["training"]["settings"].get("tune", "full") == tune
    before, after = (load_file(place / "model.safetensors") for place in (first, second))
    encoder = {name for name in before if name.startswith("encoder.")}
    assert encoder <= after.keys()
    moved = {name for name in encoder if not torch.equal(before[name], after[name])}
    assert moved if tunes[1] != "head" else not moved
    assert read_json(data / "scores/plain/all-s1/xgqa/scores.json")["rows"] == {"de": 9, "en": 9, "ko": 9}
    export_model(second, data / "public", repository / "exported")
    exported = load_file(repository / "exported" / "model.safetensors")
    assert not any("lora" in name or "base_layer" in name for name in exported)
    assert all(torch.equal(after[name], exported[name.removeprefix("encoder.text.")]) for name in encoder)


@pytest.mark.stage
def test_a_recipe_of_both_phases_and_one_of_phase_2_alone(repository: Path, parameter_files: Any) -> None:
    """Each has folders of its own; the second starts from the phase 1 of another recipe and says which that was."""
    for recipe, section, changed in (("both", "intermediate", {"labels": "shuffled"}), ("late", "target", {"clip": 2})):
        sections = {name: changed if name == section else {} for name in ("intermediate", "target", "score")}
        (repository / "stages" / "recipes" / f"{recipe}.yaml").write_text(yaml.safe_dump(sections))
    parameter_files.edit("stages/defaults.yaml", lambda content: content["intermediate"].update(epochs=0.2))
    for recipe in ("plain", "both"):
        stage("intermediate")(recipe, "all", 1)
    stage("target")("both", "all", 1, "xgqa")
    stage("target")("late", "all", 1, "xgqa", phase_1="plain")
    data = repository / "data"
    assert not (data / "intermediate" / "late").exists()
    first = {name: read_json(data / f"intermediate/{name}/all-s1/checkpoint.json") for name in ("plain", "both")}
    second = {name: read_json(data / f"target/{name}/all-s1/xgqa/checkpoint.json") for name in ("both", "late")}
    assert first["both"]["training"]["settings"]["labels"] == "shuffled"
    assert second["both"]["intermediate"]["training"] == first["both"]["training"]
    assert second["late"]["intermediate"]["training"] == first["plain"]["training"]
    assert second["late"]["training"]["settings"]["clip"] == 2


@pytest.mark.stage
def test_mistakes_are_one_line(repository: Path, parameter_files: Any, capsys: pytest.CaptureFixture[str]) -> None:
    parameter_files.edit("stages/tasks/all.yaml", lambda task: task["intermediate"].update(learning_rat=1.0e-4))
    named = "stages/tasks/all.yaml or stages/recipes/plain.yaml"
    missing, unknown = "checkpoint.json: found no such file", "unknown key 'learning_rat'. Did you mean"
    for name, arguments, expected in (
        (
            "intermediate",
            ("plain", "all", 0),
            f"error: {named}: intermediate: {unknown}",
        ),
        ("intermediate", ("plain", "sqad", 0), "error: unknown task 'sqad'. Did you mean 'squad'?"),
        ("intermediate", ("lorra", "all", 0), "error: unknown recipe 'lorra'. Did you mean 'lora'?"),
        ("target", ("plain", "none", 0, "xgqa"), f"error: data/intermediate/plain/none-s0/{missing}"),
        ("score", ("plain", "none", 0, "xgqa"), f"error: data/target/plain/none-s0/xgqa/{missing}"),
    ):
        with pytest.raises(SystemExit, match="1"):
            stage(name)(*arguments)
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(expected)
