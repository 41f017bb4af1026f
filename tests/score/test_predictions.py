"""Predictions: every question's own answer in its own place, whatever it was batched with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.model.checkpoint import load_model
from xstilts.model.multitask import MultitaskModel
from xstilts.score.predictions import Answers, answer_all, prediction_table
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples, open_examples


@pytest.fixture(scope="module")
def model(public: Path, checkpoint: Path) -> MultitaskModel:
    return load_model(public, checkpoint)


@torch.inference_mode()
def chances(model: MultitaskModel, questions: Examples) -> list[np.ndarray]:
    """The probability of every label, one question at a time."""
    return [model.logits(questions.batch(np.array([row]))).softmax(-1)[0].numpy() for row in range(len(questions))]


SIZES = [(8192, 512), (60, 64), (10**6, 7), (1, 1)]


@pytest.mark.parametrize(("budget", "size"), SIZES)
def test_answers_stand_in_the_rows_own_order(
    budget: int, size: int, model: MultitaskModel, questions: Examples, settings: ScoreSettings
) -> None:
    expected = np.stack(chances(model, questions))
    assert len(set(expected.argmax(1))) > 1
    found = answer_all(model, questions, replace(settings, token_budget=budget, batch_size=size), "test")
    np.testing.assert_array_equal(found.labels[:, 0], expected.argmax(1))
    np.testing.assert_allclose(found.probabilities, np.take_along_axis(expected, found.labels, 1), atol=1e-5)


@pytest.mark.parametrize("task", ["picks", "points"])
@pytest.mark.parametrize(("budget", "size"), SIZES)
def test_a_question_is_answered_with_its_own_choices(
    budget: int,
    size: int,
    task: str,
    public: Path,
    make_cache: Callable[..., Path],
    untrained: Callable[[Path], Path],
    settings: ScoreSettings,
) -> None:
    """Questions have two to four choices; one with fewer than the others ends in -1 and 0."""
    cache = make_cache(task)
    model, examples = load_model(public, untrained(cache)), open_examples(cache, "test")
    expected, choices = chances(model, examples), examples.table["answers"].to_pylist()
    found = answer_all(model, examples, replace(settings, token_budget=budget, batch_size=size), "test")
    assert found.labels.shape == (len(examples), 4)
    assert {len(own) for own in choices} == {2, 3, 4}
    assert len({int(own.argmax()) for own in expected}) > 1
    for own, labels, probabilities in zip(expected, found.labels, found.probabilities, strict=True):
        count = len(own)
        assert sorted(labels[:count].tolist()) == list(range(count))
        np.testing.assert_allclose(own[labels[:count]], np.sort(own)[::-1], atol=1e-5)  # two may have the same text
        np.testing.assert_allclose(probabilities[:count], np.sort(own)[::-1], atol=1e-5)
        assert (labels[count:] == -1).all()
        assert (probabilities[count:] == 0).all()
    for row, own, best in zip(prediction_table(examples, {"shown": found}).to_pylist(), choices, expected, strict=True):
        assert row["prediction"] == own[best.argmax()]
        assert sorted(row["top"]) == sorted(own)
        assert len(row["probability"]) == len(own)
        assert row["golds"] == [row["gold"]]


@pytest.mark.parametrize("top", [1, 2, 50])
def test_the_top_answers_are_the_best_and_sorted(
    top: int, tiny: Any, model: MultitaskModel, questions: Examples, settings: ScoreSettings
) -> None:
    found, kept = answer_all(model, questions, replace(settings, top=top), "test"), min(top, len(tiny.ANSWERS))
    assert found.labels.shape == found.probabilities.shape == (len(questions), kept)
    assert (np.diff(found.probabilities, axis=1) <= 0).all()
    assert (found.probabilities > 0).all()
    sums = found.probabilities.sum(1)
    assert (sums <= 1 + 1e-5).all()
    assert (kept < len(tiny.ANSWERS)) == bool((sums < 1 - 1e-5).all())
    assert all(len(set(labels)) == kept for labels in found.labels)


def test_a_table_of_predictions(tiny: Any, questions: Examples, question_rows: list[dict[str, Any]]) -> None:
    random = np.random.default_rng(0)
    count, labels = len(questions), list(tiny.ANSWERS)
    ranks = np.argsort(random.random((count, len(labels))), axis=1)[:, :3]
    shown = Answers(ranks, random.random((count, 3), dtype=np.float32))
    blind, shuffled = (Answers(other, shown.probabilities) for other in (ranks[::-1], np.roll(ranks, 1, axis=0)))
    table = prediction_table(questions, {"shown": shown, "blind": blind, "shuffled": shuffled})
    text, texts, numbers = pa.string(), pa.list_(pa.string()), pa.list_(pa.float32())
    kept = ("id", "image_id", "language", "structural", "semantic")
    expected = [*((name, text) for name in (*kept, "gold")), ("golds", texts), ("gold_scores", numbers)]
    expected += [("prediction", text), ("top", texts), ("probability", numbers), ("blind", text), ("shuffled", text)]
    assert [(field.name, field.type) for field in table.schema] == expected
    for i, (row, written) in enumerate(zip(table.to_pylist(), question_rows, strict=True)):
        assert {name: row[name] for name in kept} == {name: written[name] for name in kept}
        assert (row["gold"], row["golds"], row["gold_scores"]) == (written["answer"], [written["answer"]], [])
        assert row["top"] == [labels[rank] for rank in ranks[i]]
        assert row["prediction"] == row["top"][0]
        assert row["probability"] == shown.probabilities[i].tolist()
        assert row["blind"] == labels[ranks[count - 1 - i, 0]]
        assert row["shuffled"] == labels[ranks[i - 1, 0]]
