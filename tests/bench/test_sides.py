"""Every side reads the same examples; what the peers do is what their names say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from xstilts.base.errors import ParameterError
from xstilts.bench import trainer
from xstilts.bench.comparison import NO_BUDGET, PEERS
from xstilts.bench.comparison import PIPELINE as PIPELINE_SIDES
from xstilts.bench.job import Job, measure
from xstilts.bench.models import SHAPES, encoder_config, pipeline_model
from xstilts.bench.ours import ALL_WEIGHTS, PIPELINE, UNTRIMMED
from xstilts.bench.rows import examples_of, read_card, table_of, token_ids
from xstilts.bench.trainer import (
    AS_IN_SCRIPTS,
    AT_BEST,
    AT_BEST_WITH_OUR_HEAD,
    FROZEN,
    LEARNING_RATE,
    HuggingFace,
    accuracy_on,
)
from xstilts.bench.vqa_recipe import AT_BEST as VQA_AT_BEST
from xstilts.bench.vqa_recipe import PLACE, VOLTA, cut_padding
from xstilts.train.loop import make_optimizer

Jobs = Callable[..., Job]
TEXT_SIDES = ("ours", "trainer_default")


@pytest.mark.parametrize(("peer", "widths"), [(AS_IN_SCRIPTS, {78}), (AT_BEST, set(range(3, 15)))])
def test_the_trainer_reads_our_examples(make_job: Jobs, peer: HuggingFace, widths: set[int]) -> None:
    """The tiny encoder has 80 positions, so the default pads to less than 128."""
    job = make_job()
    ours, theirs = examples_of(job, job.rows), peer.dataset(job, job.rows)
    assert len(ours) == len(theirs) == 20
    for row in range(len(ours)):
        mask = np.array(theirs[row]["attention_mask"], bool)
        batch = ours.batch(np.array([row]))
        assert np.array(theirs[row]["input_ids"])[mask].tolist() == batch.input_ids[0].tolist()
        assert theirs[row]["labels"] == int(batch.label)
        assert len(mask) in widths


def test_the_vqa_script_reads_our_examples(make_job: Jobs) -> None:
    job = make_job("xgqa")
    ours, theirs = examples_of(job, job.rows), VOLTA.questions(job, job.rows)
    for row in range(len(ours)):
        words, mask, features, boxes, label = theirs[row]
        batch = ours.batch(np.array([row]))
        regions = int(batch.region_mask.sum())
        assert words[mask[: VOLTA.words]].tolist() == batch.input_ids[0].tolist()
        assert int(mask[VOLTA.words :].sum()) == regions
        assert torch.equal(features[:regions].flatten(), batch.features[0, :regions].flatten())
        assert torch.equal(boxes[:regions], batch.boxes[0, :regions][:, PLACE])
        assert (len(words), len(features), len(boxes)) == (VOLTA.words, VOLTA.regions, VOLTA.regions)
        assert not features[regions:].any()
        assert int(label) == int(batch.label)


def test_sorted_rows_stay_sorted_in_scoring(make_job: Jobs) -> None:
    """So that the Trainer pads no more than it must: a batch of 64 holds all 20 rows, so batches are made smaller."""
    job = make_job(side="trainer_best", what="score")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trainer.BEST, "per_device_eval_batch_size", 4)
        lengths = sorted((len(one) for one in token_ids(table_of(job, job.rows))), reverse=True)
        assert measure(job).positions == sum(4 * max(lengths[at : at + 4]) for at in range(0, 20, 4))


def test_default_and_best(make_job: Jobs, tmp_path: Path) -> None:
    default, best = (peer.arguments(make_job(), tmp_path) for peer in (AS_IN_SCRIPTS, AT_BEST))
    assert (default.bf16, default.train_sampling_strategy) == (False, "random")
    assert (best.bf16, best.train_sampling_strategy, best.optim) == (True, "group_by_length", "adamw_torch_fused")
    assert default.per_device_train_batch_size == best.per_device_train_batch_size == 8
    models = [peer.model(make_job()) for peer in (AS_IN_SCRIPTS, AT_BEST)]
    assert [model.config.hidden_dropout_prob for model in models] == [0.1, 0.0]
    assert [model.config._attn_implementation for model in models] == ["sdpa", "eager"]
    assert AT_BEST.arguments(make_job(what="score"), tmp_path).train_sampling_strategy != "group_by_length"
    assert AT_BEST.model(make_job(what="score")).config._attn_implementation == "sdpa"
    assert all(weight.requires_grad for model in models for weight in model.parameters())


def test_the_same_model_on_both_sides(make_job: Jobs) -> None:
    """With the head's weights exchanged the Trainer's model says what the pipeline's says."""
    job = make_job()
    (task, card), rows = read_card(job), examples_of(job, job.rows)
    ours, theirs = pipeline_model(job, card["tasks"]).eval(), AT_BEST_WITH_OUR_HEAD.model(job).eval()
    theirs.classifier.load_state_dict(ours.head(task).output.state_dict())
    batch = rows.batch(np.arange(len(rows)))
    with torch.no_grad():
        found = theirs(batch.input_ids, batch.text_mask, batch.label)
        torch.testing.assert_close(found["logits"], ours.logits(batch), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found["loss"] * len(rows), ours(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("peer", [AS_IN_SCRIPTS, AT_BEST, AT_BEST_WITH_OUR_HEAD])
def test_accuracy_is_of_the_right_rows(make_job: Jobs, peer: HuggingFace, tmp_path: Path) -> None:
    """A Trainer that groups by length predicts the rows in another order."""
    job = make_job(rows=tuple(range(40)))
    model, rows = peer.model(job).eval(), peer.dataset(job, job.rows)
    inputs = [{name: torch.tensor([row[name]]) for name in ("input_ids", "attention_mask")} for row in rows]
    with torch.no_grad():
        said = [int(model(**one)["logits"].argmax()) for one in inputs]
    assert len(set(said)) > 1
    trainer = peer.trainer(job, tmp_path, model, None, [])
    assert accuracy_on(trainer, rows.remove_columns("labels").add_column("labels", said)) == 1.0


def test_it_is_trained_as_the_best(make_job: Jobs, tmp_path: Path) -> None:
    best, mean = (peer.arguments(make_job(), tmp_path) for peer in (AT_BEST, AT_BEST_WITH_OUR_HEAD))
    assert {**best.to_dict(), "output_dir": ""} == {**mean.to_dict(), "output_dir": ""}
    assert measure(make_job(side="trainer_best_mean", dev=tuple(range(40)))).accuracy is not None


def test_one_learning_rate_for_all_where_it_is_asked_for(make_job: Jobs, tmp_path: Path) -> None:
    own, same = make_job(), make_job(learning_rate=2e-5)
    before, after = (PIPELINE.settings(job) for job in (own, same))
    assert before.learning_rate != before.head_learning_rate
    assert after.learning_rate == after.head_learning_rate == 2e-5
    assert AT_BEST.arguments(own, tmp_path).learning_rate == LEARNING_RATE
    assert AT_BEST.arguments(same, tmp_path).learning_rate == 2e-5


def test_all_weights_are_trained_where_the_side_says_so(make_job: Jobs) -> None:
    own, whole = PIPELINE.settings(make_job()), ALL_WEIGHTS.settings(make_job())
    assert (own.frozen_layers, own.train_inputs) == (1, False)
    assert whole == replace(own, frozen_layers=0, train_inputs=True)
    assert UNTRIMMED.settings(make_job()) == replace(whole, trim_vocabulary=False)


def test_the_frozen_peer_trains_what_the_pipeline_trains(make_job: Jobs) -> None:
    """Weight for weight of the encoder, but for a pooler, which the pipeline's has not."""
    job = make_job()
    ours = pipeline_model(job, read_card(job)[1]["tasks"])
    make_optimizer(ours, PIPELINE.settings(job))
    expected = {name for name, weight in ours.encoder.text.named_parameters() if weight.requires_grad}
    theirs = FROZEN.model(job).base_model.named_parameters()
    found = {name for name, weight in theirs if weight.requires_grad and not name.startswith("pooler.")}
    assert found == expected
    assert 0 < len(found) < len(list(ours.encoder.text.named_parameters()))


@pytest.mark.parametrize("data", ["mnli", "xgqa"])
def test_every_side_does_as_many_updates(data: str, make_job: Jobs) -> None:
    """Of as many examples, also where texts are long: 20 rows in updates of 8."""
    long = {**make_job().settings, "token_budget": NO_BUDGET}
    peers = [side for side in (*PIPELINE_SIDES, *PEERS) if "train" in side.works]
    kind = {"mnli": "text", "xgqa": "vqa"}[data]
    found = {s.name: measure(make_job(data, s.name, settings=long)) for s in peers if s.data == kind}
    assert len(found) >= 5
    assert {one.more["updates"] for one in found.values()} == {3}
    assert all(one.processor_seconds > 0 for one in found.values())


def test_the_vqa_script_at_its_best_reads_the_same(make_job: Jobs) -> None:
    """The same questions, regions and logits; only padding is gone."""
    job = make_job("xgqa")
    usual, best = VOLTA.questions(job, job.rows), VQA_AT_BEST.questions(job, job.rows)
    model = VOLTA.model(job, usual).eval()
    (wide,) = DataLoader(usual, len(usual))
    narrow = cut_padding([best[row] for row in range(len(best))])
    assert narrow[1].shape[1] < wide[1].shape[1] == VOLTA.words + VOLTA.regions
    assert narrow[1].sum() == wide[1].sum()
    with torch.no_grad():
        torch.testing.assert_close(model(*narrow[:4]), model(*wide[:4]), rtol=1e-4, atol=1e-4)
    assert torch.equal(narrow[4], wide[4])
    assert measure(make_job("xgqa", side="vqa_best", what="score")).positions < len(usual) * wide[1].shape[1] / 2


@pytest.mark.parametrize("what", ["train", "score"])
def test_padding_is_seen_by_the_count_of_positions(make_job: Jobs, what: str) -> None:
    jobs = [make_job(side=side, what=what, split="dev" if what == "score" else "train") for side in TEXT_SIDES]
    ours, default = map(measure, jobs)
    assert ours.tokens == default.tokens == int(examples_of(jobs[0], jobs[0].rows).tokens.sum())
    assert default.positions == 20 * 78
    assert ours.tokens <= ours.positions < default.positions / 2


def test_the_vqa_script_pads_to_words_and_regions(make_job: Jobs) -> None:
    assert measure(make_job("xgqa", side="vqa_recipe")).positions == 20 * (VOLTA.words + VOLTA.regions)


def test_quality_is_measured_on_dev(make_job: Jobs) -> None:
    dev = tuple(range(40))
    for data, side in (
        ("mnli", "ours"),
        ("mnli", "trainer_default"),
        ("xgqa", "ours_vqa"),
        ("xgqa", "vqa_recipe"),
        ("xgqa", "vqa_best"),
    ):
        accuracy = measure(make_job(data, side=side, dev=dev)).accuracy
        assert accuracy is not None
        assert (accuracy * len(dev)) % 1 == pytest.approx(0, abs=1e-4) or (accuracy * len(dev)) % 1 > 0.99
        assert 0 <= accuracy <= 1
        assert measure(make_job(data, side=side)).accuracy is None


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
        job = replace(job, public=make_job().public)  # its collator wants the tokenizer
    found = measure(job)
    assert found.examples == 20
    assert found.flops > 0


def test_other_kinds_are_refused(make_job: Jobs, learn: Path) -> None:
    with pytest.raises(ParameterError, match="expected one task of kind classification or vqa"):
        measure(make_job(cache=str(learn)))
