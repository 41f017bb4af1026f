"""Every kind of intermediate task before every kind of target, on the embedded world, with an encoder of two layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from xstilts.base.cells import Cell
from xstilts.base.files import open_rows
from xstilts.base.parameters import build, grid, task_kind, task_section
from xstilts.data.pictograms.build import DATASETS
from xstilts.data.raw import write_raw
from xstilts.encode.members import load_mixture
from xstilts.encode.mixture import make_mixture
from xstilts.encode.task import encode_task
from xstilts.features.extract import extract
from xstilts.features.public import assemble
from xstilts.features.settings import FeatureSettings
from xstilts.model.checkpoint import load_encoder
from xstilts.score.points import score_by_language
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target
from xstilts.tasks.schema import load_task
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings

ROOT = Path(__file__).parents[2]
INTERMEDIATES = ("gqa", "nlvr2", "mnli", "squad_v2", "ccg", "cosmosqa", "visual7w", "flickr30k", "mlm")
INTERMEDIATES += ("gqa_layout", "text_mlm")
TARGETS = ("xgqa", "marvl", "xnli", "xquad", "panx", "xcopa", "xflickrco", "tatoeba", "xgqa_layout")
PUBLIC, TOKENIZED = Path("data/public"), Path("data/tokenized")


@pytest.fixture(scope="module")
def world(wheels: Path, shrunken: Path) -> Iterator[Path]:
    """The working directory: a shrunken copy of the repository with every cache that the pairs need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shrunken)
        for name in ("names", *INTERMEDIATES[:-1], "squad", *TARGETS):
            write_raw(name, wheels, Path("data/raw") / name)
        settings = build(FeatureSettings, task_section("gqa", "features"), "features")
        encoder = json.loads((shrunken / "encoder.json").read_text())
        assemble(wheels, Path("data/raw"), PUBLIC, encoder, "efficientnet-lite0", "names", settings)
        for images in ("gqa", "xgqa"):
            extract(
                Path("data/raw") / images / "images.zip", PUBLIC / "vision", Path("data/features") / images, settings
            )
        for name in (*INTERMEDIATES[:-1], "squad", *TARGETS):
            encode_task(load_task(name))
        make_mixture(load_mixture("text_mlm"))
        for name in INTERMEDIATES:
            train_phase(TOKENIZED / name / "learn", PUBLIC, Path("data/intermediate") / name, settings_of(name), 0)
        yield shrunken


def settings_of(task: str) -> TrainSettings:
    """The settings of the repository, cut to a few updates."""
    settings = build(TrainSettings, task_section(task, "target"), task)
    return replace(settings, epochs=0.2, evaluations=1)


def test_the_pairs_have_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind that the embedded world has a task of."""
    monkeypatch.chdir(ROOT)
    made = [load_task(name) for name in grid()["datasets"] if name in DATASETS]
    targets = {task.name: task.kind for task in made if "test" in task.encode.files}
    intermediates = {name: task_kind(name) for name in grid()["intermediates"]}
    for names, universe in ((INTERMEDIATES, intermediates), (TARGETS, targets)):
        assert set(names) <= set(universe)
        assert {universe[name] for name in names} == set(universe.values())


@pytest.mark.stage
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("intermediate", INTERMEDIATES)
def test_an_intermediate_checkpoint_feeds_a_target(world: Path, intermediate: str, target: str) -> None:
    """The head is a new one; the encoder goes on from where the intermediate task left it."""
    start, out = Path("data/intermediate") / intermediate, Path("data/target") / intermediate / target
    train_phase(TOKENIZED / target / "learn", PUBLIC, out, settings_of(target), 0, start)
    before, after = (load_file(folder / "model.safetensors") for folder in (start, out))
    trained = {name for name in before if name.startswith("encoder.")}
    assert trained
    assert {name for name in after if name.startswith("encoder.")} == trained
    heads = {name.split(".")[1] for name in after if name.startswith("heads.")}
    assert heads == (set() if target == "tatoeba" else {target})
    public = dict(load_encoder(PUBLIC).named_parameters())
    moved = [name for name in trained if not torch.equal(after[name], public[name.removeprefix("encoder.")])]
    assert moved
    if target == "tatoeba":  # nothing is trained: what the intermediate task left is passed on as it is
        assert all(torch.equal(after[name], before[name]) for name in trained)


@pytest.mark.stage
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_scored_in_all_its_languages(world: Path, target: str) -> None:
    checkpoint, cell = Path("data/target") / "gqa" / target, Cell("plain", "gqa", 0, target)
    score_target(checkpoint, PUBLIC, cell, build(ScoreSettings, task_section(target, "score"), target))
    scores = json.loads((cell.scores / "scores.json").read_text())
    languages = {"en", "de", "pt", "ru", "id", "bn", "ko", "zh"} - ({"en"} if target == "tatoeba" else set())
    assert scores["data"] == "pictograms"
    assert set(scores["scores"][scores["metric"]]) == languages
    assert all(0 <= value <= 1 for row in scores["scores"].values() for value in row.values())
    assert set(scores["controls"]) == ({"blind", "shuffled"} if load_task(target).encode.features else set())
    table = open_rows(cell.scores / "predictions.arrow")
    assert score_by_language(table) == pytest.approx(scores["scores"][scores["metric"]], abs=1e-5)
    clusters = {(one["id"], one["cluster"]) for one in table.select(["id", "cluster"]).to_pylist()}
    if target == "xquad":  # a scene's description in all languages, with its questions
        assert len({cluster for _, cluster in clusters}) < len(clusters) == len({name for name, _ in clusters})
    else:
        assert {cluster for _, cluster in clusters} == {""}
