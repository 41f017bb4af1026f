"""Loss terms beside a task's own: exact however an update is split, or refused."""

from __future__ import annotations

import copy
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from tiny_files import TinyFiles
from xstilts.base.errors import ParameterError, XstiltsError
from xstilts.base.threads import workers
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_encoder
from xstilts.model.encoder import Encoded
from xstilts.model.multitask import MultitaskModel, Over
from xstilts.train import settings as train_settings
from xstilts.train import terms
from xstilts.train.examples import Examples, open_examples
from xstilts.train.loop import make_optimizer, train
from xstilts.train.masking import read_masking
from xstilts.train.phase import fresh_model, train_phase
from xstilts.train.processes import Processes
from xstilts.train.settings import TrainSettings
from xstilts.train.terms import TERMS, make_terms
from xstilts.train.update import Updater

Settings = Callable[..., TrainSettings]
LOSS, WEIGHT = 1e-5, 1e-5  # as in test_equivalence.py
DISTANCE = {"terms": {"public_distance": 3.0}}
TASKS = TinyFiles.TRAINED


class Contrast:
    """The first two tokens of an example should tell its text from those of the update's other examples."""

    over: Over = "update"

    def __init__(self, public: Path, model: MultitaskModel, device: torch.device) -> None:
        self.seen: list[int] = []

    def __call__(self, model: MultitaskModel, batch: Batch, encoded: Encoded) -> Tensor:
        self.seen.append(len(batch.ids))
        first = encoded.text()[:: batch.choices, :2].mean(1)
        with torch.autocast(first.device.type, enabled=False):
            scores = first @ encoded.text_mean()[:: batch.choices].T
        return F.cross_entropy(scores, torch.arange(len(scores)), reduction="sum")


@pytest.fixture
def _contrast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a term over whole updates."""
    monkeypatch.setattr(terms, "TERMS", {**TERMS, "contrast": Contrast})
    monkeypatch.setattr(train_settings, "TERM_NAMES", (*train_settings.TERM_NAMES, "contrast"))


@pytest.fixture
def everything(public: Path, every_kind: Path) -> Examples:
    return open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))


@pytest.fixture
def moved(public: Path, everything: Examples) -> MultitaskModel:
    """A model of every kind whose encoder is not the public one any more, with the distance as a term."""
    torch.manual_seed(0)
    model = MultitaskModel(load_encoder(public), everything.card["tasks"])
    with torch.no_grad():
        for weight in model.encoder.layers.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    settings = TrainSettings(terms={"public_distance": 1.0})
    model.terms = make_terms(settings, public, model, Processes())
    return model


def gradient_of(
    model: MultitaskModel, rows: Examples, update: list[np.ndarray], settings: TrainSettings, threads: int
) -> tuple[float, dict[str, Tensor]]:
    """The loss of one update, and its clipped gradient, by a step of plain SGD."""
    mine, accelerator = copy.deepcopy(model), Accelerator(mixed_precision="no", cpu=True)
    make_optimizer(mine, settings)
    optimizer = torch.optim.SGD([weight for weight in mine.parameters() if weight.requires_grad], lr=1.0)
    with workers(threads) as pool:
        loss = Updater(accelerator, mine, optimizer, rows, settings.clip, pool, threads).step(1, update)
    before = dict(model.named_parameters())
    return loss, {name: before[name].detach() - weight.detach() for name, weight in mine.named_parameters()}


@pytest.mark.equivalence
@pytest.mark.parametrize("task", TASKS)
def test_a_term_over_examples_is_exact_however_an_update_is_split(
    task: str, moved: MultitaskModel, everything: Examples, make_settings: Settings
) -> None:
    """Loss and gradient of one piece == micro-batches == threads' parts, for every kind of task."""
    settings, chosen = make_settings(train_inputs=True), np.flatnonzero(everything.tasks == task)[:8]
    loss, whole = gradient_of(moved, everything, [chosen], settings, 1)
    largest = max(gradient.abs().max().item() for gradient in whole.values())
    for update, threads in (([*chosen[:, None]], 1), (np.split(chosen, [5]), 1), ([chosen], 2), ([chosen], 4)):
        other, split = gradient_of(moved, everything, update, settings, threads)
        assert other == pytest.approx(loss, rel=1e-5)
        for name, gradient in whole.items():
            torch.testing.assert_close(split[name], gradient, atol=1e-4 * largest, rtol=0, msg=name)
    bare = copy.deepcopy(moved)
    bare.terms = ()
    without, _ = gradient_of(bare, everything, [chosen], settings, 1)
    assert loss > without + 1e-3


@pytest.mark.equivalence
def test_a_run_with_a_term_however_it_is_computed(trajectory: Callable[..., Any]) -> None:
    """Accumulation, single examples and threads: one trajectory, which is another one than without the term."""
    usual = {"batch_size": 8, "evaluations": 1}
    whole, without = trajectory(**usual, **DISTANCE), trajectory(**usual)
    for changed in ({"batch_size": 2, "accumulation": 4}, {"batch_size": 1, "accumulation": 8}, {"processors": 2}):
        losses, weights = whole.apart(trajectory(**{**usual, **changed}, **DISTANCE))
        assert losses < LOSS
        assert weights < WEIGHT
    losses, weights = whole.apart(without)
    assert losses > 100 * LOSS
    assert weights > 100 * WEIGHT
    assert whole.weights.keys() == without.weights.keys()  # the public encoder's copy is in no checkpoint
    assert whole.card["settings"] == without.card["settings"] | DISTANCE
    assert "terms" not in without.card["settings"]


def test_the_distance_stays_small_where_it_weighs_much(
    learn: Path, public: Path, tmp_path: Path, make_settings: Settings
) -> None:
    """Mean squared distance of the dev texts' mean states, worked out anew from the two checkpoints."""
    dev, found = open_examples(learn, "dev"), {}
    for weight in (0.0, 100.0):
        given = {"terms": {"public_distance": weight}} if weight else {}
        settings = make_settings(epochs=2.0, batch_size=8, learning_rate=1e-3, evaluations=1, **given)
        train_phase(learn, public, tmp_path / str(weight), settings, 0)
        states = []
        for checkpoint in (None, tmp_path / str(weight)):
            with torch.inference_mode():
                encoder = load_encoder(public, checkpoint).eval()
                states.append(encoder(dev.batch(np.flatnonzero(dev.tasks == "looks"))).text_mean())
        found[weight] = (states[0] - states[1]).square().mean().item()
    assert 0 < found[100.0] < found[0.0] / 5


def test_the_distance_of_an_untrained_encoder_is_0(public: Path, everything: Examples) -> None:
    model = MultitaskModel(load_encoder(public), everything.card["tasks"]).eval()
    ((weight, term),) = make_terms(TrainSettings(terms={"public_distance": 0.5}), public, model, Processes())
    assert weight == 0.5
    for task in TASKS:
        batch = everything.batch(np.flatnonzero(everything.tasks == task)[:6])
        assert float(term(model, batch, model.encode(batch)).detach()) == pytest.approx(0, abs=1e-9)


@pytest.mark.usefixtures("four_processors", "_contrast")
def test_a_term_over_updates_sees_every_update_in_one_piece(
    model: MultitaskModel, rows: Examples, dev: Examples, public: Path, make_settings: Settings
) -> None:
    """Also where there are threads to share a batch; it moves the weights."""
    settings = make_settings(batch_size=16, terms={"contrast": 1.0}, learning_rate=1e-3)
    plain = copy.deepcopy(model)
    model.terms = make_terms(settings, public, model, Processes())
    result = train(model, rows, dev, settings, seed=0, title="test")
    ((_, term),) = model.terms
    assert isinstance(term, Contrast)
    assert sum(term.seen) == result.examples
    assert len(term.seen) == result.updates
    assert max(term.seen) == 16
    other = train(plain, rows, dev, make_settings(batch_size=16, learning_rate=1e-3), seed=0, title="test")
    name = next(name for name in result.weights if "query.weight" in name)
    assert not torch.allclose(result.weights[name], other.weights[name], atol=1e-4)


@pytest.mark.usefixtures("_contrast")
@pytest.mark.parametrize(("accumulation", "count"), [(2, 1), (1, 2)], ids=["accumulation", "processes"])
def test_a_term_over_updates_is_refused_where_updates_come_in_pieces(
    accumulation: int, count: int, model: MultitaskModel, public: Path, make_settings: Settings
) -> None:
    settings = make_settings(accumulation=accumulation, terms={"contrast": 1.0})
    found = f"accumulation is {accumulation} and there are {count} processes; set accumulation to 1"
    with pytest.raises(ParameterError, match=f"terms: contrast needs every update in one piece, but {found}"):
        make_terms(settings, public, model, Processes(count=count))


def test_a_term_whose_name_the_check_does_not_know_stops_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of parameters has no torch, and goes by the names alone."""
    monkeypatch.setattr(train_settings, "TERM_NAMES", ())
    with pytest.raises(XstiltsError, match=r"TERM_NAMES: .*expected those of TERMS: .*public_distance"):
        runpy.run_path(str(terms.__file__))


def test_answers_far_from_the_right_one_cost_more(tiny: TinyFiles, tiny_features: dict[str, Any], public: Path) -> None:
    """Known answer: the expected distance of the likeliest answers, of rows with an answer in the vocabulary."""
    cache = tiny.cache("far", {"train": tiny.rows("looks", 12), "dev": []}, tiny_features)
    rows, settings = open_examples(cache, "train"), TrainSettings(terms={"answer_distance": 10.0})
    model = fresh_model(public, None, rows.card["tasks"])
    [(weight, term)] = make_terms(settings, public, model, Processes())
    vectors = model.head("looks").output.weight.detach().clone()
    with torch.no_grad():
        model.head("looks").output.weight.normal_(generator=torch.Generator().manual_seed(1))
    batch = rows.batch(np.arange(12))
    chances = model.logits(batch).softmax(-1)
    expected = [
        chance * (1 - F.cosine_similarity(vectors[label], vectors[answer], dim=0))
        for row, label in zip(chances, batch.label.tolist(), strict=True)
        for answer, chance in enumerate(row)
        if label >= 0
    ]
    assert 0 < len(expected) < chances.numel()
    assert weight == 10.0
    torch.testing.assert_close(term(model, batch, model.encode(batch)), torch.stack(expected).sum())


def test_answer_distance_is_for_answers_of_a_vocabulary(public: Path, moved: MultitaskModel) -> None:
    with pytest.raises(ParameterError, match="answer_distance is for vqa tasks"):
        make_terms(TrainSettings(terms={"answer_distance": 1.0}), public, moved, Processes())
