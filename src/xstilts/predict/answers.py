"""Answers of a trained model to questions about a picture, or from clues."""

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
from xstilts.features.regions import components
from xstilts.features.settings import FeatureSettings, feature_settings
from xstilts.features.vision import load_vision
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_model
from xstilts.model.multitask import MultitaskModel

TODO = "choose another target"
UNSURE = 0.5  # a likeliest answer with a lower probability is said to be unsure
DRAWN = "pictograms"  # the data of a model that saw the embedded world alone
Seen = tuple[Tensor, Tensor]  # features [regions, dim] and boxes [regions, 7] of a picture
Ranked = list[tuple[str, float]]  # answers with their probabilities, best first


class AnsweringModel:
    """A checkpoint of a visual question answering target, loaded once.

    Args:
        checkpoint: `data/target/<recipe>/<route>-s<seed>/<target>`.
        public: phase 0, `data/public`.

    Raises:
        DataError: the checkpoint answers no questions, or needs what this class does not give it.
    """

    def __init__(self, checkpoint: Path, public: Path) -> None:
        self.checkpoint, self.public = checkpoint, public
        self.model, self.task = load_task(checkpoint, public, "vqa", "one that answers questions")
        self.card = self.model.cards[self.task]
        self.tokenizer = open_tokenizer(public)

    def ranked(self, batch: Batch) -> Ranked:
        """Every answer of the vocabulary with its probability, best first, of a batch of one question."""
        with torch.inference_mode():
            chances = self.model.logits(batch).softmax(-1)[0].tolist()
        return sorted(zip(self.card["labels"], chances, strict=True), key=lambda pair: -pair[1])


class PictureModel(AnsweringModel):
    """One that reads pictures."""

    def __init__(self, checkpoint: Path, public: Path) -> None:
        super().__init__(checkpoint, public)
        if self.task in self.model.inputs:
            raise DataError(checkpoint, None, "a model of published features", "one that reads pictures", TODO)
        if self.card["features"] is None:
            found, todo = "a model that was trained without pictures", "give clues instead of a picture, or " + TODO
            raise DataError(checkpoint, None, found, "one that reads pictures", todo)
        self.settings = feature_settings()

    def look(self, image: Path) -> Seen:
        """Features and boxes of a picture; `DataError` if it cannot be read."""
        return look(image, self.public, self.settings)

    def answer(self, question: str, seen: Seen) -> Ranked:
        """The answers to a question, in any language, about a picture that was looked at."""
        batch = one_question(self.task, self.tokenizer.encode(question).ids, *seen)
        return self.ranked(replace(batch, tokens_per_region=self.settings.tokens))

    def doubts(self, image: Path) -> list[str]:
        """What speaks against trusting any answer about a picture."""
        if self.card.get("data") != DRAWN or len(components(decode(read_file(image), image))):
            return []
        return [
            f"{image} is no drawing on a plain canvas; the model saw drawn scenes alone, so its answer means nothing"
        ]


class ClueModel(AnsweringModel):
    """One that reads clues in English in place of a picture, such as those of the target `xgqa_clues`."""

    def __init__(self, checkpoint: Path, public: Path) -> None:
        super().__init__(checkpoint, public)
        if self.card["features"] is not None:
            todo = "give a picture, or choose the target xgqa_clues"
            raise DataError(checkpoint, None, "a model that reads pictures", "one that reads clues", todo)

    def answer(self, question: str, clues: str) -> Ranked:
        """The answers to a question, in any language, from clues."""
        nothing = torch.zeros(0, BOX)
        batch = one_question(self.task, self.tokenizer.encode(question, clues).ids, nothing, nothing)
        asked = torch.arange(batch.input_ids.shape[1]) < len(self.tokenizer.encode(question).ids)
        return self.ranked(replace(batch, question_mask=asked[None]))


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


def load_task(checkpoint: Path, public: Path, kind: str, expected: str) -> tuple[MultitaskModel, str]:
    """The model of a checkpoint and the name of its task; `DataError` if that is of another kind."""
    model = load_model(public, checkpoint)
    task, card = next(iter(model.cards.items()), ("", {"kind": "passed-on"}))
    if card["kind"] != kind:
        raise DataError(checkpoint, None, f"a {card['kind']} model", expected, TODO)
    return model, task


def open_tokenizer(public: Path) -> Tokenizer:
    """The encoder's tokenizer."""
    return Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))


def look(image: Path, public: Path, settings: FeatureSettings) -> Seen:
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
