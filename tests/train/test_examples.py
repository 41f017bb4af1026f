"""From a cache to batches: every row with its own text, its own regions and its own labels."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.base.cache import ROW, open_features
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.model.encoder import load_public
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


def test_blind_examples_have_no_pictures_but_all_the_rest(learn: Path, rows: Examples) -> None:
    blind, chosen = open_examples(learn, "train", pictures="blind"), of_task(rows, "looks")
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


@pytest.fixture(scope="session")
def everything(every_kind: Path) -> Examples:
    return open_examples(every_kind, "train")


@pytest.mark.parametrize("task", ["picks", "points"])
def test_choices_stand_one_after_the_other(task: str, everything: Examples) -> None:
    """What an example lacks is one token, which nobody scores; lengths count what a row fills in a batch."""
    written, chosen = everything.table.to_pylist(), of_task(everything, task)
    batch = everything.batch(chosen)
    assert batch.choice_mask is not None
    assert {len(written[row]["lengths"]) for row in chosen} == {2, 3, 4}
    assert batch.choices == batch.choice_mask.shape[1] == 4
    assert len(batch.input_ids) == len(batch.text_mask) == len(batch.features) == 4 * len(chosen)
    sequences = [ids[mask].tolist() for ids, mask in zip(batch.input_ids, batch.text_mask, strict=True)]
    for i, row in enumerate(chosen):
        lengths, own = written[row]["lengths"], sequences[4 * i : 4 * (i + 1)]
        there = own[: len(lengths)]
        assert [len(one) for one in there] == lengths
        assert [token for one in there for token in one] == written[row]["input_ids"]
        assert own[len(lengths) :] == [[0]] * (4 - len(lengths))
        assert batch.choice_mask[i].tolist() == [True] * len(lengths) + [False] * (4 - len(lengths))
        assert everything.text_lengths[row] == len(lengths) * max(lengths)
        regions = int(batch.region_mask[4 * i].sum())
        assert everything.visual_lengths[row] == 4 * regions * len(lengths)
        assert everything.tokens[row] == sum(lengths) + 4 * regions * len(lengths)


def test_tags_stand_at_their_tokens(everything: Examples) -> None:
    written, chosen = everything.table.to_pylist(), of_task(everything, "tags")
    batch = everything.batch(chosen)
    assert batch.labels is not None
    assert batch.labels.shape == batch.input_ids.shape
    assert batch.labels.dtype == torch.int64
    for i, row in enumerate(chosen):
        assert batch.labels[i][batch.text_mask[i]].tolist() == written[row]["labels"]
        assert (batch.labels[i][~batch.text_mask[i]] == -1).all()


def test_answers_with_scores_are_one_row_of_the_vocabulary(everything: Examples, tiny: Any) -> None:
    written, chosen = everything.table.to_pylist(), of_task(everything, "votes")
    batch = everything.batch(chosen)
    assert batch.soft is not None
    assert batch.soft.shape == (len(chosen), len(tiny.ANSWERS))
    for i, row in enumerate(chosen):
        pairs = dict(zip(written[row]["labels"], written[row]["scores"], strict=True))
        expected = [pairs.get(label, 0.0) for label in range(len(tiny.ANSWERS))]
        np.testing.assert_allclose(batch.soft[i].numpy(), expected)
    assert everything.batch(of_task(everything, "looks")).soft is None


def test_a_row_without_scores_among_others_has_one_right_answer(everything: Examples) -> None:
    chosen = of_task(everything, "votes")[:6]
    rows = everything.table.take(chosen).to_pylist()
    rows[0].update(label=2, labels=[], scores=[], answers=[])
    rows[1].update(label=-1, labels=[], scores=[], answers=[])
    batch = Examples(pa.Table.from_pylist(rows, ROW), everything.card).batch(np.arange(6))
    assert batch.soft is not None
    assert batch.soft[:2].tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]


def test_a_batch_knows_its_rows_and_what_its_kind_has(everything: Examples) -> None:
    has = {"choice": "choice_mask", "span": "context_mask", "tagging": "labels"}
    for task in ("looks", "compares", "doubts", "tags", "picks", "matches"):
        chosen = of_task(everything, task)[:5]
        batch = everything.batch(chosen)
        assert batch.rows.tolist() == chosen.tolist()
        for kind, name in has.items():
            assert (getattr(batch, name) is not None) == (everything.kind(task) == kind)
        moved = batch.to(torch.device("meta"))
        assert moved.rows is batch.rows
        tensors = [one.name for one in fields(batch) if isinstance(getattr(batch, one.name), torch.Tensor)]
        assert len(tensors) > 7
        assert all(getattr(moved, name).is_meta for name in tensors)


def test_texts_to_search_for_are_read_like_others(tiny: Any, public: Path, tmp_path: Path) -> None:
    """A retrieval cache has no head: its encoder is asked for every layer."""
    rows = tiny.rows("searches", 6)
    examples = open_examples(tiny.cache("searches-test", {"test": rows}, {}), "test")
    batch = examples.batch(np.arange(6))
    assert [ids[mask].tolist() for ids, mask in zip(batch.input_ids, batch.text_mask, strict=True)] == [
        row["input_ids"] for row in rows
    ]
    assert len(load_public(public).all_layers(batch)) == 3


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
