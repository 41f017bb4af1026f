"""Which tokens are hidden: the same for any batching, 15 %, 80/10/10, and never a special token."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.errors import DataError
from xstilts.train.examples import Examples, open_examples
from xstilts.train.masking import Masking, read_masking


@pytest.fixture
def masking() -> Masking:
    """Of a vocabulary of 1000 tokens; 0, 1, 2 and 999 are special."""
    return Masking(seed=0, mask=999, ordinary=np.arange(3, 999))


@pytest.fixture(scope="session")
def texts(every_kind: Path, public: Path) -> Examples:
    return open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))


def test_fifteen_in_a_hundred_of_which_eight_in_ten_become_the_mask(masking: Masking) -> None:
    tokens = np.concatenate([[0], np.random.default_rng(1).integers(3, 999, 400), [2]])
    hidden = masked = kept = 0
    for row in range(200):
        inputs, labels = masking.hide(tokens, row, 1)
        where = labels >= 0
        assert where.sum() == 60  # 15 % of 400
        assert not where[[0, -1]].any()
        assert (labels[where] == tokens[where]).all()
        assert (inputs[~where] == tokens[~where]).all()
        hidden += int(where.sum())
        masked += int((inputs[where] == 999).sum())
        kept += int((inputs[where] == tokens[where]).sum())
        assert np.isin(inputs[where], [*masking.ordinary, 999]).all()
    assert masked / hidden == pytest.approx(0.8, abs=0.015)
    assert kept / hidden == pytest.approx(0.1, abs=0.015)  # a random token is the same one once in a thousand times


def test_every_token_of_the_text_and_of_the_vocabulary_has_its_turn(masking: Masking) -> None:
    tokens = np.array([0, 5, 6, 7, 8, 9, 10, 2])
    found, drawn = np.zeros(8), set()
    for row in range(3000):
        inputs, labels = masking.hide(tokens, row, 1)
        found += labels >= 0
        drawn |= set(inputs.tolist())
    assert found.sum() == 3000  # at least one, and of six tokens no more
    assert found[1:7].min() > 400
    assert len(drawn) > 200


def test_seed_update_and_row_decide_and_nothing_else(masking: Masking) -> None:
    tokens = np.arange(3, 103)
    first = masking.hide(tokens, 5, 2)
    for other in (
        masking.hide(tokens, 6, 2),
        masking.hide(tokens, 5, 3),
        Masking(1, 999, masking.ordinary).hide(tokens, 5, 2),
    ):
        assert (other[1] != first[1]).any()
    np.random.seed(3)
    again = masking.hide(tokens, 5, 2)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert (tokens == np.arange(3, 103)).all()  # the cache's own tokens stay


@pytest.mark.parametrize("tokens", [[0, 2], [0], [0, 999, 1, 2]])
def test_a_text_of_special_tokens_stays_as_it_is(tokens: list[int], masking: Masking) -> None:
    inputs, labels = masking.hide(np.array(tokens), 0, 1)
    assert inputs.tolist() == tokens
    assert (labels == -1).all()


@pytest.mark.parametrize("update", [0, 1, 7])
def test_the_masks_are_the_same_for_any_batching(update: int, texts: Examples) -> None:
    rows = np.flatnonzero(texts.tasks == "fills")
    written, found = texts.table.to_pylist(), {}
    for batches in ([rows], np.array_split(rows[::-1], 5), [rows[i : i + 1] for i in range(len(rows))]):
        for part in batches:
            batch = texts.batch(part, update)
            assert batch.labels is not None
            for row, inputs, labels, mask in zip(part, batch.input_ids, batch.labels, batch.text_mask, strict=True):
                one = inputs[mask].tolist(), labels[mask].tolist()
                assert found.setdefault(row, one) == one
                restored = [label if label >= 0 else token for token, label in zip(*one, strict=True)]
                assert restored == written[row]["input_ids"]
                assert (labels[~mask] == -1).all()
    assert len(found) == len(rows) == 24


def test_updates_hide_other_tokens_and_dev_always_the_same(texts: Examples) -> None:
    rows = np.flatnonzero(texts.tasks == "fills")
    labels = [texts.batch(rows, update).labels for update in (0, 0, 1, 2)]
    assert labels[0].equal(labels[1])
    assert not labels[1].equal(labels[2])
    assert not labels[2].equal(labels[3])
    assert texts.batch(rows).labels.equal(labels[0])


def test_the_special_tokens_of_an_encoder(tiny: Any, public: Path) -> None:
    found = read_masking(public / "encoder", 4)
    assert found.seed == 4
    assert tiny.WORDS[found.mask] == tiny.MASK
    assert found.ordinary.tolist() == list(range(len(tiny.SPECIAL), len(tiny.WORDS) - 1))


Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def encoder(tiny: Any, tmp_path: Path) -> Path:
    """A copy of an encoder's directory, to be edited."""
    return Path(type(tiny)(tmp_path).public()) / "encoder"


def edit(path: Path, change: Edit) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("named", ["sky", {"content": "sky", "lstrip": True}])
def test_the_mask_token_that_the_tokenizer_names(named: Any, tiny: Any, encoder: Path) -> None:
    (encoder / "tokenizer_config.json").write_text(json.dumps({"mask_token": named}))
    found = read_masking(encoder, 0)
    assert tiny.WORDS[found.mask] == "sky"
    assert found.mask not in found.ordinary


def test_special_tokens_that_only_the_config_knows(tiny: Any, encoder: Path) -> None:
    """A tokenizer.json need not mark its special tokens."""
    edit(encoder / "tokenizer.json", lambda content: [token.update(special=False) for token in content["added_tokens"]])
    found = read_masking(encoder, 0)
    assert not {0, 1, 2, found.mask} & set(found.ordinary.tolist())


def test_no_token_that_has_no_embedding_is_drawn(encoder: Path) -> None:
    edit(encoder / "config.json", lambda content: content.update(vocab_size=10))
    assert read_masking(encoder, 0).ordinary.max() == 9


def test_an_encoder_without_a_mask_token_is_a_sentence(tiny: Any, encoder: Path) -> None:
    text = (encoder / "tokenizer.json").read_text()
    (encoder / "tokenizer.json").write_text(text.replace(tiny.MASK, "<other>"))
    with pytest.raises(DataError, match=r"tokenizer\.json: found no mask token, expected one, such as <mask> or"):
        read_masking(encoder, 0)


def test_a_text_to_be_filled_needs_a_masking(every_kind: Path) -> None:
    rows = open_examples(every_kind, "dev")
    with pytest.raises(ValueError, match="fills: its texts cannot be read without a masking"):
        rows.batch(np.flatnonzero(rows.tasks == "fills"))
