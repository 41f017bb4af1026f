"""Every kind of task: an example's logits and loss are its own, whatever batch it is in."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tiny_files import TinyFiles
from xstilts.model.batch import Batch
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples

TASKS = TinyFiles.TRAINED
# Logits are of order 1 and float32 sums of 32 terms in another order differ by 1e-6.
TOLERANCE = 1e-5


def of_task(examples: Examples, task: str) -> np.ndarray:
    return np.flatnonzero(examples.tasks == task)


def own(batch: Batch, logits: Tensor, kind: str) -> list[Tensor]:
    """Each example's own logits: those of its tokens, its choices, its masks."""
    if kind == "mlm":
        assert batch.labels is not None
        return list(logits.split((batch.labels >= 0).sum(1).tolist()))
    lengths = batch.text_mask.view(len(batch.ids), batch.choices, -1)[:, 0].sum(1).tolist()
    if kind == "choice":
        assert batch.choice_mask is not None
        return [scores[mask] for scores, mask in zip(logits, batch.choice_mask, strict=True)]
    if kind == "tagging":
        return [scores[:length] for scores, length in zip(logits, lengths, strict=True)]
    if kind == "span":
        return [scores[:, :length] for scores, length in zip(logits, lengths, strict=True)]
    return list(logits)


@torch.inference_mode()
def logits_per_row(model: MultitaskModel, examples: Examples, batches: list[np.ndarray]) -> dict[int, Tensor]:
    found = {}
    for rows in batches:
        batch = examples.batch(rows)
        logits = own(batch, model.logits(batch), examples.kind(batch.task))
        found |= dict(zip(batch.rows.tolist(), logits, strict=True))
    return found


@pytest.mark.parametrize("task", TASKS)
def test_padding_and_company_change_no_logits(task: str, full_model: MultitaskModel, everything: Examples) -> None:
    rows = of_task(everything, task)
    alone = logits_per_row(full_model, everything, [rows[i : i + 1] for i in range(len(rows))])
    assert torch.cat([logits.flatten() for logits in alone.values()]).std() > 0.1  # more than zeros are compared
    for batches in ([rows], np.array_split(np.random.default_rng(0).permutation(rows), 5)):
        together = logits_per_row(full_model, everything, batches)
        assert together.keys() == alone.keys()
        for row, logits in alone.items():
            torch.testing.assert_close(together[row], logits, atol=TOLERANCE, rtol=0, msg=everything.ids[row])


@pytest.mark.parametrize("task", TASKS)
def test_losses_are_sums_over_examples_and_so_are_gradients(
    task: str, full_model: MultitaskModel, everything: Examples
) -> None:
    rows = of_task(everything, task)
    weights = [weight for weight in full_model.parameters() if weight.requires_grad]

    def loss_and_gradient(batches: list[np.ndarray]) -> tuple[float, Tensor]:
        loss = torch.stack([full_model(everything.batch(part)) for part in batches]).sum()
        pieces = torch.autograd.grad(loss, weights, allow_unused=True)
        return loss.item(), torch.cat([piece.flatten() for piece in pieces if piece is not None])

    loss, gradient = loss_and_gradient([rows])
    assert loss > 1
    assert gradient.norm() > 1
    for batches in (np.array_split(rows, 3), [rows[i : i + 1] for i in range(len(rows))]):
        found = loss_and_gradient(batches)
        assert found[0] == pytest.approx(loss, rel=1e-5)
        torch.testing.assert_close(found[1], gradient, atol=1e-5 * gradient.norm().item(), rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("task", TASKS)
def test_heads_are_computed_in_float32_under_autocast(
    task: str, full_model: MultitaskModel, everything: Examples
) -> None:
    """Also for a loss term, which has the encoded states already."""
    batch = everything.batch(of_task(everything, task))
    with torch.autocast("cpu", torch.bfloat16):
        encoded = full_model.encode(batch)
        logits, again = full_model.logits_of(encoded, batch), full_model.logits(batch)
    assert logits.dtype == torch.float32
    assert torch.equal(logits, again)
    assert torch.equal(logits, full_model.logits_of(encoded, batch))


@pytest.mark.parametrize(
    ("task", "shape"), [("looks", 4), ("votes", 4), ("follows", 3), ("compares", 3), ("matches", 2)]
)
def test_labels_have_one_logit_each(task: str, shape: int, full_model: MultitaskModel, everything: Examples) -> None:
    batch = everything.batch(of_task(everything, task))
    assert full_model.logits(batch).shape == (len(batch.ids), shape)


def test_the_shapes_of_the_other_kinds(tiny: Any, full_model: MultitaskModel, everything: Examples) -> None:
    batches = {task: everything.batch(of_task(everything, task)) for task in ("finds", "tags", "picks", "fills")}
    shapes = {task: tuple(full_model.logits(batch).shape) for task, batch in batches.items()}
    tokens = {task: batch.input_ids.shape[1] for task, batch in batches.items()}
    examples, labels = len(batches["finds"].ids), batches["fills"].labels
    assert labels is not None
    assert shapes["finds"] == (examples, 2, tokens["finds"])
    assert shapes["tags"] == (examples, tokens["tags"], len(tiny.TAGS))
    assert shapes["picks"] == (examples, 4)
    assert shapes["fills"] == (int((labels >= 0).sum()), len(tiny.WORDS))


@torch.inference_mode()
@pytest.mark.parametrize("task", ["picks", "points"])
def test_permuting_choices_permutes_their_scores(task: str, full_model: MultitaskModel, everything: Examples) -> None:
    for row in of_task(everything, task)[:8]:
        batch = everything.batch(np.array([row]))
        order = torch.tensor(np.random.default_rng(int(row)).permutation(batch.choices))
        moved = replace(batch, input_ids=batch.input_ids[order], text_mask=batch.text_mask[order])
        expected = full_model.logits(batch)[:, order]
        torch.testing.assert_close(full_model.logits(moved), expected, atol=TOLERANCE, rtol=0)
        assert expected.unique().numel() > 1


@torch.inference_mode()
def test_a_choice_that_is_not_there_is_never_chosen(full_model: MultitaskModel, everything: Examples) -> None:
    batch = everything.batch(of_task(everything, "picks"))
    mask = batch.choice_mask
    assert mask is not None
    assert not mask.all()
    logits = full_model.logits(batch)
    assert (logits[~mask] == torch.finfo(torch.float32).min).all()
    chances = logits.softmax(-1)
    assert not chances[~mask].any()
    torch.testing.assert_close(chances.sum(1), torch.ones(len(mask)))


@torch.inference_mode()
def test_left_and_right_are_told_apart(full_model: MultitaskModel, everything: Examples) -> None:
    """Two images in the other order are another picture; the same image twice is the same picture."""
    table = everything.table
    image, second = (table.schema.get_field_index(name) for name in ("image", "second_image"))
    columns = table["image"], table["second_image"]
    turned = table.set_column(image, "image", columns[1]).set_column(second, "second_image", columns[0])
    rows = of_task(everything, "compares")
    ours, other = (Examples(one, everything.card).batch(rows) for one in (table, turned))
    difference = (full_model.logits(ours) - full_model.logits(other)).abs().amax(1)
    pictures = everything.pictures.images[rows]
    sizes = np.diff(everything.pictures.features["compares"].offsets)[pictures]
    differ = (pictures[:, 0] != pictures[:, 1]) & (sizes.sum(1) > 0)
    assert differ.sum() > 5
    assert (difference[differ] > 1e-3).all()
    assert (difference[~differ] < TOLERANCE).all()


@torch.inference_mode()
def test_every_layer_from_the_embeddings_on(everything: Examples, tiny: Any) -> None:
    batch = everything.batch(of_task(everything, "looks")[:6])
    for kind in ("bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"):
        encoder = load_public(tiny.public(kind)).eval()
        layers = encoder.all_layers(batch)
        assert len(layers) == 1 + encoder.text.config.num_hidden_layers
        last = encoder(batch)
        assert torch.equal(layers[-1].hidden, last.hidden)
        assert all(torch.equal(layer.mask, last.mask) for layer in layers)
        assert all(layer.hidden.shape == last.hidden.shape for layer in layers)
        states = [layer.text_mean() for layer in layers]
        assert all((one - other).abs().max() > 0.1 for one, other in pairwise(states))
        if kind == "bert":
            expected = encoder.text.embeddings(batch.input_ids)
            torch.testing.assert_close(layers[0].text()[batch.text_mask], expected[batch.text_mask])
