"""How well captions and images match: a cross-encoder asked about every pair that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.model.multitask import MultitaskModel
from xstilts.score.predictions import each_batch
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples

PAIRS = 1 << 16  # in memory at once


def match_scores(
    model: MultitaskModel,
    table: pa.Table,
    card: dict[str, Any],
    captions: np.ndarray,
    images: np.ndarray,
    wanted: np.ndarray,
    settings: ScoreSettings,
    title: str,
) -> np.ndarray:
    """The logit of "match" less that of "no match": float32 `[captions, images]`, -inf where a pair is not wanted.

    Args:
        table: the test rows; `card`: of their cache.
        captions: a row of the table each; `images`: a row of the feature file each, -1: no picture.
        wanted: bool `[captions, images]`.
    """
    found = np.full(wanted.shape, -np.inf, dtype=np.float32)
    for caption, image in _pieces(wanted):
        examples = Examples(_pair_table(table, captions[caption], images[image]), card)
        for rows, _, logits in each_batch(model, examples, settings, title):
            found[caption[rows], image[rows]] = (logits[:, 1] - logits[:, 0]).cpu().numpy()
    return found


def _pieces(wanted: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The wanted pairs, as positions of caption and image, so many at a time that memory stays bounded."""
    caption, image = np.nonzero(wanted)
    for start in range(0, len(caption), PAIRS):
        yield caption[start : start + PAIRS], image[start : start + PAIRS]


def _pair_table(table: pa.Table, rows: np.ndarray, images: np.ndarray) -> pa.Table:
    """The rows with other images."""
    taken, place = table.take(pa.array(rows)), table.schema.get_field_index("image")
    return taken.set_column(place, table.schema.field(place), pa.array(images, pa.int32()))
