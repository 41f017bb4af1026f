"""Controls: blind answers know nothing of the pictures, shuffled ones are those to another picture."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.base.files import open_rows, read_json, write_json
from xstilts.model.checkpoint import load_model
from xstilts.score import labels, predictions
from xstilts.score.predictions import answer_all, each_batch, first_of_equal
from xstilts.score.scoring import controls_of
from xstilts.score.settings import ScoreSettings
from xstilts.score.training import KEPT
from xstilts.train.examples import Examples, open_examples

Make = Callable[..., Path]


def test_who_has_controls() -> None:
    assert controls_of({"features": {"path": "data/features/xgqa"}}) == ("blind", "shuffled")
    assert controls_of({"features": None}) == ()


@pytest.mark.parametrize("task", ["looks", "compares", "points", "matches"])
def test_blind_answers_know_nothing_of_the_pictures(
    task: str, tiny: Any, make_cache: Make, untrained: Any, score: Make
) -> None:
    """Other pictures give other answers, but the same blind ones."""
    vectors = np.random.default_rng(7).normal(size=(sum(tiny.REGIONS), tiny.DIM))
    cache = make_cache(task)
    checkpoint, tables = untrained(cache), [None, None]
    for i, features in enumerate(({}, {"features": tiny.features(f"other-{task}", vectors)})):
        one = make_cache(task, **features)
        tables[i] = open_rows(score(one, checkpoint, f"{i}") / "predictions.arrow")
    assert tables[0]["blind"] == tables[1]["blind"]
    assert tables[0]["prediction"] != tables[1]["prediction"]
    assert tables[0]["prediction"] != tables[0]["blind"]
    assert tables[0]["id"] == tables[1]["id"]


@pytest.mark.parametrize("task", ["looks", "compares", "points", "matches"])
def test_blind_answers_are_those_to_rows_without_images(
    task: str, make_cache: Make, untrained: Any, public: Path, settings: ScoreSettings
) -> None:
    cache = make_cache(task)
    model, blind = load_model(public, untrained(cache)), open_examples(cache, "test", pictures="blind")
    rows = blind.table.to_pylist()
    without = make_cache(task, [{**row, "image": -1, "second_image": -1} for row in rows])
    found = [answer_all(model, one, settings, task) for one in (blind, open_examples(without, "test"))]
    np.testing.assert_array_equal(found[0].labels, found[1].labels)
    np.testing.assert_array_equal(found[0].probabilities, found[1].probabilities)


@pytest.mark.parametrize("task", ["looks", "points", "matches"])
def test_shuffled_answers_are_those_to_another_image(
    task: str, make_cache: Make, untrained: Any, public: Path, settings: ScoreSettings
) -> None:
    """The same as scoring rows whose images are really others; every row of an image gets the same other one."""
    cache = make_cache(task)
    model, shuffled = load_model(public, untrained(cache)), open_examples(cache, "test", pictures="shuffled")
    own, other = (np.array(images) for images in (shuffled.table["image"], shuffled.pictures.images[:, 0]))
    assert (own != other).all()
    for language in ("en", "de", "ko"):
        mine = shuffled.languages == language
        exchanged = set(zip(own[mine].tolist(), other[mine].tolist(), strict=True))
        assert len(exchanged) == len(set(own[mine].tolist())) > 2
    rows = [{**row, "image": int(image)} for row, image in zip(shuffled.table.to_pylist(), other, strict=True)]
    answers = [
        answer_all(model, one, dataclasses.replace(settings, batch_size=1), task)
        for one in (shuffled, open_examples(make_cache(task, rows), "test"), open_examples(cache, "test"))
    ]
    np.testing.assert_array_equal(answers[0].labels, answers[1].labels)
    assert (answers[0].probabilities != answers[2].probabilities).any()


def test_controls_are_those_of_the_examples(cache: Path, checkpoint: Path, public: Path, score: Make) -> None:
    """The columns of the predictions are what the same model answers to the examples of each control."""
    settings = ScoreSettings(precision="fp32")
    folder, model = score(cache, checkpoint), load_model(public, checkpoint)
    table = open_rows(folder / "predictions.arrow")
    names = np.array(model.cards["looks"]["labels"], dtype=object)
    columns = {"prediction": "shown", "blind": "blind", "shuffled": "shuffled"}
    for column, pictures in columns.items():
        examples: Examples = open_examples(cache, "test", pictures=pictures)  # type: ignore[arg-type]
        expected = names[answer_all(model, examples, settings, column).labels[:, 0]]
        assert table[column].to_pylist() == expected.tolist()
    assert len({str(table[column].to_pylist()) for column in columns}) == 3


def of_two_pictures(cache: Path) -> list[dict[str, Any]]:
    """The test rows of a cache, each once with image 0 and once with image 1."""
    rows = open_examples(cache, "test").table.to_pylist()
    return [{**row, "image": image, "id": f"{row['id']} {image}"} for row in rows for image in (0, 1)]


@pytest.mark.parametrize("task", ["looks", "compares", "points"])
def test_equal_blind_questions_are_answered_once(
    task: str, make_cache: Make, untrained: Any, public: Path, settings: ScoreSettings
) -> None:
    cache = make_cache(task, of_two_pictures(make_cache(task)))
    model, blind = load_model(public, untrained(cache)), open_examples(cache, "test", pictures="blind")
    first, number = first_of_equal(blind)
    assert 1 < len(first) <= len(blind) / 2
    read = Counter(int(row) for rows, _, _ in each_batch(model, blind, settings, task, first) for row in rows)
    assert read == Counter(first.tolist())
    alone = [model.logits(blind.batch(np.array([row]))).argmax(-1).item() for row in range(len(blind))]
    assert answer_all(model, blind, settings, task).labels[:, 0].tolist() == alone
    for row, own in enumerate(first[number]):
        assert blind.lists["input_ids"][row].tolist() == blind.lists["input_ids"][own].tolist()


def test_answering_equal_rows_once_changes_no_score(
    make_cache: Make, untrained: Any, score: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = make_cache("looks", of_two_pictures(make_cache("looks")))
    checkpoint, scores = untrained(cache), []
    for name, first in (("once", first_of_equal), ("each", lambda rows: (np.arange(len(rows)),) * 2)):
        monkeypatch.setattr(predictions, "first_of_equal", first)
        scores.append(score(cache, checkpoint, name))
    once, each = (open_rows(folder / "predictions.arrow") for folder in scores)
    assert (scores[0] / "scores.json").read_bytes() == (scores[1] / "scores.json").read_bytes()
    assert all(once[column] == each[column] for column in ("prediction", "blind", "shuffled"))


def test_a_model_that_was_trained_blind_answers_once(
    make_cache: Make, untrained: Any, score: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees no picture in any of the three passes, so their answers are those of one."""
    cache, asked = make_cache("looks"), []
    checkpoint = untrained(cache)
    shown = open_rows(score(cache, checkpoint, "shown") / "predictions.arrow")
    card = read_json(checkpoint / "checkpoint.json")
    training = {"settings": {"pictures": "blind"}, **dict.fromkeys(KEPT, 0)}
    write_json(checkpoint / "checkpoint.json", {**card, "training": training})
    monkeypatch.setattr(labels, "answer_all", lambda *given: asked.append(given[-1]) or answer_all(*given))
    blind = open_rows(score(cache, checkpoint, "blind") / "predictions.arrow")
    assert asked == ["looks shown"]
    assert blind["prediction"] == blind["blind"] == blind["shuffled"] == shown["blind"]
    assert blind["prediction"] != shown["prediction"]
