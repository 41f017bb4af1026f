"""Encoders of every published structure read an example as its own, whatever they read it with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tiny_encoders import ENCODERS, READS, batch_of, differences, encodings, farthest, public_of, states
from xstilts.base.errors import DataError, ParameterError
from xstilts.model import encoder as module
from xstilts.model.encoder import load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples

TOLERANCE = 1e-5  # states are of order 1, and float32 sums of some dozen terms differ in another order
PACKED = {"XLM-R", "mBERT", "EuroBERT"}
TYPED = {"mBERT", "RemBERT"}


@pytest.mark.equivalence
@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("name", ENCODERS)
def test_alone_batched_trimmed_packed_and_the_library_s_own(name: str, reads: str, tiny: Any) -> None:
    found = differences(public_of(tiny, name), reads)
    assert (found["packed"] is not None) == (name in PACKED)
    assert (found["AutoModel"] is None) == (reads == "picture")
    assert all(one < TOLERANCE for one in found.values() if one is not None), found


@pytest.mark.parametrize("name", ["mDeBERTa-v3", "ModernBERT, mmBERT"])
def test_padding_between_text_and_picture_would_be_read(name: str, tiny: Any) -> None:
    """The counterpart: where distances and windows are counted in columns, a gap is not nothing."""
    public = public_of(tiny, name)
    encoder, texts = load_public(public).eval(), [one.ids for one in encodings(public, "text")]
    batch = batch_of(texts, [3] * len(texts))
    with torch.inference_mode():
        gap = encoder._padded(encoder._inputs(batch), batch.mask(), every_layer=False)[0]
    found = [hidden[mask] for hidden, mask in zip(gap, batch.mask(), strict=True)]
    assert farthest(found, states(encoder, batch)) > 0.1


@pytest.mark.parametrize("name", ENCODERS)
def test_the_second_text_of_a_pair_has_a_type_of_its_own_where_the_tokenizer_says_so(name: str, tiny: Any) -> None:
    public = public_of(tiny, name)
    encoder = load_public(public)
    assert encoder.separator == (tiny.WORDS.index("</s>") if name in TYPED else None)
    if name in TYPED:
        read = encodings(public, "pair")
        types = encoder._inputs(batch_of([one.ids for one in read], [2] * len(read)))["token_type_ids"]
        assert all(row[: len(one.ids)].tolist() == one.type_ids for row, one in zip(types, read, strict=True))
        assert not types[:, -8:].any()  # a picture is of the first type


@pytest.mark.equivalence
@pytest.mark.parametrize("name", ENCODERS)
def test_every_kind_of_task_is_read_and_trained(name: str, tiny: Any, everything: Examples) -> None:
    """Also masked tokens, whose embeddings may be of another size than the states."""
    torch.manual_seed(0)
    model = MultitaskModel(load_public(public_of(tiny, name)), everything.card["tasks"]).eval()
    for task in tiny.TRAINED:
        rows = np.flatnonzero(everything.tasks == task)[:6]
        loss = model(everything.batch(rows, update=1))
        loss.backward()
        with torch.inference_mode():
            alone = [float(model(everything.batch(rows[i : i + 1], update=1))) for i in range(len(rows))]
        assert sum(alone) == pytest.approx(loss.item(), rel=1e-4), task
    trained = [weight for part in model.encoder.layers for weight in part.parameters()]
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in trained)


def test_weights_that_the_library_s_class_lacks_are_named(tiny: Any, tmp_path: Path) -> None:
    """As where they were made for code of the repository."""
    shutil.copytree(tiny.public("bert"), tmp_path / "public")
    path = tmp_path / "public" / "encoder" / "model.safetensors"
    weights = load_file(path)
    own = {name.replace("attention.self.query", "attention.own.query"): one for name, one in weights.items()}
    save_file(own, path, {"format": "pt"})
    found = r"found no weights for 4 parts, such as encoder\.layer\.0\.attention\.self\.query\.bias, which would"
    with pytest.raises(DataError, match=rf"{found} be random, expected those of the type 'bert' of transformers"):
        load_public(tmp_path / "public")


def test_an_encoder_that_reads_padding_is_refused(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tiny.public("bert")
    plain = module.load_text(public / "encoder")
    usual = plain.forward
    plain.forward = lambda attention_mask=None, **named: usual(**named)
    monkeypatch.setattr(module, "load_text", lambda directory: plain)
    with pytest.raises(ParameterError, match=r"found an encoder of type bert, which reads a text otherwise when"):
        load_public(public)
