"""Answers of a trained model to questions about a picture, or from clues."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xstilts.base.cache import BOX
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.images import FORMATS, decode
from xstilts.base.picture_files import read_file
from xstilts.features.extract import describe
from xstilts.features.regions import components
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import VisionEncoder, load_vision
from xstilts.model.batch import Batch
from xstilts.predict.opened import TODO, Opened

MAGIC = (b"GIF8", b"BM")  # how pictures may begin that have no zero byte early on
UNSURE = 0.5  # a likeliest answer with a lower probability is said to be unsure
DRAWN = "pictograms"  # the data of a model that saw the embedded world alone
Pixels = NDArray[np.uint8]
Seen = tuple[Tensor, Tensor]  # features [regions, dim] and boxes [regions, 7] of a picture
Ranked = list[tuple[str, float]]  # answers with their probabilities, best first


class AnsweringModel:
    """A visual question answering model, opened once.

    Raises:
        DataError: the model answers no questions, or needs what this class does not give it.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened, self.model = opened, opened.model
        self.task = opened.task("vqa", "one that answers questions")
        self.card = self.model.cards[self.task]

    def ranked(self, batch: Batch) -> Ranked:
        """Every answer of the vocabulary with its probability, best first, of a batch of one question."""
        with torch.inference_mode():
            chances = self.model.logits(batch).softmax(-1)[0].tolist()
        return sorted(zip(self.card["labels"], chances, strict=True), key=lambda pair: -pair[1])


class PictureModel(AnsweringModel):
    """One that reads pictures."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        if self.task in self.model.inputs:
            raise DataError(opened.place, None, "a model of published features", "one that reads pictures", TODO)
        if self.card["features"] is None:
            found, todo = "a model that was trained without pictures", "give clues instead of a picture, or " + TODO
            raise DataError(opened.place, None, found, "one that reads pictures", todo)

    def look(self, pixels: Pixels) -> Seen:
        """Features and boxes of a picture, RGB `[height, width, 3]`."""
        return see(pixels, self.opened.vision, self.opened.settings)

    def answer(self, question: str, seen: Seen) -> Ranked:
        """The answers to a question, in any language, about a picture that was looked at."""
        batch = one_question(self.task, self.opened.tokenizer.encode(question).ids, *seen)
        return self.ranked(replace(batch, tokens_per_region=self.opened.settings.tokens))

    def doubts(self, pixels: Pixels) -> list[str]:
        """What speaks against trusting any answer about a picture."""
        if self.card.get("data") != DRAWN or len(components(pixels)):
            return []
        return [
            "the picture is no drawing on a plain canvas; the model saw drawn scenes alone, so its answer means nothing"
        ]


class ClueModel(AnsweringModel):
    """One that reads clues in English in place of a picture, such as those of the target `xgqa_clues`."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        if self.card["features"] is not None:
            todo = "give a picture, or choose the target xgqa_clues"
            raise DataError(opened.place, None, "a model that reads pictures", "one that reads clues", todo)

    def answer(self, question: str, clues: str) -> Ranked:
        """The answers to a question, in any language, from clues."""
        nothing, tokenizer = torch.zeros(0, BOX), self.opened.tokenizer
        batch = one_question(self.task, tokenizer.encode(question, clues).ids, nothing, nothing)
        asked = torch.arange(batch.input_ids.shape[1]) < len(tokenizer.encode(question).ids)
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


def read_picture(image: Path) -> Pixels:
    """The pixels of a picture file, RGB `[height, width, 3]`; `DataError` if it is none."""
    content = read_file(image)
    if content and not content.startswith(MAGIC) and b"\0" not in content[:4096]:
        expected, todo = f"a picture ({', '.join(FORMATS)})", "give the path of one with --image"
        raise DataError(image, None, "a text file", expected, todo)
    return decode(content, image)


def look(image: Path, folder: Path, settings: FeatureSettings) -> Seen:
    """Features and boxes of a picture file, as `see` makes them.

    Args:
        folder: phase 0, or an export; its folder `vision` is read.
    """
    return see(read_picture(image), load_vision(folder / "vision"), settings)


def see(pixels: Pixels, vision: VisionEncoder, settings: FeatureSettings) -> Seen:
    """Features `[regions, dim]` and boxes `[regions, 7]` of a picture, made as the `features` stage makes them."""
    (boxes,), vectors = describe([pixels], vision, settings)
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
