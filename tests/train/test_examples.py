"""From a cache to batches: every row with its own text, its own regions and its own labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.cache import open_features, read_json, write_json
from xstilts.errors import DataError
from xstilts.train.examples import Examples, open_examples


def of_task(examples: Examples, task: str) -> np.ndarray:
    """A task's rows, shuffled."""
    return np.random.default_rng(0).permutation(np.flatnonzero(examples.tasks == task))


@pytest.mark.parametrize("task", ["looks", "follows", "finds"])
def test_a_batch_holds_what_the_cache_holds(task: str, rows: Examples) -> None:
    written, chosen = rows.table.to_pylist(), of_task(rows, task)[:9]
    batch = rows.batch(chosen)
    assert batch.task == task
    assert batch.ids == [written[row]["id"] for row in chosen]
    for i, row in enumerate(chosen):
        assert batch.input_ids[i][batch.text_mask[i]].tolist() == written[row]["input_ids"]
        assert not batch.text_mask[i, len(written[row]["input_ids"]) :].any()
        for name in ("label", "start", "end"):
            assert int(getattr(batch, name)[i]) == written[row][name]
    assert batch.text_mask.any(0).all()  # no wider than its longest text
    assert batch.label.dtype == batch.input_ids.dtype == torch.int64


def test_every_row_gets_the_regions_of_its_image(rows: Examples, tiny_features: dict[str, str]) -> None:
    features, written, chosen = (
        open_features(Path(tiny_features["path"])),
        rows.table.to_pylist(),
        of_task(rows, "looks"),
    )
    batch = rows.batch(chosen)
    assert batch.features.dtype == batch.boxes.dtype == torch.float32
    assert batch.region_mask.any(0).all()
    for i, row in enumerate(chosen):
        where = features.regions(written[row]["image"])
        for found, source in ((batch.features, features.vectors), (batch.boxes, features.boxes)):
            np.testing.assert_array_equal(found[i][batch.region_mask[i]].numpy(), source[where].astype(np.float32))
        assert rows.visual_lengths[row] == 4 * batch.region_mask[i].sum()


def test_texts_without_pictures_have_no_regions(rows: Examples) -> None:
    batch = rows.batch(of_task(rows, "finds"))
    assert batch.features.shape[1] == batch.boxes.shape[1] == batch.region_mask.shape[1] == 0


def test_masked_examples_have_no_pictures_but_all_the_rest(learn: Path, rows: Examples) -> None:
    blind, chosen = open_examples(learn, "train", masked=True), of_task(rows, "looks")
    batch, seen = blind.batch(chosen), rows.batch(chosen)
    assert seen.region_mask.any()
    assert batch.features.shape[1] == 0
    assert not blind.visual_lengths.any()
    assert torch.equal(batch.input_ids, seen.input_ids)
    assert torch.equal(batch.label, seen.label)


def test_a_part_of_a_table_and_an_empty_one(rows: Examples) -> None:
    """Arrow's slices keep the whole buffer behind them."""
    part = Examples(rows.table.slice(3, 5), rows.card)
    assert part.batch(np.array([1, 0])).ids == [rows.ids[4], rows.ids[3]]
    assert torch.equal(part.batch(np.array([1])).input_ids, rows.batch(np.array([4])).input_ids)
    assert len(Examples(rows.table.slice(0, 0), rows.card)) == 0


def test_other_features_than_the_caches_are_refused(tiny: Any, learn: Path, tmp_path: Path) -> None:
    card = read_json(learn / "card.json")
    card["tasks"]["looks"]["features"]["sha256"] = "0" * 64
    write_json(tmp_path / "card.json", card)
    (tmp_path / "dev.arrow").symlink_to(learn / "dev.arrow")
    with pytest.raises(DataError, match="features: found features"):
        open_examples(tmp_path, "dev")


def test_a_missing_cache_is_named(tmp_path: Path, learn: Path) -> None:
    with pytest.raises(DataError, match=r"train\.arrow: found no such file"):
        open_examples(tmp_path, "train")
