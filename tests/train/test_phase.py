"""A phase of a route: from a start and a cache to a checkpoint, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.model.checkpoint import load_encoder, load_model, read_card, read_weights
from xstilts.model.encoder import load_public
from xstilts.train.dev import dev_scores
from xstilts.train.examples import open_examples
from xstilts.train.phase import fresh_model, train_phase
from xstilts.train.settings import TrainSettings

Settings = Callable[..., TrainSettings]
FILES = ("checkpoint.json", "model.safetensors")


@pytest.fixture
def settings(make_settings: Settings) -> TrainSettings:
    """A short run in which everything that is random is used."""
    return make_settings(epochs=0.5, dropout=0.1, batch_size=8, evaluations=1)


def contents(checkpoint: Path) -> dict[str, bytes]:
    assert sorted(path.name for path in checkpoint.iterdir()) == sorted(["SHA256SUMS", *FILES])
    return {name: (checkpoint / name).read_bytes() for name in FILES}


@pytest.mark.usefixtures("four_processors")
def test_the_same_seed_writes_the_same_bytes(
    learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        torch.rand(seed + len(name))
        train_phase(learn, public, tmp_path / name, settings, seed)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one")["model.safetensors"] != contents(tmp_path / "other")["model.safetensors"]


def test_a_checkpoint_says_how_it_was_trained(
    learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    train_phase(learn, public, tmp_path / "out", settings, 7)
    card = read_card(tmp_path / "out")
    assert card["tasks"] == read_json(learn / "card.json")["tasks"]
    training = card["training"]
    assert (training["cache"], training["seed"], training["settings"]) == ("learn", 7, settings.deciding())
    assert training["english_dev"]["mean"] == pytest.approx(training["curve"][-1]["dev"], abs=1e-4)
    model = load_model(public, tmp_path / "out")
    dev = open_examples(learn, "dev")
    scores = dev_scores(model, dev, settings.token_budget, settings.precision)
    assert scores == pytest.approx(training["english_dev"])


def test_a_route_of_two_phases(
    tiny: Any, tiny_features: dict[str, str], learn: Path, public: Path, tmp_path: Path, make_settings: Settings
) -> None:
    """The target starts from the intermediate encoder, with heads of its own; its checkpoint alone is enough."""
    target = tiny.cache("target", {s: tiny.rows("looks", 24, 5) for s in ("train", "dev")}, tiny_features)
    first = make_settings(epochs=0.5, train_inputs=True, learning_rate=1e-3)
    train_phase(learn, public, tmp_path / "first", first, 0)
    second = make_settings(epochs=1, train_inputs=False, learning_rate=1e-12, weight_decay=0.0, evaluations=1)
    train_phase(target, public, tmp_path / "second", second, 0, tmp_path / "first")
    start, end = load_file(tmp_path / "first" / FILES[1]), load_file(tmp_path / "second" / FILES[1])
    assert {name for name in end if name.startswith("heads.")} == {
        "heads.looks.output.weight",
        "heads.looks.output.bias",
    }
    table = "encoder.text.embeddings.word_embeddings.weight"
    rows, values = f"{table}.rows", f"{table}.values"
    assert torch.equal(end[rows], start[rows])
    assert torch.equal(end[values], start[values])
    body = [name for name in start if name.startswith("encoder.text") and not name.startswith(table)]
    assert all(torch.allclose(end[name], start[name], atol=1e-6) for name in body)  # its rate was nearly 0
    fresh = load_public(public).text.state_dict()
    assert not torch.allclose(start[values], fresh[table.removeprefix("encoder.text.")][start[rows]], atol=1e-4)


def test_a_checkpoint_of_phase_2_says_what_phase_1_was(
    tiny: Any, tiny_features: dict[str, str], learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    """Its tasks without labels and features, and its training; phase 1 itself has no such history."""
    target = tiny.cache("then", {s: tiny.rows("follows", 24, 5) for s in ("train", "dev")}, tiny_features)
    train_phase(learn, public, tmp_path / "first", settings, 0)
    train_phase(target, public, tmp_path / "second", settings, 0, tmp_path / "first")
    first, second = (read_card(tmp_path / name) for name in ("first", "second"))
    assert first.keys() == {"tasks", "training"}
    history = second["intermediate"]
    assert history["training"] == first["training"]
    assert history["tasks"].keys() == first["tasks"].keys() == {"looks", "follows", "finds"}
    for task, entry in history["tasks"].items():
        assert not {"labels", "features"} & entry.keys()
        assert entry.items() <= first["tasks"][task].items()
    assert second["tasks"].keys() == {"follows"}


def test_the_history_of_a_route_without_intermediate_task(
    nothing: Path, learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    train_phase(nothing, public, tmp_path / "first", settings, 0)
    train_phase(learn, public, tmp_path / "second", settings, 0, tmp_path / "first")
    assert read_card(tmp_path / "second")["intermediate"] == {"tasks": {}, "training": None}


@pytest.fixture
def nothing(tiny: Any) -> Path:
    """The empty mixture."""
    return Path(tiny.cache("none", {"train": [], "dev": []}, {}, tasks=""))


def test_the_empty_mixture_passes_the_public_encoder_through(
    nothing: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    train_phase(nothing, public, tmp_path / "out", settings, 0)
    assert read_weights(tmp_path / "out") == {}
    assert read_card(tmp_path / "out") == {"tasks": {}, "training": None}
    expected = load_public(public).state_dict()
    found = load_encoder(public, tmp_path / "out").state_dict()
    assert all(torch.equal(weight, expected[name]) for name, weight in found.items())


def test_the_empty_mixture_passes_a_checkpoint_through(
    nothing: Path, learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    train_phase(learn, public, tmp_path / "start", settings, 0)
    train_phase(nothing, public, tmp_path / "out", settings, 0, tmp_path / "start")
    card = read_card(tmp_path / "out")
    assert (card["tasks"], card["training"]) == ({}, None)
    assert card["intermediate"]["training"] == read_card(tmp_path / "start")["training"]
    expected = load_encoder(public, tmp_path / "start").state_dict()
    found = load_encoder(public, tmp_path / "out").state_dict()
    assert all(torch.equal(weight, expected[name]) for name, weight in found.items())


def test_a_phase_that_fails_keeps_the_earlier_checkpoint(
    learn: Path, public: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    train_phase(learn, public, tmp_path / "out", settings, 0)
    before = contents(tmp_path / "out")
    with pytest.raises(DataError, match=r"missing/checkpoint\.json: found no such file"):
        train_phase(learn, public, tmp_path / "out", settings, 1, tmp_path / "missing")
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_answers_start_in_word_space_whatever_the_tokenizer_pads(tiny: Any, tmp_path: Path) -> None:
    """A published tokenizer.json may ask for padding or truncation; answers are read without."""
    public = type(tiny)(tmp_path).public()
    cards = {"looks": {"kind": "vqa", "labels": list(tiny.ANSWERS)}}
    plain = fresh_model(public, None, cards).head("looks").output.weight.detach()
    file = str(public / "encoder" / "tokenizer.json")
    tokenizer = Tokenizer.from_file(file)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>", length=20)
    tokenizer.enable_truncation(4)
    tokenizer.save(file)
    found = fresh_model(public, None, cards).head("looks").output.weight.detach()
    np.testing.assert_allclose(found.numpy(), plain.numpy(), atol=1e-6)


def test_fresh_heads_start_at_their_answers(learn: Path, public: Path) -> None:
    """The answer rows are those of `start_answer_rows` on the start's encoder; other heads are as torch made them."""
    cards = read_json(learn / "card.json")["tasks"]
    model = fresh_model(public, None, cards)
    weight = model.head("looks").output.weight
    torch.testing.assert_close(weight.norm(dim=1), torch.ones(len(weight)), atol=1e-5, rtol=0)
    assert not torch.allclose(model.head("follows").output.weight.norm(dim=1), torch.ones(3), atol=1e-2)
