"""Every side reads the same examples; what the peers do is what their names say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from xstilts.base.errors import ParameterError
from xstilts.bench.child import measure
from xstilts.bench.job import Job
from xstilts.bench.models import SHAPES, encoder_config, own_model
from xstilts.bench.ours import settings_of
from xstilts.bench.sample import examples_of, read_card
from xstilts.bench.tokenising import texts_of
from xstilts.bench.trainer import LEARNING_RATE, accuracy_on, dataset_of, make_model, make_trainer, training_arguments
from xstilts.bench.vqa_recipe import PLACE, REGIONS, WORDS, Questions

Jobs = Callable[..., Job]


@pytest.mark.parametrize(("side", "widths"), [("trainer_default", {78}), ("trainer_best", set(range(3, 15)))])
def test_the_trainer_reads_our_examples(make_job: Jobs, side: str, widths: set[int]) -> None:
    """The tiny encoder has 80 positions, so the default pads to less than 128."""
    job = make_job(side=side)
    ours, theirs = examples_of(job, job.rows), dataset_of(job, job.rows)
    assert len(ours) == len(theirs) == 20
    for row in range(len(ours)):
        mask = np.array(theirs[row]["attention_mask"], bool)
        batch = ours.batch(np.array([row]))
        assert np.array(theirs[row]["input_ids"])[mask].tolist() == batch.input_ids[0].tolist()
        assert theirs[row]["labels"] == int(batch.label)
        assert len(mask) in widths


def test_the_recipe_reads_our_examples(make_job: Jobs) -> None:
    job = make_job("xgqa")
    ours, theirs = examples_of(job, job.rows), Questions(job, job.rows)
    for row in range(len(ours)):
        words, mask, features, boxes, label = theirs[row]
        batch = ours.batch(np.array([row]))
        regions = int(batch.region_mask.sum())
        assert words[mask[:WORDS]].tolist() == batch.input_ids[0].tolist()
        assert int(mask[WORDS:].sum()) == regions
        assert torch.equal(features[:regions].flatten(), batch.features[0, :regions].flatten())
        assert torch.equal(boxes[:regions], batch.boxes[0, :regions][:, PLACE])
        assert (len(words), len(features), len(boxes)) == (WORDS, REGIONS, REGIONS)
        assert not features[regions:].any()
        assert int(label) == int(batch.label)


def test_default_and_best(make_job: Jobs, tmp_path: Path) -> None:
    arguments = {
        side: training_arguments(make_job(side=side), tmp_path) for side in ("trainer_default", "trainer_best")
    }
    default, best = arguments.values()
    assert (default.bf16, default.train_sampling_strategy) == (False, "random")
    assert (best.bf16, best.train_sampling_strategy, best.optim) == (True, "group_by_length", "adamw_torch_fused")
    assert default.per_device_train_batch_size == best.per_device_train_batch_size == 8
    dropouts = [make_model(make_job(side=side)).config.hidden_dropout_prob for side in arguments]
    assert dropouts == [0.1, 0.0]
    assert all(weight.requires_grad for weight in make_model(make_job(side="trainer_best")).parameters())


def test_the_same_model_on_both_sides(make_job: Jobs) -> None:
    """With the head's weights exchanged the Trainer's model says what the pipeline's says."""
    job = make_job(side="trainer_best_mean")
    task, card = read_card(job)
    ours, theirs, rows = own_model(job, card["tasks"]).eval(), make_model(job).eval(), examples_of(job, job.rows)
    theirs.classifier.load_state_dict(ours.head(task).output.state_dict())
    batch = rows.batch(np.arange(len(rows)))
    with torch.no_grad():
        found = theirs(batch.input_ids, batch.text_mask, batch.label)
        torch.testing.assert_close(found["logits"], ours.logits(batch), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found["loss"] * len(rows), ours(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("side", ["trainer_default", "trainer_best", "trainer_best_mean"])
def test_accuracy_is_of_the_right_rows(make_job: Jobs, side: str, tmp_path: Path) -> None:
    """A Trainer that groups by length predicts the rows in another order."""
    job = make_job(side=side, rows=tuple(range(40)))
    model, rows = make_model(job).eval(), dataset_of(job, job.rows)
    inputs = [{name: torch.tensor([row[name]]) for name in ("input_ids", "attention_mask")} for row in rows]
    with torch.no_grad():
        said = [int(model(**one)["logits"].argmax()) for one in inputs]
    assert len(set(said)) > 1
    trainer = make_trainer(job, tmp_path, model, None, [])
    assert accuracy_on(trainer, rows.remove_columns("labels").add_column("labels", said)) == 1.0


def test_it_is_trained_as_the_best(make_job: Jobs, tmp_path: Path) -> None:
    best, mean = (training_arguments(make_job(side=f"trainer_best{end}"), tmp_path) for end in ("", "_mean"))
    assert {**best.to_dict(), "output_dir": ""} == {**mean.to_dict(), "output_dir": ""}
    assert measure(make_job(side="trainer_best_mean", dev=tuple(range(40)))).accuracy is not None


def test_one_learning_rate_for_all_where_it_is_asked_for(make_job: Jobs, tmp_path: Path) -> None:
    own, same = make_job(), make_job(learning_rate=2e-5)
    assert settings_of(own).learning_rate != settings_of(own).head_learning_rate
    assert settings_of(same).learning_rate == settings_of(same).head_learning_rate == 2e-5
    assert training_arguments(own, tmp_path).learning_rate == LEARNING_RATE
    assert training_arguments(same, tmp_path).learning_rate == 2e-5


@pytest.mark.parametrize("what", ["train", "score"])
def test_padding_is_seen_by_the_count_of_positions(make_job: Jobs, what: str) -> None:
    job = make_job(what=what, split="dev" if what == "score" else "train")
    found = {side: measure(Job(**{**job.__dict__, "side": side})) for side in ("ours", "trainer_default")}
    ours, default = found["ours"], found["trainer_default"]
    assert ours.tokens == default.tokens == int(examples_of(job, job.rows).tokens.sum())
    assert default.positions == 20 * 78
    assert ours.tokens <= ours.positions < default.positions / 2


def test_the_recipe_pads_to_words_and_regions(make_job: Jobs) -> None:
    assert measure(make_job("xgqa", side="vqa_recipe")).positions == 20 * (WORDS + REGIONS)


def test_quality_is_measured_on_dev(make_job: Jobs) -> None:
    dev = tuple(range(40))
    for data, side in (("mnli", "ours"), ("mnli", "trainer_default"), ("xgqa", "ours_vqa"), ("xgqa", "vqa_recipe")):
        accuracy = measure(make_job(data, side=side, dev=dev)).accuracy
        assert accuracy is not None
        assert (accuracy * len(dev)) % 1 == pytest.approx(0, abs=1e-4) or (accuracy * len(dev)) % 1 > 0.99
        assert 0 <= accuracy <= 1
        assert measure(make_job(data, side=side)).accuracy is None


def test_texts_are_those_of_the_rows(make_job: Jobs) -> None:
    job = make_job()
    texts, rows = texts_of(job, job.rows), examples_of(job, job.rows)
    assert [len(str(text).split()) + 2 for text in texts] == rows.text_lengths.tolist()


def test_shapes_are_published_ones(make_job: Jobs) -> None:
    assert set(SHAPES) == {"xlmr-base", "xlmr-large"}
    config = encoder_config(make_job(shape="xlmr-base"))
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (12, 768, 250_002)


@pytest.mark.parametrize("side", ["ours", "trainer_best", "ours_vqa_all_weights", "vqa_recipe"])
@pytest.mark.parametrize("what", ["train", "score"])
def test_random_weights_of_a_shape(make_job: Jobs, monkeypatch: pytest.MonkeyPatch, side: str, what: str) -> None:
    monkeypatch.setitem(SHAPES, "tiny", (2, 8, 12, 2))
    job = make_job("xgqa" if "vqa" in side else "mnli", side=side, shape="tiny", what=what, public="")
    if side == "trainer_best":
        job = Job(**{**job.__dict__, "public": make_job().public})  # its collator wants the tokenizer
    found = measure(job)
    assert found.examples == 20
    assert found.flops > 0


def test_other_kinds_are_refused(make_job: Jobs, learn: Path) -> None:
    with pytest.raises(ParameterError, match="expected one task of kind classification or vqa"):
        measure(make_job(cache=str(learn)))


def test_what_is_not_trained_whole_is_refused(make_job: Jobs) -> None:
    job = make_job()
    with pytest.raises(ParameterError, match="its task has tune: lora, expected full; measure another task"):
        measure(replace(job, settings={**job.settings, "tune": "lora"}))
