"""A model with some of its word embeddings is the whole model, for the texts that it was opened for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.base.errors import DataError, ParameterError
from xstilts.model.checkpoint import checkpoint_weights, load_encoder, load_model, save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.model.vocabulary import TrimmedEmbedding
from xstilts.train.examples import Examples, used_ids

Make = Callable[[Path], MultitaskModel]
KINDS = ["bert", "xlm-roberta", "xlm-roberta-xl", "modernbert"]
WORDS = "encoder.text.embeddings.word_embeddings.weight"


@pytest.fixture
def ids(tiny: Any) -> np.ndarray:
    """Half of the ordinary words."""
    return np.arange(len(tiny.SPECIAL), len(tiny.WORDS), 2)


def changed(model: MultitaskModel, ids: np.ndarray) -> MultitaskModel:
    """A model in which everything is trained, and some of the word embeddings were changed."""
    model.encoder.choose_trained(inputs=True, frozen_layers=0)
    with torch.no_grad():
        model.encoder.words.weight[torch.from_numpy(ids)] += 1.0
    return model


def saved(model: MultitaskModel, public: Path, directory: Path) -> Path:
    directory.mkdir()
    save_checkpoint(directory, checkpoint_weights(trained_weights(model), model, public), {"tasks": model.cards})
    return directory


@pytest.mark.equivalence
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_the_same_logits(kind: str, tiny: Any, make_model: Make, examples: Examples, tmp_path: Path) -> None:
    """Bit for bit, of every text of a cache: its own words are enough, padding and all."""
    public, used = tiny.public(kind), used_ids(examples)
    assert used is not None
    whole = make_model(public)
    checkpoint = saved(changed(whole, used[3:6]), public, tmp_path / "checkpoint")
    trimmed = load_model(public, checkpoint, used)
    for task in sorted(set(examples.tasks)):
        batch = examples.batch(np.flatnonzero(examples.tasks == task))
        assert torch.equal(trimmed.logits(batch), whole.logits(batch))
    assert trimmed.encoder.vocabulary == whole.encoder.vocabulary == len(tiny.WORDS)
    assert len(trimmed.encoder.words.weight) == len(np.union1d(used, [0, 1]))


def test_only_the_ids_asked_for_and_filler_and_padding_are_kept(public: Path, ids: np.ndarray) -> None:
    encoder = load_public(public)
    whole = encoder.words.weight.detach().clone()
    encoder.keep_rows(ids[:3])
    words = encoder.words
    assert isinstance(words, TrimmedEmbedding)
    assert words.kept.tolist() == [0, 1, *ids[:3]]
    assert torch.equal(words.weight, whole[words.kept])
    assert torch.equal(words(words.kept), whole[words.kept])
    assert encoder.state_dict().keys() == load_public(public).state_dict().keys()


def test_an_id_that_was_not_kept_is_refused(public: Path, ids: np.ndarray, tiny: Any) -> None:
    """Never another word's embedding in its place."""
    encoder = load_public(public)
    encoder.keep_rows(ids)
    missing = int(ids[0]) + 1
    with pytest.raises(ParameterError, match=f"found token id {missing}, expected one of the {len(ids) + 2} ids"):
        encoder.words(torch.tensor([[int(ids[0]), missing]]))
    for wrong in (len(tiny.WORDS), -1):
        with pytest.raises(ParameterError, match=f"found token id {wrong}, expected 0 to {len(tiny.WORDS) - 1}"):
            load_public(public).keep_rows(np.array([wrong]))


def test_a_padding_row_is_never_trained(tiny: Any, ids: np.ndarray) -> None:
    """As in the whole matrix, wherever it ends up among the rows that are kept."""
    encoder = load_public(tiny.public("bert", pad_token_id=19))
    encoder.keep_rows(ids[:4])
    encoder.words(torch.tensor([0, 19, int(ids[2])])).sum().backward()
    found = encoder.words.weight.grad
    assert found is not None
    assert [bool(row.any()) for row in found] == [True, False, False, True, False, False]


def test_a_checkpoint_holds_the_rows_that_differ(
    public: Path, make_model: Make, ids: np.ndarray, tmp_path: Path
) -> None:
    """The same ones, whether or not others were in memory."""
    for name, trim in (("whole", False), ("trimmed", True)):
        model = make_model(public)
        if trim:
            model.encoder.keep_rows(ids)
            changed(model, np.flatnonzero(np.isin(model.encoder.words.kept.numpy(), ids[1:4])))
        else:
            changed(model, ids[1:4])
        saved(model, public, tmp_path / name)
    weights = load_file(tmp_path / "trimmed" / "model.safetensors")
    assert weights[f"{WORDS}.rows"].tolist() == ids[1:4].tolist()
    assert weights[f"{WORDS}.values"].shape == (3, model.encoder.hidden)
    assert WORDS not in weights
    both = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "trimmed")]
    assert both[0] == both[1]
    fresh = make_model(public)
    assert not any(WORDS in name for name in checkpoint_weights(trained_weights(fresh), fresh, public))


def test_rows_of_earlier_phases_are_kept_and_stored_again(
    public: Path, make_model: Make, ids: np.ndarray, cards: dict[str, Any], tmp_path: Path
) -> None:
    """Though the next phase's texts have none of them, and embeddings are frozen there."""
    first = saved(changed(make_model(public), ids[1:4]), public, tmp_path / "first")
    model = MultitaskModel(load_encoder(public, first, ids[6:]), cards)
    model.encoder.choose_trained(inputs=False, frozen_layers=0)
    assert set(model.encoder.words.kept.tolist()) == {0, 1, *ids[1:4], *ids[6:]}
    second = saved(model, public, tmp_path / "second")
    one, two = (load_file(place / "model.safetensors") for place in (first, second))
    assert torch.equal(two[f"{WORDS}.rows"], one[f"{WORDS}.rows"])
    assert torch.equal(two[f"{WORDS}.values"], one[f"{WORDS}.values"])


def test_a_whole_matrix_is_read_as_well(public: Path, make_model: Make, ids: np.ndarray, tmp_path: Path) -> None:
    model = changed(make_model(public), ids[1:4])
    save_checkpoint(tmp_path, trained_weights(model), {"tasks": model.cards})
    assert WORDS in load_file(tmp_path / "model.safetensors")
    encoder = load_encoder(public, tmp_path)
    assert torch.equal(encoder.words.weight, model.encoder.words.weight)
    assert encoder.changed_rows.tolist() == ids[1:4].tolist()


@pytest.mark.parametrize("load", [load_model, load_encoder])
@pytest.mark.parametrize("wrong", ["no values", "other numbers", "outside", "another width", "negative"])
def test_rows_of_another_matrix_are_refused(
    load: Callable[..., Any], wrong: str, public: Path, make_model: Make, ids: np.ndarray, tmp_path: Path
) -> None:
    directory = saved(changed(make_model(public), ids[1:4]), public, tmp_path / "checkpoint")
    weights = load_file(directory / "model.safetensors")
    rows, values = f"{WORDS}.rows", f"{WORDS}.values"
    if wrong == "no values":
        weights.pop(values)
    other = {
        "other numbers": {values: weights.get(values, torch.zeros(0))[:2].clone()},
        "outside": {rows: weights[rows] + 1000},
        "negative": {rows: weights[rows] - 1000},
        "another width": {values: torch.zeros(3, 5)},
    }
    save_file({**weights, **other.get(wrong, {})}, directory / "model.safetensors")
    with pytest.raises(DataError, match=r"checkpoint/model\.safetensors: found weights of another model"):
        load(public, directory)
