"""Tags of words, from the tokens of several windows, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.model.checkpoint import load_model
from xstilts.score.tagging import tag_scores, tag_table
from xstilts.train.examples import open_examples

PATH = Path("test.arrow")
ROWS = [
    {"id": "a", "window": 1, "language": "de", "answers": ["O"]},
    {"id": "a", "window": 0, "language": "de", "answers": ["B-PER", "I-PER"]},
    {"id": "a", "window": 0, "language": "en", "answers": ["O", "B-LOC"]},
    {"id": "b", "window": 0, "language": "en", "answers": ["B-PER"]},
]
TAGS = [["B-LOC"], ["B-PER", "I-PER"], ["O", "B-LOC"], ["O"]]


def test_windows_are_joined_in_their_order() -> None:
    table = tag_table(PATH, pa.Table.from_pylist(ROWS), TAGS)
    assert table.to_pylist() == [
        {"id": "a", "language": "de", "golds": ["B-PER", "I-PER", "O"], "prediction": ["B-PER", "I-PER", "B-LOC"]},
        {"id": "a", "language": "en", "golds": ["O", "B-LOC"], "prediction": ["O", "B-LOC"]},
        {"id": "b", "language": "en", "golds": ["B-PER"], "prediction": ["O"]},
    ]


def test_scores_by_language() -> None:
    """German: one of one entity, and one too many. English: one of two entities, none too many."""
    table = tag_table(PATH, pa.Table.from_pylist(ROWS), TAGS)
    found = tag_scores(table, "f1")
    two_thirds = pytest.approx(2 / 3, abs=1e-6)
    assert found.scores == {
        "f1": {"de": two_thirds, "en": two_thirds},
        "accuracy": {"de": two_thirds, "en": two_thirds},
    }
    assert found.rows == {"de": 1, "en": 2}
    assert list(tag_scores(table, "accuracy").scores) == ["accuracy"]


def test_words_and_tags_must_be_equally_many() -> None:
    with pytest.raises(DataError, match="row 2: found 1 scored tokens, expected 2, one per word"):
        tag_table(PATH, pa.Table.from_pylist(ROWS), [TAGS[0], TAGS[1], ["O"], TAGS[3]])


@torch.inference_mode()
def test_a_words_tag_is_that_of_its_first_token(
    tiny: Any, make_cache: Callable[..., Path], untrained: Any, public: Path, score: Callable[..., Path]
) -> None:
    cache = make_cache("tags")
    checkpoint, examples = untrained(cache), open_examples(cache, "test")
    model = load_model(public, checkpoint)
    found = open_rows(score(cache, checkpoint) / "predictions.arrow").to_pylist()
    later = 0
    for row, (own, labels) in enumerate(zip(found, examples.table["labels"].to_pylist(), strict=True)):
        best = model.logits(examples.batch(np.array([row])))[0].argmax(-1).tolist()
        assert own["prediction"] == [tiny.TAGS[best[place]] for place, label in enumerate(labels) if label >= 0]
        later += sum(label < 0 for label in labels[1:-1])
    assert later > len(found) / 2  # words of several tokens
