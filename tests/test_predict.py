"""A question about a picture is answered as the same question in a cache would be."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.cache import open_features
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.export import export_model
from xstilts.features.settings import feature_settings
from xstilts.model.checkpoint import load_model, save_checkpoint, trained_weights
from xstilts.predict.answers import ClueModel, PictureModel, read_picture
from xstilts.predict.opened import open_checkpoint, open_export
from xstilts.train.examples import open_examples
from xstilts.train.phase import fresh_model


def untrained(directory: Path, public: Path, cache: Path) -> Path:
    """A checkpoint for the tasks of a cache."""
    directory.mkdir()
    torch.manual_seed(0)
    model = fresh_model(public, None, read_json(cache / "card.json")["tasks"])
    save_checkpoint(directory, trained_weights(model), {"tasks": model.cards, "training": None})
    return directory


def ask_nothing(tmp_path: Path, public: Path, cache: Path) -> list[tuple[str, float]]:
    model = PictureModel(open_checkpoint(untrained(tmp_path / "checkpoint", public, cache), public))
    return model.answer("what ?", model.look(read_picture(tmp_path / "picture.png")))


@torch.inference_mode()
def test_the_same_answer_as_in_a_cache(tiny: Any, tiny_features: dict[str, str], public: Path, tmp_path: Path) -> None:
    words = "what is the cat"
    token_ids = tiny.tokenizer().encode(words).ids
    cache = tiny.cache(
        "asked", {"test": [{**tiny.rows("looks", 1)[0], "image": 2, "input_ids": token_ids}]}, tiny_features
    )
    features = open_features(Path(tiny_features["path"]))
    where = features.regions(2)
    seen = torch.from_numpy(features.vectors[where].astype(np.float32)), torch.from_numpy(features.boxes[where].copy())
    checkpoint = untrained(tmp_path / "checkpoint", public, cache)
    found = PictureModel(open_checkpoint(checkpoint, public)).answer(words, seen)
    batch = open_examples(cache, "test").batch(np.array([0]))
    expected = load_model(public, checkpoint).logits(batch).softmax(-1)[0]
    assert [text for text, _ in found] == [tiny.ANSWERS[i] for i in expected.argsort(descending=True)]
    assert [chance for _, chance in found] == pytest.approx(expected.sort(descending=True).values.tolist(), abs=1e-6)


@torch.inference_mode()
def test_from_clues_the_same_answer_as_in_a_cache(
    tiny: Any, tiny_features: dict[str, str], public: Path, tmp_path: Path
) -> None:
    question, clues = "what is the cat", "the red dog is left"
    ids = tiny.tokenizer().encode(question, clues).ids
    row = {**tiny.rows("looks", 1)[0], "image": -1, "input_ids": ids}
    row["question"] = len(tiny.tokenizer().encode(question).ids)
    cache = tiny.cache("asked-clues", {"test": [row]}, tiny_features)
    card = read_json(cache / "card.json")
    card["tasks"]["looks"]["features"] = None
    write_json(cache / "card.json", card)
    checkpoint = untrained(tmp_path / "checkpoint", public, cache)
    found = ClueModel(open_checkpoint(checkpoint, public)).answer(question, clues)
    expected = load_model(public, checkpoint).logits(open_examples(cache, "test").batch(np.array([0]))).softmax(-1)[0]
    assert [text for text, _ in found] == [tiny.ANSWERS[i] for i in expected.argsort(descending=True)]
    with pytest.raises(DataError, match="found a model that was trained without pictures"):
        PictureModel(open_checkpoint(checkpoint, public))


def test_models_that_answer_no_questions_about_pictures(
    tiny: Any, tiny_features: dict[str, str], public: Path, tmp_path: Path
) -> None:
    texts = tiny.cache("asked-texts", {"test": tiny.rows("follows", 3)}, tiny_features)
    with pytest.raises(DataError, match="found a classification model, expected one that answers questions"):
        ask_nothing(tmp_path, public, texts)


def test_models_of_features_without_pictures(tiny: Any, public: Path, tmp_path: Path) -> None:
    wide = tiny.features("wide-asked", np.random.default_rng(0).normal(size=(sum(tiny.REGIONS), 2 * tiny.DIM)))
    with pytest.raises(DataError, match="found a model of published features, expected one that reads pictures"):
        ask_nothing(tmp_path, public, tiny.cache("asked-wide", {"test": tiny.rows("looks", 3)}, wide))


def test_an_encoder_that_was_only_passed_on(public: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {}, {"tasks": {}, "training": None})
    with pytest.raises(DataError, match="found a passed-on model, expected one that answers questions"):
        PictureModel(open_checkpoint(tmp_path, public))


def test_a_photograph_before_a_model_of_drawings_is_said(
    tiny: Any, tiny_features: dict[str, str], public: Path, tmp_path: Path
) -> None:
    cache = tiny.cache("doubted", {"test": tiny.rows("looks", 3)}, tiny_features)
    model = PictureModel(open_checkpoint(untrained(tmp_path / "a", public, cache), public))
    drawing, photograph = (
        np.full((64, 64, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8),
    )
    drawing[20:40, 20:40] = (200, 0, 0)
    model.card["data"] = "pictograms"
    assert model.doubts(drawing) == []
    (doubt,) = model.doubts(photograph)
    assert "no drawing on a plain canvas" in doubt
    model.card["data"] = "official"
    assert model.doubts(photograph) == []


@torch.inference_mode()
def test_an_exported_folder_answers_as_its_checkpoint_does(
    tiny: Any, tiny_features: dict[str, str], public: Path, tmp_path: Path
) -> None:
    """Pictures included; and the folder is all that is read."""
    cache = tiny.cache("exported", {"test": tiny.rows("looks", 3)}, tiny_features)
    checkpoint = untrained(tmp_path / "checkpoint", public, cache)
    export_model(checkpoint, public, tmp_path / "out", features=asdict(feature_settings()))
    ours, theirs = PictureModel(open_checkpoint(checkpoint, public)), PictureModel(open_export(tmp_path / "out"))
    features = open_features(Path(tiny_features["path"]))
    where = features.regions(2)
    seen = torch.from_numpy(features.vectors[where].astype(np.float32)), torch.from_numpy(features.boxes[where].copy())
    expected = ours.answer("what is the cat", seen)
    found = theirs.answer("what is the cat", seen)
    assert [text for text, _ in found] == [text for text, _ in expected]
    assert [chance for _, chance in found] == pytest.approx([chance for _, chance in expected], abs=1e-6)
    assert theirs.opened.settings == ours.opened.settings
    with pytest.raises(DataError, match="expected an exported model; name a folder that `xstilts export"):
        open_export(tmp_path)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\0\0")
    with pytest.raises(DataError, match=r"notes.png: found a text file, expected a picture \(PNG, JPEG"):
        read_picture(tmp_path / "notes.png")
    with pytest.raises(DataError, match=r"broken.png: found a broken image"):
        read_picture(tmp_path / "broken.png")
