"""States that are remembered are those of the encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.kept_states import KeptStates
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples


@torch.inference_mode()
def test_known_and_new_texts_give_the_encoders_states(full_model: MultitaskModel, everything: Examples) -> None:
    rows = np.flatnonzero(everything.tasks == "parses")[:9]
    kept = KeptStates()
    for some in (rows[:4], rows[2:], rows):
        batch = everything.batch(some)
        found, expected = kept.encode(full_model.encoder, batch), full_model.encoder(batch)
        assert found.text_tokens == expected.text_tokens
        real = expected.text_mask()
        torch.testing.assert_close(found.text()[real], expected.text()[real], atol=2e-3, rtol=2e-3)


@torch.inference_mode()
def test_each_text_is_encoded_once_while_there_is_room(
    full_model: MultitaskModel, everything: Examples, monkeypatch: Any
) -> None:
    rows, read = np.flatnonzero(everything.tasks == "parses")[:6], []
    forward = full_model.encoder.forward

    def counted(batch: Batch) -> Encoded:
        read.append(len(batch.input_ids))
        return forward(batch)

    monkeypatch.setattr(full_model.encoder, "forward", counted)
    kept, full = KeptStates(), KeptStates(limit=0)
    for _ in range(2):
        kept.encode(full_model.encoder, everything.batch(rows))
        full.encode(full_model.encoder, everything.batch(rows))
    assert read == [6, 6, 6]
