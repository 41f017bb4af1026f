"""Ask a trained model about any picture, or about clues: the one place where both halves of xstilts meet outside of
files.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.cache import BOX
from xstilts.base.errors import DataError, ParameterError
from xstilts.data.picture_files import read_file
from xstilts.features.extract import describe
from xstilts.features.images import decode
from xstilts.features.settings import FeatureSettings, feature_settings
from xstilts.features.vision import load_vision
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_model
from xstilts.model.multitask import MultitaskModel

TODO = "choose another target"


def predict(image: Path, question: str, checkpoint: Path, public: Path) -> list[tuple[str, float]]:
    """Answer a question, in any language, about a picture.

    Args:
        checkpoint: of a visual question answering target, `data/target/<recipe>/<route>-s<seed>/<target>`.
        public: phase 0, `data/public`.

    Returns:
        Every answer of the vocabulary with its probability, best first.

    Raises:
        DataError: the picture cannot be read, or the checkpoint answers no questions about pictures.
    """
    model, task = _load(checkpoint, public)
    if task in model.inputs:
        raise DataError(checkpoint, None, "a model of published features", "one that reads pictures", TODO)
    if model.cards[task]["features"] is None:
        todo = "give clues instead of a picture, or choose another target"
        raise DataError(checkpoint, None, "a model that was trained without pictures", "one that reads pictures", todo)
    settings = feature_settings()
    features, boxes = look(image, public, settings)
    batch = one_question(task, _tokenizer(public).encode(question).ids, features, boxes)
    return _ranked(model, replace(batch, tokens_per_region=settings.tokens))


def predict_from_clues(clues: str, question: str, checkpoint: Path, public: Path) -> list[tuple[str, float]]:
    """Answer a question, in any language, from clues in English, as `predict` does from a picture.

    Args:
        checkpoint: of a target that reads clues, such as `xgqa_clues`.

    Raises:
        DataError: the checkpoint answers no questions, or reads pictures.
    """
    model, task = _load(checkpoint, public)
    if model.cards[task]["features"] is not None:
        todo = "give a picture, or choose the target xgqa_clues"
        raise DataError(checkpoint, None, "a model that reads pictures", "one that reads clues", todo)
    tokenizer, nothing = _tokenizer(public), torch.zeros(0, BOX)
    batch = one_question(task, tokenizer.encode(question, clues).ids, nothing, nothing)
    asked = torch.arange(batch.input_ids.shape[1]) < len(tokenizer.encode(question).ids)
    return _ranked(model, replace(batch, question_mask=asked[None]))


def versions(clues: str, edit: str | None) -> list[str]:
    """The clues, and if there is an edit such as `red=blue`, the clues with that word exchanged.

    Raises:
        ParameterError: no edit of this form, or its word does not occur in the clues.
    """
    if edit is None:
        return [clues]
    old, _, new = (part.strip() for part in edit.partition("="))
    if not old or not new:
        raise ParameterError(f"--edit is '{edit}', expected a word of the clues and another one, such as red=blue")
    changed, number = re.subn(rf"\b{re.escape(old)}\b", lambda _: new, clues)
    if not number:
        raise ParameterError(f"--edit: '{old}' does not occur in the clues '{clues}'")
    return [clues, changed]


def _load(checkpoint: Path, public: Path) -> tuple[MultitaskModel, str]:
    """The model of a checkpoint and the name of its task, which answers questions."""
    model = load_model(public, checkpoint)
    task, card = next(iter(model.cards.items()), ("", {"kind": "passed-on"}))
    if card["kind"] != "vqa":
        raise DataError(checkpoint, None, f"a {card['kind']} model", "one that answers questions", TODO)
    return model, task


def _tokenizer(public: Path) -> Tokenizer:
    return Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))


def _ranked(model: MultitaskModel, batch: Batch) -> list[tuple[str, float]]:
    """The answers to the one question of a batch with their probabilities, best first."""
    with torch.inference_mode():
        chances = model.logits(batch).softmax(-1)[0].tolist()
    return sorted(zip(model.cards[batch.task]["labels"], chances, strict=True), key=lambda pair: -pair[1])


def look(image: Path, public: Path, settings: FeatureSettings) -> tuple[Tensor, Tensor]:
    """Features `[regions, dim]` and boxes `[regions, 7]` of a picture, made as the `features` stage makes them.

    Args:
        public: phase 0, or an export; its folder `vision` is read.
    """
    pixels = decode(read_file(image), image)
    (boxes,), vectors = describe([pixels], load_vision(public / "vision"), settings)
    return torch.from_numpy(vectors.astype(np.float16).astype(np.float32)), torch.from_numpy(boxes)


def one_question(task: str, token_ids: list[int], features: Tensor, boxes: Tensor) -> Batch:
    """A batch of one example, without a label."""
    input_ids, missing = torch.tensor([token_ids]), torch.tensor([-1])
    return Batch(
        task=task,
        ids=["question"],
        input_ids=input_ids,
        text_mask=torch.ones_like(input_ids, dtype=torch.bool),
        features=features[None],
        boxes=boxes[None],
        region_mask=torch.ones(1, len(boxes), dtype=torch.bool),
        label=missing,
        start=missing,
        end=missing,
    )
