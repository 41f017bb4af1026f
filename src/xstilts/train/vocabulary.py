"""Which word embeddings a run needs: those of its own rows, so that no task's vocabulary is an input of another's."""

from __future__ import annotations

import numpy as np

from xstilts.train.examples import Examples


def used_ids(*parts: Examples) -> np.ndarray | None:
    """The ids of all tokens in some splits, int64, ascending; None: any id may be needed.

    A task of masked language modelling draws tokens from the whole vocabulary, and predicts over it.
    """
    if any(entry["kind"] == "mlm" for part in parts for entry in part.card["tasks"].values()):
        return None
    return np.unique(np.concatenate([part.lists["input_ids"].values for part in parts])).astype(np.int64)
