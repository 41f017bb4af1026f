"""Any intermediate task before any target task: the encoder is passed on, the heads are not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tiny_files import TinyFiles
from xstilts.base.files import open_rows, read_json, write_json, write_table
from xstilts.model.checkpoint import checkpoint_weights, load_encoder, load_model, read_card
from xstilts.model.multitask import MultitaskModel
from xstilts.train import phase
from xstilts.train.examples import open_examples
from xstilts.train.phase import train_phase
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]
INTERMEDIATE = [*TinyFiles.one_per_kind(TinyFiles.TRAINED), "mixture"]
TARGETS = TinyFiles.one_per_kind(TinyFiles.SCORED[::-1])  # where a kind has two tasks, the other one
FILE, WORDS = "model.safetensors", "encoder.text.embeddings.word_embeddings.weight"


@pytest.fixture(scope="session")
def caches(tiny: Any, tiny_features: dict[str, Any], every_kind: Path) -> dict[str, Path]:
    """The learning part of every task and of a mixture of all."""
    found = {"mixture": every_kind}
    for task in {*INTERMEDIATE, *TARGETS} - {"mixture"}:
        retrieval = tiny.KINDS[task] == "retrieval"
        splits = {s: [] if retrieval else tiny.rows(task, 16, seed) for seed, s in enumerate(("train", "dev"))}
        found[task] = tiny.cache(f"{task}-learn", splits, tiny_features, "" if retrieval else None)
    return found


@pytest.fixture
def settings(make_settings: Settings) -> TrainSettings:
    """A few updates of everything at a high rate."""
    rates = {"learning_rate": 1e-3, "head_learning_rate": 1e-3}
    return make_settings(epochs=1, batch_size=8, evaluations=1, train_inputs=True, **rates)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(weight, other[name]) for name, weight in one.items())


def encoder_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {n: w for n, w in load_file(checkpoint / FILE).items() if n.startswith("encoder.")}


@pytest.fixture
def begun(public: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, torch.Tensor]]:
    """The weights that each training began with, in order, as a checkpoint would hold them."""
    states: list[dict[str, torch.Tensor]] = []
    train = phase.train

    def spy(model: MultitaskModel, *arguments: Any) -> Any:
        weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        states.append(checkpoint_weights(weights, model, public))
        return train(model, *arguments)

    monkeypatch.setattr(phase, "train", spy)
    return states


@pytest.mark.parametrize("intermediate", INTERMEDIATE)
def test_every_target_starts_from_every_intermediate_task(
    intermediate: str,
    caches: dict[str, Path],
    public: Path,
    tmp_path: Path,
    settings: TrainSettings,
    begun: list[dict[str, torch.Tensor]],
) -> None:
    first = tmp_path / "first"
    train_phase(caches[intermediate], public, first, settings, 0)
    ended = encoder_of(first)
    assert ended.keys() - begun[0].keys() == {f"{WORDS}.rows", f"{WORDS}.values"}
    assert any(not torch.equal(weight, begun[0][name]) for name, weight in ended.items() if name in begun[0])
    for target in TARGETS:
        out = tmp_path / target
        begun.clear()
        train_phase(caches[target], public, out, settings, 0, first)
        if target == "searches":
            assert not begun
            assert same(load_file(out / FILE), ended)
            card = read_card(out)
            assert (card["tasks"], card["training"]) == ({}, None)
            assert card["intermediate"]["training"] == read_card(first)["training"]
            assert same(load_encoder(public, out).state_dict(), load_encoder(public, first).state_dict())
            continue
        start, card = begun[0], read_card(out)
        assert same({name: start[name] for name in ended}, ended)
        assert card["tasks"].keys() == {target}
        assert card["training"]["updates"] >= 2
        assert 0 <= card["training"]["english_dev"][target] <= 1
        heads = {name.split(".")[1] for name in load_file(out / FILE) if name.startswith("heads.")}
        assert heads == {target}
        assert any(not torch.equal(weight, ended[name]) for name, weight in encoder_of(out).items())
        assert load_model(public, out).cards == card["tasks"]


@pytest.fixture
def renamed(caches: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a task's cache under the name `task`."""

    def rename(task: str) -> Path:
        copy = tmp_path / f"{task}-renamed"
        shutil.copytree(caches[task], copy)
        card = read_json(copy / "card.json")
        write_json(copy / "card.json", {**card, "name": "task", "tasks": {"task": card["tasks"][task]}})
        for split in ("train", "dev"):
            table = open_rows(copy / f"{split}.arrow")
            column = table.schema.get_field_index("task")
            write_table(copy / f"new-{split}.arrow", table.set_column(column, "task", [["task"] * len(table)]))
            (copy / f"new-{split}.arrow").replace(copy / f"{split}.arrow")
        return copy

    return rename


@pytest.mark.parametrize(("first", "second"), [("tags", "looks"), ("looks", "looks"), ("fills", "points")])
def test_two_phases_may_have_a_task_of_the_same_name(
    first: str,
    second: str,
    renamed: Callable[[str], Path],
    public: Path,
    tmp_path: Path,
    settings: TrainSettings,
    begun: list[dict[str, torch.Tensor]],
) -> None:
    """The second one's head is new, also where it would fit."""
    cache = renamed(first)
    train_phase(cache, public, tmp_path / "one", settings, 0)
    train_phase(cache if first == second else renamed(second), public, tmp_path / "two", settings, 0, tmp_path / "one")
    ended, start = load_file(tmp_path / "one" / FILE), begun[1]
    assert same({name: start[name] for name in encoder_of(tmp_path / "one")}, encoder_of(tmp_path / "one"))
    heads = {name for name in start if name.startswith("heads.")}
    assert {name.split(".")[1] for name in heads} == {"task"}
    assert all(not torch.equal(start[name], ended[name]) for name in heads if name.endswith("weight") and name in ended)


def test_a_map_of_features_trains_in_its_phase_and_stays_there(
    tiny: Any, public: Path, caches: dict[str, Path], tmp_path: Path, settings: TrainSettings, begun: list[Any]
) -> None:
    """Features of another size in phase 1, the usual ones in phase 2."""
    vectors = torch.randn(sum(tiny.REGIONS), 20, generator=torch.Generator().manual_seed(0)).numpy() + 3
    wide = tiny.features("twenty", vectors)
    cache = tiny.cache("twenty-learn", {s: tiny.rows("looks", 16, i) for i, s in enumerate(("train", "dev"))}, wide)
    train_phase(cache, public, tmp_path / "one", settings, 0)
    ended = load_file(tmp_path / "one" / FILE)
    assert not torch.equal(ended["inputs.looks.weight"], begun[0]["inputs.looks.weight"])
    model = load_model(public, tmp_path / "one")
    read = model.inputs["looks"](open_examples(cache, "dev").batch(np.arange(16)).features)
    assert read.shape[-1] == tiny.DIM
    train_phase(caches["votes"], public, tmp_path / "two", settings, 0, tmp_path / "one")
    assert not any(name.startswith("inputs.") for name in load_file(tmp_path / "two" / FILE))


def test_the_same_seed_hides_the_same_tokens(
    caches: dict[str, Path], public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        torch.rand(seed + len(name))
        train_phase(caches["fills"], public, tmp_path / name, settings, seed)
    weights = [(tmp_path / name / FILE).read_bytes() for name in ("one", "two", "other")]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_answers_with_scores_start_rare(caches: dict[str, Path], public: Path) -> None:
    cards = {**read_json(caches["votes"] / "card.json")["tasks"], **read_json(caches["looks"] / "card.json")["tasks"]}
    model = phase.fresh_model(public, None, cards)
    biases = {task: model.heads[task].output.bias.detach() for task in cards}
    torch.testing.assert_close(biases["votes"].sigmoid(), torch.full((4,), 0.25))
    assert not biases["looks"].any()
