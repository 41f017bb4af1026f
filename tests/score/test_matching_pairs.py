"""Pairwise accuracy: a caption's own image against its hard negatives; ties are shared, so blind is one half."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from xstilts.score.matching import captions_of, pair_table, points_of
from xstilts.score.scoring import SHOWN


@pytest.mark.parametrize(
    ("fits", "points"),
    [([2.0, 1.0], 1.0), ([1.0, 2.0], 0.0), ([1.0, 1.0], 0.5), ([1.0, 1.0, 1.0], 1 / 3), ([0.0, 1.0, 1.0], 0.0)],
)
def test_a_caption_earns_its_share_of_the_best(fits: list[float], points: float) -> None:
    assert points_of(np.array(fits)) == pytest.approx(points)


def table() -> pa.Table:
    return pa.table(
        {
            "id": ["a", "a#1", "a#2", "b", "b#1"],
            "image_id": ["x", "y", "z", "y", "x"],
            "language": ["en"] * 5,
            "label": [1, 0, 0, 1, 0],
        }
    )


def test_a_caption_has_its_own_row_and_those_of_its_negatives() -> None:
    assert [rows.tolist() for rows in captions_of(table())] == [[0, 1, 2], [3, 4]]


def test_the_predictions_rank_the_images_of_each_caption() -> None:
    fits = {SHOWN: np.array([0.1, 0.5, 0.3, 2.0, 1.0], np.float32), "blind": np.zeros(5, np.float32)}
    rows = pair_table(table(), captions_of(table()), fits).to_pylist()
    assert [row["top"] for row in rows] == [["y", "z", "x"], ["y", "x"]]
    assert [row["prediction"] for row in rows] == ["y", "y"]
    assert [row["golds"] for row in rows] == [["x"], ["y"]]
    assert [row["blind"] for row in rows] == ["x", "y"]  # the first of equal ones
    assert rows[0]["similarity"] == pytest.approx([0.5, 0.3, 0.1])
