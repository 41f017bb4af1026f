"""What an example gets from the model depends on nothing but the example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from xstilts.model.batch import Batch
from xstilts.model.encoder import load_public
from xstilts.model.heads import LabelHead
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples

# Logits are of order 1 and float32 sums of 32 terms in another order differ by 1e-6.
TOLERANCE = 1e-5
KINDS = ["bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"]
Make = Callable[[Path], MultitaskModel]


@torch.inference_mode()
def logits_a_row(model: MultitaskModel, examples: Examples, batches: list[np.ndarray]) -> dict[int, Tensor]:
    """Logits of every row; of a span task those of its own tokens only."""
    found = {}
    for rows in batches:
        for row, logits in zip(rows, model.logits(examples.batch(rows)), strict=True):
            found[int(row)] = logits[..., : examples.text_lengths[row]] if logits.ndim == 2 else logits
    return found


@pytest.mark.parametrize("task", ["looks", "follows", "finds"])
@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_company_change_nothing(
    kind: str, task: str, tiny: Any, make_model: Make, examples: Examples
) -> None:
    model = make_model(tiny.public(kind))
    rows = np.flatnonzero(examples.tasks == task)
    assert len(set(examples.text_lengths[rows])) > 5
    assert (len(set(examples.visual_lengths[rows])) > 4) == (task == "looks")
    alone = logits_a_row(model, examples, [rows[i : i + 1] for i in range(len(rows))])
    assert max(logits.std() for logits in alone.values()) > 0.1  # what follows compares more than zeros
    shuffled = np.random.default_rng(0).permutation(rows)
    for batches in ([rows], np.array_split(shuffled, 7)):
        together = logits_a_row(model, examples, batches)
        assert together.keys() == alone.keys()
        for row, logits in alone.items():
            torch.testing.assert_close(together[row], logits, atol=TOLERANCE, rtol=0, msg=examples.ids[row])


@torch.inference_mode()
def test_the_padding_of_tokens_and_regions_is_not_read(public: Path, make_model: Make, examples: Examples) -> None:
    model, batch = make_model(public), examples.batch(np.flatnonzero(examples.tasks == "looks"))
    assert not batch.text_mask.all()
    assert not batch.region_mask.all()
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    values["input_ids"] = torch.where(batch.text_mask, batch.input_ids, 7)
    values["features"] = torch.where(batch.region_mask[..., None], batch.features, 100.0)
    values["boxes"] = torch.where(batch.region_mask[..., None], batch.boxes, 100.0)
    torch.testing.assert_close(model.logits(Batch(**values)), model.logits(batch), atol=TOLERANCE, rtol=0)


@torch.inference_mode()
def test_regions_are_read(public: Path, make_model: Make, examples: Examples) -> None:
    """The counterpart of the tests above: what is no padding does change the answer."""
    model, rows = make_model(public), np.flatnonzero((examples.tasks == "looks") & (examples.visual_lengths > 0))
    batch = examples.batch(rows)
    for name in ("features", "boxes"):
        values = {field.name: getattr(batch, field.name) for field in fields(batch)}
        values[name] = torch.where(batch.region_mask[..., None], values[name].flip(0), values[name])
        assert ((model.logits(Batch(**values)) - model.logits(batch)).abs().amax(1) > 1e-3).sum() > len(rows) / 2, name


@torch.inference_mode()
@pytest.mark.parametrize("kind", KINDS)
def test_without_regions_it_is_the_text_encoder_itself(kind: str, tiny: Any, examples: Examples) -> None:
    """Also for RoBERTa's family, whose positions begin after the padding index."""
    public = tiny.public(kind)
    plain = AutoModel.from_pretrained(public / "encoder").eval()
    batch = examples.batch(np.flatnonzero(examples.tasks == "follows"))
    padded = torch.where(batch.text_mask, batch.input_ids, plain.config.pad_token_id)
    expected = plain(input_ids=padded, attention_mask=batch.text_mask.long()).last_hidden_state
    encoded = load_public(public).eval()(batch)
    assert torch.equal(encoded.text_mask(), batch.text_mask)
    torch.testing.assert_close(encoded.hidden[batch.text_mask], expected[batch.text_mask], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("kind", "first"), [("bert", 0), ("xlm-roberta", 2), ("xlm-roberta-xl", 2), ("modernbert", 0)])
def test_the_first_position(kind: str, first: int, tiny: Any) -> None:
    assert load_public(tiny.public(kind)).first_position == first


@torch.inference_mode()
def test_a_label_head_reads_the_mean_of_the_real_text(public: Path, make_model: Make, examples: Examples) -> None:
    model, rows = make_model(public), np.flatnonzero(examples.tasks == "looks")
    batch, head = examples.batch(rows), model.head("looks")
    encoded = model.encoder(batch)
    assert isinstance(head, LabelHead)
    lengths = torch.from_numpy(examples.text_lengths[rows] + examples.visual_lengths[rows])
    assert torch.equal(encoded.mask.sum(1), lengths)
    for row, length in enumerate(examples.text_lengths[rows]):
        expected = head.output(encoded.hidden[row, :length].mean(0))
        torch.testing.assert_close(head(encoded, batch)[row], expected, atol=TOLERANCE, rtol=0)


def test_training_mode_drops_out_what_the_setting_says(tiny: Any, learn: Path, examples: Examples) -> None:
    encoder = load_public(tiny.public("bert", hidden_dropout_prob=0.5)).train()
    batch = examples.batch(np.flatnonzero(examples.tasks == "looks")[:4])
    assert not torch.equal(encoder(batch).hidden, encoder(batch).hidden)
    encoder.set_dropout(0.0)
    assert torch.equal(encoder(batch).hidden, encoder(batch).hidden)
