"""The states of texts that an encoder which does not change has read: each text is encoded once.

Training a head on a frozen encoder is then a matter of the head alone, and a second pass over test rows costs nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded, MultimodalEncoder

LIMIT = 2**30  # bytes; texts beyond it are encoded every time


class KeptStates:
    """Encodes texts, and remembers the states as float16; rows with pictures are for the encoder itself."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._states: dict[bytes, np.ndarray] = {}
        self._left = limit

    def encode(self, encoder: MultimodalEncoder, batch: Batch) -> Encoded:
        """What the encoder makes of a batch of texts without pictures, but for rounding; no gradient flows into it."""
        lengths = batch.text_mask.sum(1).tolist()
        ids = batch.input_ids.cpu().numpy()
        keys = [row[:length].tobytes() for row, length in zip(ids, lengths, strict=True)]
        own = self._missing(encoder, batch, keys, lengths)
        hidden = np.zeros((*ids.shape, encoder.hidden), np.float16)
        for row, (key, length) in enumerate(zip(keys, lengths, strict=True)):
            hidden[row, :length] = own[key] if key in own else self._states[key]
        states = torch.from_numpy(hidden).to(batch.input_ids.device).float()
        return Encoded(states, batch.text_mask, batch.text_mask, encoder.words.weight)

    def _missing(
        self, encoder: MultimodalEncoder, batch: Batch, keys: list[bytes], lengths: list[int]
    ) -> dict[bytes, np.ndarray]:
        """Encode the texts that are not known yet, and remember them while there is room."""
        rows = list({key: row for row, key in enumerate(keys) if key not in self._states}.values())
        if not rows:
            return {}
        longest = max(lengths[row] for row in rows)
        part = {name: getattr(batch, name)[rows] for name in ("features", "boxes", "region_mask")}
        texts = {name: getattr(batch, name)[rows, :longest] for name in ("input_ids", "text_mask")}
        with torch.no_grad():
            encoded: Encoded = encoder(replace(batch, packing=None, **part, **texts))
        states = encoded.text().half().cpu().numpy()
        own = {keys[row]: states[place, : lengths[row]].copy() for place, row in enumerate(rows)}
        for key, found in own.items():
            if found.nbytes <= self._left:
                self._left -= found.nbytes
                self._states[key] = found
        return own
